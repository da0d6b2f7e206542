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
    OperationFailure,
    PyMongoError,
    WriteError,
    WTimeoutError,
)

from studio_chassis.errors import Unavailable
from studio_chassis.observability import metrics
from studio_chassis.observability.logs import cause_of

P = ParamSpec("P")
R = TypeVar("R")
_REFUSED = (13, 18, 8000)
"""The server's codes for a user without rights or with a wrong password (8000: Atlas). The message is not at fault."""
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
        metrics.database_unavailable.inc()
        raise Unavailable(f"database: {cause_of(error)}") from error
    except (DocumentTooLarge, WriteError) as error:
        if isinstance(error, WriteError) and error.code not in _TOO_LARGE:
            raise
        # its events are published and taken out; then there is room again
        raise Unavailable("database: the job's document is full of events to be published") from error
    except PyMongoError as error:
        refused = isinstance(error, OperationFailure) and error.code in _REFUSED
        if refused or error.timeout or error.has_error_label("RetryableWriteError"):
            metrics.database_unavailable.inc()
            raise Unavailable(f"database: {cause_of(error)}") from error
        raise
