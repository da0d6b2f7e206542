"""What goes wrong in one run. Each seed draws its own mixture, so that rare combinations meet each other."""

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

LIST_LAG_SECONDS = 200.0
"""The longest time that a prediction is missing from the provider's list: longer than any search for it."""
STUCK_SECONDS = 60.0
GRACE_SECONDS = 60.0
"""Settings of the services: when a job counts as stuck, and for how long a lost prediction is looked for."""
FAULTY_SECONDS = 150.0
"""Faults happen before this moment of a run; then the world is kind, and everything must come to an end."""
LAST_SECOND = 7200.0
"""By then everything must have come to rest."""

RATES: dict[str, tuple[float, float]] = {
    # name: (how many seeds have it, highest rate per occasion)
    "store.refused": (0.3, 0.08),
    "store.lost": (0.3, 0.08),
    "store.late": (0.3, 0.5),
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
    "http.foreign": (0.2, 0.3),
    "file.5xx": (0.3, 0.5),
    "file.404": (0.3, 0.2),
    "file.broken": (0.3, 0.2),
    "webhook.lost": (0.5, 1.0),
    "webhook.twice": (0.5, 1.0),
    "webhook.late": (0.5, 0.6),
    "webhook.forged": (0.2, 0.5),
    "webhook.unknown_kind": (0.2, 0.5),
    "list.lag": (0.3, 0.8),
    "list.endless": (0.1, 0.5),
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
    "prediction.unknown_status": (0.4, 0.9),
    "prediction.failing": (0.15, 0.7),
    "client.failing": (0.1, 1.0),
    "client.impossible": (0.3, 0.8),
}
CODES = ("RH30", "RH20", "RH12")
"""Colours of every brief."""
BROKEN_BRIEFS = {
    "failing": RuntimeError("a fault that this brief brings to light"),
    "impossible": ValueError("not drawable"),
    "overflowing": OverflowError(34, "Numerical result out of range"),
}
"""Briefs that cannot be served until the code is fixed, and what the stencil service comes upon."""
LETHAL = "lethal"
"""A brief that ends the process of the stencil service each time, until the code is fixed."""
NOTHING_IS_REPORTED = {"http.lost": 0.6, "list.lag": 1.0, "webhook.lost": 1.0}
"""A mixture that seldom comes by itself: answers are lost, and neither webhooks nor the list show what was created."""
REPORTS_ARE_LATE = {"http.lost": 0.3, "list.lag": 1.0, "webhook.lost": 0.3, "webhook.late": 0.6}
"""The same, but webhooks do arrive, some of them as the grace time ends."""
ELECTIONS = {"store.late": 0.3, "prediction.stuck": 0.6}
"""Many a read of the database is late, and predictions run until they are cancelled."""
UNHEARD_OF = {"http.foreign": 0.4, "prediction.unknown_status": 0.9, "prediction.stuck": 0.6}
"""Predictions that run on under statuses of a later API, behind a proxy that answers for itself."""
OUTAGES = (
    "store",
    "objects",
    "broker",
    "http.refused",
    "http.5xx",
    "http.402",
    "http.401",
    "http.429",
    "http.foreign",
    "gateway",
)
SERVICES = ("gateway", "stencil", "predictor", "predictor", "postprocess", "reconciler", "reconciler")


class Window(NamedTuple):
    """Something is away from `start` to `end`, in seconds of the run."""

    what: str
    start: float
    end: float


class Interruption(NamedTuple):
    """At `at`, process number `process` is killed, stopped by SIGTERM, or cut off the broker, for `seconds`."""

    kind: str
    at: float
    process: int
    seconds: float


@dataclass
class Faults:
    """The mixture of one run."""

    rates: dict[str, float]
    windows: list[Window]
    interruptions: list[Interruption]
    latency: float
    lag: float
    poison: int
    foreign_predictions: int
    """Predictions of the account's other users, newer than all of ours, in each answer of the list."""
    peaceful: bool
    wipe_at: float | None
    """When the broker loses its disk."""
    fixed_at: float | None
    """When the faults of our own code are fixed and deployed; None: never, and no operator replays dead letters."""
    replays: list[float]
    """When an operator replays dead letters; once more at the end."""
    operators_deaths: int
    """How often the operator's command dies between the write and the removal of a letter."""

    @classmethod
    def draw(cls, random: Random) -> "Faults":
        """One in ten runs is free of faults, so that the ordinary way stays ordinary."""
        peaceful = random.random() < 0.1
        rates = {
            name: 0.0 if peaceful or random.random() > share else random.uniform(0, highest)
            for name, (share, highest) in RATES.items()
        }
        if not peaceful:
            rates |= random.choices(
                (NOTHING_IS_REPORTED, REPORTS_ARE_LATE, ELECTIONS, UNHEARD_OF, {}), (0.1, 0.1, 0.1, 0.1, 0.6)
            )[0]
        attended = not peaceful and random.random() < 0.6
        windows = []
        for what in OUTAGES if not peaceful else ():
            if random.random() < 0.2:
                start = random.uniform(0, FAULTY_SECONDS - 20)
                windows.append(Window(what, start, min(FAULTY_SECONDS, start + random.uniform(2, 100))))
        interruptions = [
            Interruption(
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
            sorted(interruptions, key=lambda interruption: interruption.at),
            latency=random.choice((0.002, 0.02, 0.3)),
            lag=random.choice((0.0, 0.01, 0.5, 3.0)),
            poison=0 if peaceful else random.choice((0, 0, 1, 4)),
            foreign_predictions=random.choice((0, 0, 0, 12, 35)),
            peaceful=peaceful,
            wipe_at=random.uniform(0, 60) if not peaceful and random.random() < 0.15 else None,
            fixed_at=random.uniform(0, 300) if attended else None,
            replays=sorted(random.uniform(10, 400) for _ in range(random.choice((0, 1, 3)))) if attended else [],
            operators_deaths=random.choice((0, 1, 3)),
        )

    def fixed(self, now: float) -> bool:
        """Whether our own code is free of the faults of this run."""
        return self.fixed_at is not None and now >= self.fixed_at

    def away(self, what: str, now: float) -> bool:
        """Whether it is in one of its outages."""
        return any(window.what == what and window.start <= now < window.end for window in self.windows)
