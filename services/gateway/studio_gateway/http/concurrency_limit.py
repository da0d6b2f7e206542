"""How many requests of a kind may be under way in this process. One request more is refused and does not wait."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

_HELD = "held"
"""Where a request's state keeps what has to be called when it has ended."""


class ConcurrencyLimit:
    """At most `number` requests under way together, and at most `per_client` of one client."""

    def __init__(self, number: int, per_client: int | None = None) -> None:
        self.free = number
        self._per_client = number if per_client is None else per_client
        self._under_way: Counter[str] = Counter()

    def acquire(self, client: str, refusal: Callable[[], Exception]) -> None:
        """Begin a request, to be released. Raises the refusal when the limit, or the client's, is reached."""
        if self.free < 1 or self._under_way[client] >= self._per_client:
            raise refusal()
        self.free -= 1
        self._under_way[client] += 1

    def release(self, client: str) -> None:
        """End a request."""
        self.free += 1
        self._under_way[client] -= 1
        if not self._under_way[client]:
            del self._under_way[client]

    @contextmanager
    def held(self, refusal: Callable[[], Exception]) -> Iterator[None]:
        """Count a request of any client while the context is open. Raises the refusal at the limit."""
        self.acquire("", refusal)
        try:
            yield
        finally:
            self.release("")


def hold(request: Request, limit: ConcurrencyLimit, client: str, refusal: Callable[[], Exception]) -> None:
    """Count the request as under way until its response has ended, however it ends. Raises the refusal at the limit."""
    limit.acquire(client, refusal)
    getattr(request.state, _HELD).append(partial(limit.release, client))


class ReleaseMiddleware:
    """ASGI middleware that gives back what a request held."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        held: list[Callable[[], None]] = []
        scope.setdefault("state", {})[_HELD] = held
        try:
            await self._app(scope, receive, send)
        finally:
            for release in held:
                release()
