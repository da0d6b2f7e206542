"""A service that dies comes back, and one that keeps dying does so ever more rarely."""

from studio_local.supervision import LONGEST_WAIT_SECONDS, STEADY_SECONDS, Supervisor


class StubServer:
    """A server that is alive until it is killed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.starts = 0

    def start(self) -> None:
        self.alive = True
        self.starts += 1

    def wait_ready(self, seconds: float) -> None:
        """Nothing to wait for."""

    def request_stop(self) -> None:
        self.alive = False

    def stop(self) -> None:
        self.alive = False

    def kill(self) -> None:
        self.alive = False


class Bench:
    """Two servers, their supervisor, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.printed: list[str] = []
        self.stencil, self.gateway = StubServer("stencil"), StubServer("gateway")
        servers = {"stencil": self.stencil, "gateway": self.gateway}
        self.supervisor = Supervisor(servers, self.printed.append, lambda: self.seconds)

    def wait_until_started(self) -> float:
        """Steps of half a second until the stencil lives; how long that took."""
        begun = self.seconds
        self.supervisor.step()
        while not self.stencil.alive:
            self.seconds += 0.5
            self.supervisor.step()
        return self.seconds - begun


def test_a_service_that_dies_is_started_again_and_the_others_are_left_alone() -> None:
    bench = Bench()
    bench.supervisor.step()
    bench.stencil.kill()
    assert bench.wait_until_started() == 1
    assert (bench.stencil.starts, bench.gateway.starts) == (1, 0)
    assert bench.printed == ["stencil has ended; it is started again in 1 s."]


def test_the_waits_grow_to_a_bound_and_begin_anew_after_a_steady_time() -> None:
    bench = Bench()
    waits = []
    for _ in range(9):
        bench.stencil.kill()
        waits.append(bench.wait_until_started())
    assert waits == [1, 2, 4, 8, 16, 32, LONGEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS]
    bench.seconds += STEADY_SECONDS
    bench.stencil.kill()
    assert bench.wait_until_started() == 1
