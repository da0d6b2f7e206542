"""What a second owner waits for, in seconds of virtual time: a share of the first owner's jobs, not all of them."""

from studio_simulation.two_owners import QUEUED_SECONDS, RUN_SECONDS, second_owner_seconds

SHARE, WAITING = 4, 24
JOB_SECONDS = 5.0
"""What postprocess needs for four pictures here, so that all of the first owner's jobs would take two minutes."""


def test_the_second_owner_waits_for_its_share_of_seconds() -> None:
    alone = QUEUED_SECONDS + RUN_SECONDS + JOB_SECONDS
    seconds = second_owner_seconds(WAITING, SHARE, picture_seconds=JOB_SECONDS / 2)
    assert seconds < alone + (SHARE + 2) * JOB_SECONDS, "one share, and what postprocess has begun"
