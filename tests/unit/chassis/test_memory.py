"""What a process that has loaded everything does about its memory."""

import gc
import subprocess
import sys

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


FREE_AND_ALLOCATE = """
import resource
from studio_chassis.runtime.memory import reuse_what_is_freed
{call}
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def use(mebibytes):
    kept = [b"x" * 2**20 for _ in range(mebibytes)]
use({before})
begun = faults()
use({then})
print(faults() - begun)
"""
PAGES = 2**20 // 4096
"""Of 4 KiB in a mebibyte."""


def new_pages(call: str, before: int, then: int) -> int:
    """Pages that the kernel cleared for that many mebibytes in a process that had used and freed others before."""
    code = FREE_AND_ALLOCATE.format(call=call, before=before, then=then)
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60).stdout)


def test_what_is_freed_is_used_again_up_to_what_may_be_kept() -> None:
    assert new_pages("", 8, 8) > 4 * PAGES
    assert new_pages("reuse_what_is_freed(16 * 2**20)", 8, 8) < PAGES
    assert new_pages("reuse_what_is_freed(16 * 2**20)", 64, 64) > 32 * PAGES
