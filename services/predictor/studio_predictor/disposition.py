"""What becomes of a message whose work the provider kept from being done."""

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import timedelta
from typing import TypeVar

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
T = TypeVar("T")


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


async def all_done(calls: Iterable[Awaitable[T]]) -> list[T]:
    """What the calls give, made side by side. One that fails ends none of the others, which may be paid for.

    Raises what one of them raised, a Pause before anything else: the message comes back, and finds the others done.
    """
    results = await asyncio.gather(*calls, return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    if failures:
        raise next((failure for failure in failures if isinstance(failure, Pause)), failures[0])
    return [result for result in results if not isinstance(result, BaseException)]
