"""How much a request may send. Raised inside the application, so that the answer has the shape of its other errors."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 64 * 1024
MAX_WEBHOOK_BYTES = 4 * 2**20
"""A webhook repeats the input and its picture. Our stencils are below 256 kB, so this leaves room for long logs."""
WEBHOOK_PATHS = ("/v1/webhooks/", "/.netlify/functions/replicate-callback")


class BodyLimit:
    """ASGI middleware that counts a body while it arrives."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = MAX_WEBHOOK_BYTES if scope["path"].startswith(WEBHOOK_PATHS) else MAX_BODY_BYTES
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise HTTPException(413, f"A body may have at most {limit} bytes here.")
            return message

        await self._app(scope, counted, send)
