"""What a handler may say of a failure: retry, reject or pause."""

from datetime import timedelta
from typing import Literal

from studio_chassis.errors import ChassisError


class Disposition(ChassisError):
    """Base of what a handler says of a failure; anything else it raises counts as `Retry`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Retry(Disposition):
    """Try again later, at least `after` from now. `counted` failures end as a dead letter."""

    def __init__(self, reason: str, *, after: timedelta | None = None, counted: bool = True) -> None:
        super().__init__(reason)
        self.after = after
        self.counted = counted


class Reject(Disposition):
    """No retry can mend this message: it is set aside as a dead letter."""


class Pause(Disposition):
    """Nothing of this kind can be done now: stop consuming and resume by itself.

    The cause is the provider (no credit, out of reach), or a backlog that more work would only make longer.
    """

    def __init__(self, reason: str, cause: Literal["provider", "backlog"] = "provider") -> None:
        super().__init__(reason)
        self.cause = cause
