"""Services that die are started again, as a cluster does it: immediately, then after longer and longer waits."""

import time
from collections.abc import Callable, Mapping

from studio_local.processes import Server

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0
STEADY_SECONDS = 120.0
"""A service that lived for so long begins with the first wait again."""


class Supervisor:
    """Looks after running servers, in steps that its caller makes."""

    def __init__(
        self, servers: Mapping[str, Server], say: Callable[[str], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._servers = servers
        self._say = say
        self._now = now
        self._waits: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._started: dict[str, float] = {}

    def step(self) -> None:
        """Notice who has died, and start those whose wait is over."""
        for name, server in self._servers.items():
            if name in self._due:
                if self._now() >= self._due[name]:
                    self._start(name, server)
            elif not server.alive:
                self._plan(name)

    def _plan(self, name: str) -> None:
        now = self._now()
        steady = name in self._started and now - self._started[name] >= STEADY_SECONDS
        wait = FIRST_WAIT_SECONDS if steady or name not in self._waits else self._waits[name] * 2
        self._waits[name] = min(wait, LONGEST_WAIT_SECONDS)
        self._due[name] = now + self._waits[name]
        self._say(f"{name} has ended; it is started again in {self._waits[name]:g} s.")

    def _start(self, name: str, server: Server) -> None:
        del self._due[name]
        server.kill()  # what is left of it
        server.start()
        self._started[name] = self._now()
