"""Errors of the chassis, and what a handler may say of a failure."""

from datetime import timedelta
from typing import Literal


class ChassisError(Exception):
    """Base of everything the chassis raises."""


class Unavailable(ChassisError):
    """Broker, database or object store does not answer. The work is not at fault: it is tried again, uncounted."""


class JobNotFound(ChassisError):
    """There is no job of that id."""


class JobExists(ChassisError):
    """A job of that id is stored already."""


class JobConflict(ChassisError):
    """Too many others changed the job at the same time. Trying again later helps."""


class ObjectNotFound(ChassisError):
    """There is no object under that key."""


class Verdict(ChassisError):
    """Base of what a handler says of a failure; anything else it raises counts as `Retry`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Retry(Verdict):
    """Try again later, at least `after` from now. `counted` failures end as a dead letter."""

    def __init__(self, reason: str, *, after: timedelta | None = None, counted: bool = True) -> None:
        super().__init__(reason)
        self.after = after
        self.counted = counted


class Reject(Verdict):
    """No retry can mend this message: it is set aside as a dead letter."""


class Pause(Verdict):
    """Nothing of this kind can be done now: stop consuming and resume by itself.

    The cause is the provider (no credit, out of reach), or a backlog that more work would only make longer.
    """

    def __init__(self, reason: str, cause: Literal["provider", "backlog"] = "provider") -> None:
        super().__init__(reason)
        self.cause = cause
