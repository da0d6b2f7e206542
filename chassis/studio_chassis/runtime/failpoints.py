"""Failpoints, for drills: a service dies at a named line, as if killed there, and one sees that the work survives.

STUDIO_FAILPOINT=after-commit makes the process exit the first time it gets there, after-commit:3 the third time.
"""

import os
import sys

FAILPOINTS = {
    "before-commit": "every service: a change of a job is decided and not stored",
    "after-commit": "every service: it is stored, its events are not published",
    "after-publish": "every service: they are published and still in the outbox",
    "before-ack": "workers: a message is dealt with and not acknowledged",
    "after-store": "stencil, postprocess: pictures are stored and the job does not know",
    "after-reserve": "predictor: the money of an attempt is reserved and its slot not claimed",
    "before-create": "predictor: the slot is claimed and its prediction not asked for",
    "after-create": "predictor: the prediction is created and paid for, its id not recorded",
    "after-webhook-record": "gateway: a webhook is recorded and not answered",
    "after-rescue": "reconciler: a stuck job was rescued",
}
"""Names and places. tests/chaos drills each of them in each service that passes it."""
EXIT_STATUS = 137
"""What a shell reports of a process ended by SIGKILL."""

_armed = ""
_passes_left = 0


def parse(failpoint: str) -> tuple[str, int]:
    """Name and number of a `name[:n]`; an empty text means none. Raises ValueError."""
    name, _, times = failpoint.partition(":")
    if name and name not in FAILPOINTS:
        raise ValueError(f"unknown failpoint {name!r}; known: {', '.join(FAILPOINTS)}")
    if not (times or "1").isdecimal() or int(times or "1") < 1:
        raise ValueError(f"{times!r} is not a number of times")
    return name, int(times or "1")


def arm(failpoint: str) -> None:
    """Die at that failpoint. Raises ValueError."""
    global _armed, _passes_left
    _armed, _passes_left = parse(failpoint)


def reached(name: str) -> None:
    """Say that the process passes a failpoint; only in a drill does that matter."""
    global _passes_left
    if name != _armed:
        return
    _passes_left -= 1
    if _passes_left == 0:
        sys.stderr.write(f"failpoint {name} reached\n")
        sys.stderr.flush()
        os._exit(EXIT_STATUS)
