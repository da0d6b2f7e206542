"""Operations on a connection that may break while they run."""

from collections.abc import Coroutine
from typing import Any, TypeVar

import aio_pika
from aio_pika.abc import AbstractConnection, TimeoutType
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from studio_chassis.runtime.timeouts import wait_or_abandon

T = TypeVar("T")
CONNECTION_ERRORS = (AMQPError, ChannelInvalidStateError, ConnectionError, TimeoutError)
CLOSE_SECONDS = 10.0
"""What closing a channel or a connection may take."""


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


class ClosedOnFailure(aio_pika.Connection):
    """A connection that is closed when it cannot be opened.

    Otherwise aio-pika closes it when it is collected, which may be in a thread that has no event loop.
    """

    async def connect(self, timeout: TimeoutType = None) -> None:  # noqa: ASYNC109 - as in the base class
        """Open the connection. Raises one of CONNECTION_ERRORS."""
        try:
            await super().connect(timeout)
        except BaseException:
            await self.close()
            raise


async def open_connection(address: str, seconds: float) -> AbstractConnection:
    """A connection that does not come back when it breaks. Raises one of CONNECTION_ERRORS."""
    return await aio_pika.connect(address, timeout=seconds, connection_class=ClosedOnFailure)
