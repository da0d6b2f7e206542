"""MongoDB's many errors of an outage, as the one that the services know."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pymongo.errors import (
    ConnectionFailure,
    DocumentTooLarge,
    ExecutionTimeout,
    NetworkTimeout,
    PyMongoError,
    WriteError,
    WTimeoutError,
)

from studio_chassis.errors import Unavailable

P = ParamSpec("P")
R = TypeVar("R")
OUTAGES = (ConnectionFailure, NetworkTimeout, ExecutionTimeout, WTimeoutError)
_TOO_LARGE = (10334, 17419, 17420)
"""The server's codes for a document that would exceed 16 MB."""


def translated(operation: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """The operation with MongoDB's own errors of an outage raised as Unavailable."""

    @wraps(operation)
    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with outages_as_unavailable():
            return await operation(*args, **kwargs)

    return run


@contextmanager
def outages_as_unavailable() -> Iterator[None]:
    """Raise MongoDB's own errors of an outage as Unavailable."""
    try:
        yield
    except OUTAGES as error:
        raise Unavailable(f"database: {type(error).__name__}") from error
    except (DocumentTooLarge, WriteError) as error:
        if isinstance(error, WriteError) and error.code not in _TOO_LARGE:
            raise
        # its events are published and taken out; then there is room again
        raise Unavailable("database: the job's document is full of events to be published") from error
    except PyMongoError as error:
        if error.timeout or error.has_error_label("RetryableWriteError"):
            raise Unavailable(f"database: {type(error).__name__}") from error
        raise
