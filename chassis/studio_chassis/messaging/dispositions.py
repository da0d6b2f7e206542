"""What becomes of a message whose handler failed: it is retried, rejected, or consuming pauses."""

from datetime import timedelta
from typing import Literal

from studio_chassis.errors import ChassisError, JobNotFound, Unavailable


class Disposition(ChassisError):
    """Base of what a handler raises to decide about its message; see `disposition_of` for all other errors."""

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
    """No retry helps this message: it becomes a dead letter."""


class Pause(Disposition):
    """Messages of this queue cannot be handled now: stop consuming, and resume automatically.

    The cause is the provider (no credit, out of reach), a backlog that more work would only make longer, or an operator
    who stopped spending or paused the predictor.
    """

    def __init__(self, reason: str, cause: Literal["provider", "backlog", "spending", "operator"] = "provider") -> None:
        super().__init__(reason)
        self.cause = cause


_NOT_RETRIED: tuple[type[BaseException], ...] = (ArithmeticError, MemoryError, RecursionError)
"""Errors that come again however often the same message is handled. What runs out of memory takes others with it."""


def disposition_of(error: BaseException | None) -> Disposition | Unavailable | None:
    """What becomes of a message whose handler raised this; None when it raised nothing."""
    match error:
        case None | Disposition() | Unavailable():
            return error
        case JobNotFound():
            return Reject(f"no such job: {error}")
        case _ if isinstance(error, _NOT_RETRIED):
            return Reject(f"{type(error).__name__}: {error}")
        case _:
            return Retry(f"{type(error).__name__}: {error}")
