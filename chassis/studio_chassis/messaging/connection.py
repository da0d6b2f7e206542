"""Operations on a connection that may break while they run."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from studio_chassis.runtime.timeouts import wait_or_abandon

T = TypeVar("T")
CONNECTION_ERRORS = (AMQPError, ChannelInvalidStateError, ConnectionError, TimeoutError)


async def run_on_connection(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """The result of work on a connection that may break. Raises one of CONNECTION_ERRORS, also after that time.

    When a connection breaks, aio-pika ends its operations with any exception: a plain one, a cancellation, or never.
    """
    try:
        return await wait_or_abandon(seconds, work)
    except CONNECTION_ERRORS:
        raise
    except Exception as error:
        raise ConnectionError(f"{type(error).__name__}: {error}") from error
