"""HEAD wherever GET is: the same status and headers, no body."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


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

        get = asyncio.ensure_future(self._app({**scope, "method": "GET"}, receive, keep_start))
        get.add_done_callback(lambda _: start.cancel())
        await asyncio.wait([start])
        get.cancel()
        (failure,) = await asyncio.gather(get, return_exceptions=True)
        if start.cancelled():
            raise failure or RuntimeError("the application sent no response")
        await send(start.result())
        await send({"type": "http.response.body", "body": b""})
