"""What becomes of a message whose work the provider kept from being done."""

from datetime import timedelta

from studio_chassis.messaging.dispositions import Pause, Retry
from studio_chassis.replicate.errors import (
    AccountBlocked,
    ConnectionFailed,
    OutcomeUnknown,
    ProviderError,
    ProviderServerError,
    RateLimited,
)

RECHECK_DELAY = timedelta(seconds=5)


def disposition(error: ProviderError) -> Pause | Retry:
    """What the queue should do about a provider that cannot be used now. None of these is the message's fault."""
    match error:
        case RateLimited():
            return Retry(str(error), after=timedelta(seconds=error.retry_after), counted=False)
        case AccountBlocked() | ConnectionFailed() | ProviderServerError():
            return Pause(str(error))
        case OutcomeUnknown():
            return Retry(str(error), after=RECHECK_DELAY, counted=False)
        case _:
            return Retry(str(error))
