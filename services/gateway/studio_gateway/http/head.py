"""HEAD wherever GET is: the same status and headers, no body. A length that only a made file has is left out."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEAD = "studio.head"


def is_head(request: Request) -> bool:
    """Whether the client wants the headers alone. The request's own method is GET."""
    return bool(request.scope.get(_HEAD))


def without_body(media_type: str, headers: Mapping[str, str]) -> StreamingResponse:
    """The headers of a file that is made when it is asked for, and has no length before."""
    return StreamingResponse(_nothing(), media_type=media_type, headers=headers)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


class HeadMiddleware:
    """ASGI middleware. Runs the GET until its headers are known, then cancels it: a stream would never end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        start: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

        async def keep_start(message: Message) -> None:
            if not start.done():
                start.set_result(message)
            await asyncio.Event().wait()

        get = asyncio.ensure_future(self._app({**scope, "method": "GET", _HEAD: True}, receive, keep_start))
        get.add_done_callback(lambda _: start.cancel())
        await asyncio.wait([start])
        get.cancel()
        (failure,) = await asyncio.gather(get, return_exceptions=True)
        if start.cancelled():
            raise failure or RuntimeError("the application sent no response")
        await send(start.result())
        await send({"type": "http.response.body", "body": b""})
