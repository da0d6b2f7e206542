"""Kills services at random and at failpoints, and disturbs the broker, the database and the connection between.

One seed gives each service its order of deaths and the infrastructure its order of faults. How these interleave depends
on the machine.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence

from studio_chaos.fleet import Fleet
from studio_chaos.load_generator import LoadGenerator
from studio_chaos.proxy import Proxy
from studio_contracts.services import SERVICES

KILL = ""


class Nemesis:
    """`rounds` of failpoints of each service, a random kill of each, and each fault of the infrastructure.

    A round has all failpoints, or `failpoints` of each service, drawn by the seed.
    """

    def __init__(
        self, fleet: Fleet, proxy: Proxy, load: LoadGenerator, seed: int, *, rounds: int, failpoints: int | None = None
    ) -> None:
        self.diary: list[str] = []
        self._fleet = fleet
        self._proxy = proxy
        self._load = load
        self._seed = seed
        self._rounds = rounds
        self._failpoints = failpoints
        self._began = time.monotonic()
        self._failures: list[BaseException] = []

    def strike(self) -> None:
        """Do it all, and leave everything running. Raises what did not happen as it should."""
        attacks: list[Callable[[], None]] = [lambda name=name: self._haunt(name) for name in SERVICES]  # type: ignore[misc]
        threads = [threading.Thread(target=self._guarded, args=[attack]) for attack in (*attacks, self._infrastructure)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failures:
            raise self._failures[0]

    def _guarded(self, attack: Callable[[], None]) -> None:
        try:
            attack()
        except Exception as error:  # noqa: BLE001 - reported to the main thread
            self._failures.append(error)

    def _note(self, what: str) -> None:
        self.diary.append(f"{time.monotonic() - self._began:6.1f} s  {what}")

    def _haunt(self, name: str) -> None:
        """One service dies again and again, and is started again."""
        rng = random.Random(f"{self._seed} {name}")
        for _ in range(self._rounds):
            drawn = shuffled(rng, SERVICES[name].failpoints)[: self._failpoints]
            for failpoint in shuffled(rng, (*drawn, KILL)):
                self._fleet.kill(name)
                if failpoint == KILL:
                    self._note(f"{name} killed")
                    self._fleet.start(name)
                    self._fleet.wait_ready(name)
                    self._load.wait_for_more(rng.randint(1, 3))
                else:
                    self._fleet.drill(name, failpoint)
                    self._note(f"{name} died {failpoint}")
        self._fleet.kill(name)
        self._fleet.start(name)
        self._fleet.wait_ready(name)

    def _infrastructure(self) -> None:
        rng = random.Random(f"{self._seed} infrastructure")
        for _ in range(self._rounds):
            faults = (self._cut, self._cut, self._hold, self._lose_confirms, self._restart_broker, self._kill_broker)
            for fault in shuffled(rng, (*faults, self._kill_database)):
                self._load.wait_for_more(1)
                self._note(f"infrastructure: {fault.__name__.removeprefix('_')}")
                fault()

    def _cut(self) -> None:
        self._proxy.cut()

    def _hold(self) -> None:
        self._proxy.hold()
        try:
            self._load.wait_for_more(4)
        finally:
            self._proxy.release()

    def _lose_confirms(self) -> None:
        self._proxy.drop_responses()
        try:
            self._load.wait_for_more(1)
        finally:
            self._proxy.cut()

    def _restart_broker(self) -> None:
        self._fleet.stack.infrastructure.restart("broker")

    def _kill_broker(self) -> None:
        self._fleet.stack.infrastructure.server("broker").kill()
        self._fleet.stack.infrastructure.restart("broker")

    def _kill_database(self) -> None:
        self._fleet.stack.infrastructure.server("database").kill()
        self._fleet.stack.infrastructure.restart("database")


def shuffled(rng: random.Random, things: Sequence[object]) -> list:  # type: ignore[type-arg]
    return rng.sample(things, len(things))
