"""What every answer carries: the request's id, its rate limit, and `no-store` unless the route decided otherwise."""

import re
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, reset_contextvars

REQUEST_ID = "X-Request-ID"
RATE_LIMIT_HEADERS = "rate_limit_headers"
"""Where a request's state keeps the headers that say what is left of its rate limit."""
_USABLE = re.compile(r"[\w.:/+=-]{1,128}", re.ASCII)


class RequestIdMiddleware:
    """ASGI middleware. A client's own request id is taken over if it is fit for a log line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        state = scope.setdefault("state", {})
        request_id = given if _USABLE.fullmatch(given) else uuid4().hex

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                headers.setdefault("Cache-Control", "no-store")
                headers["X-Content-Type-Options"] = "nosniff"
                for name, value in state.get(RATE_LIMIT_HEADERS, {}).items():
                    headers[name] = value
            await send(message)

        bound = bind_contextvars(request_id=request_id)  # `bound_contextvars` copies the whole context first
        try:
            await self._app(scope, receive, complete)
        finally:
            reset_contextvars(**bound)
