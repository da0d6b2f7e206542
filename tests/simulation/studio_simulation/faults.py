"""What goes wrong in one run. Each seed draws its own mixture, so that rare combinations meet each other."""

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

FAULTY_SECONDS = 150.0
"""Faults happen before this moment of a run; then the world is kind, and everything must come to an end."""

RATES: dict[str, tuple[float, float]] = {
    # name: (how many seeds have it, highest rate per occasion)
    "store.refused": (0.3, 0.08),
    "store.lost": (0.3, 0.08),
    "objects.refused": (0.3, 0.1),
    "objects.lost": (0.3, 0.1),
    "broker.refused": (0.4, 0.3),
    "broker.lost": (0.4, 0.3),
    "broker.twice": (0.5, 0.5),
    "crash.before": (0.4, 0.03),
    "crash.after": (0.4, 0.03),
    "http.refused": (0.3, 0.15),
    "http.5xx": (0.3, 0.1),
    "http.lost": (0.4, 0.3),
    "http.429": (0.3, 0.3),
    "http.402": (0.1, 0.3),
    "http.slow": (0.4, 0.5),
    "file.5xx": (0.3, 0.5),
    "file.404": (0.3, 0.2),
    "file.broken": (0.3, 0.2),
    "webhook.lost": (0.5, 1.0),
    "webhook.twice": (0.5, 1.0),
    "webhook.late": (0.5, 0.6),
    "webhook.forged": (0.2, 0.5),
    "prediction.fast": (0.5, 0.8),
    "prediction.infrastructure": (0.5, 0.9),
    "prediction.model": (0.3, 0.4),
    "prediction.fewer": (0.3, 0.5),
    "prediction.null": (0.2, 0.3),
    "prediction.empty": (0.2, 0.3),
    "prediction.text": (0.3, 0.5),
    "prediction.aborted": (0.2, 0.3),
    "prediction.by_hand": (0.2, 0.3),
    "prediction.stuck": (0.3, 0.4),
    "client.cursed": (0.1, 1.0),
    "client.impossible": (0.3, 0.8),
}
OUTAGES = ("store", "objects", "broker", "http.refused", "http.5xx", "http.402", "http.401", "http.429", "gateway")
SERVICES = ("gateway", "stencil", "predictor", "predictor", "postprocess", "reconciler", "reconciler")


class Window(NamedTuple):
    """Something is away from `start` to `end`, in seconds of the run."""

    what: str
    start: float
    end: float


class Blow(NamedTuple):
    """At `at`, process number `process` is killed, told to stop, or cut off the broker, for `seconds`."""

    kind: str
    at: float
    process: int
    seconds: float


@dataclass
class Faults:
    """The mixture of one run."""

    rates: dict[str, float]
    windows: list[Window]
    blows: list[Blow]
    latency: float
    lag: float
    poison: int
    peaceful: bool
    wipe_at: float | None
    """When the broker loses its disk."""

    @classmethod
    def draw(cls, random: Random) -> "Faults":
        """One in ten runs is free of faults, so that the ordinary way stays ordinary."""
        peaceful = random.random() < 0.1
        rates = {
            name: 0.0 if peaceful or random.random() > share else random.uniform(0, highest)
            for name, (share, highest) in RATES.items()
        }
        windows = []
        for what in OUTAGES if not peaceful else ():
            if random.random() < 0.2:
                start = random.uniform(0, FAULTY_SECONDS - 20)
                windows.append(Window(what, start, min(FAULTY_SECONDS, start + random.uniform(2, 100))))
        blows = [
            Blow(
                random.choice(("kill", "kill", "kill", "stop", "cut")),
                random.expovariate(1 / 30),
                random.randrange(len(SERVICES)),
                random.uniform(0.5, 25),
            )
            for _ in range(0 if peaceful else random.choice((0, 1, 3, 8)))
        ]
        return cls(
            rates,
            windows,
            sorted(blows, key=lambda blow: blow.at),
            latency=random.choice((0.002, 0.02, 0.3)),
            lag=random.choice((0.0, 0.01, 0.5, 3.0)),
            poison=0 if peaceful else random.choice((0, 0, 1, 4)),
            peaceful=peaceful,
            wipe_at=random.uniform(0, 60) if not peaceful and random.random() < 0.15 else None,
        )

    def away(self, what: str, now: float) -> bool:
        """Whether it is in one of its outages."""
        return any(window.what == what and window.start <= now < window.end for window in self.windows)
