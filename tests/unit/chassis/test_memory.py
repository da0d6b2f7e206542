"""What a process that has loaded everything does about its memory."""

import gc

from studio_chassis.runtime.memory import keep_what_is_loaded


class Ring:
    """Refers to itself, so that only a collection finds it."""

    def __init__(self, ended: list[str]) -> None:
        self.ended = ended
        self.ring = self

    def __del__(self) -> None:
        self.ended.append("collected")


def test_garbage_goes_and_the_rest_is_passed_over_from_then_on() -> None:
    kept: list[object] = []
    threshold = gc.get_threshold()
    ended: list[str] = []
    Ring(ended)
    try:
        keep_what_is_loaded()
        assert ended == ["collected"]
        assert not any(one is kept for one in gc.get_objects())
        assert gc.get_threshold()[0] > threshold[0]
    finally:
        gc.set_threshold(*threshold)
        gc.unfreeze()
