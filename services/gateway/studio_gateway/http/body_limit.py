"""How much a request may send. Refused inside the application, so that the error has the shape of its other errors."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 64 * 1024
MAX_WEBHOOK_BYTES = 4 * 2**20
"""A webhook repeats the input and its picture. Our stencils are below 256 kB, so this leaves room for long logs."""
WEBHOOK_PATHS = ("/v1/webhooks/", "/.netlify/functions/replicate-callback")


class BodyLimit:
    """ASGI middleware that counts a body while it arrives.

    A response sent before a body of unknown or too great a length has arrived closes the connection: the server would
    otherwise read on to find the next request behind that body.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = MAX_WEBHOOK_BYTES if scope["path"].startswith(WEBHOOK_PATHS) else MAX_BODY_BYTES
        headers = Headers(scope=scope)
        announced = headers.get("Content-Length", "")
        is_too_long = announced.isdecimal() and (len(announced) > 18 or int(announced) > limit)
        is_open_ended = is_too_long or "Transfer-Encoding" in headers
        received = 0

        async def counted() -> Message:
            nonlocal received, is_open_ended
            if is_too_long:
                raise _too_long(limit)
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _too_long(limit)
            if not message.get("more_body", False):
                is_open_ended = False
            return message

        async def send_and_close(message: Message) -> None:
            if message["type"] == "http.response.start" and is_open_ended:
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self._app(scope, counted, send_and_close)


def _too_long(limit: int) -> HTTPException:
    return HTTPException(413, f"A body may have at most {limit} bytes here.")
