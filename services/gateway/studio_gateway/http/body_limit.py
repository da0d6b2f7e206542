"""How much a request may send, and how slowly. Refused inside the application, in the shape of its other errors."""

import asyncio

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio_contracts.own_picture import MAX_PICTURE_BYTES
from studio_gateway.http.problems import ProblemError, problem_response
from studio_gateway.outline_files.found import MAX_FILE_BYTES

MAX_BODY_BYTES = 64 * 1024
MAX_WEBHOOK_BYTES = 4 * 2**20
"""A webhook repeats the input and its picture. Our stencils are below 256 kB, so this leaves room for long logs."""
WEBHOOK_PATHS = ("/v1/webhooks/", "/.netlify/functions/replicate-callback")
OWN_PICTURE_PATH = "/v1/jobs/from-picture"
OUTLINE_PATH = "/v1/outlines"
BODY_SECONDS = 30.0
"""From the first look at a body to its end."""
UNREAD_BYTES = 64 * 1024
"""As much of a body that no route reads is read past, to keep the connection of a request that succeeded."""

_CONFLICT = ProblemError(
    400,
    "two-lengths",
    "Two lengths",
    "A request has a Content-Length or a Transfer-Encoding, not both.",
    headers={"Connection": "close"},
)


class BodyLimit:
    """ASGI middleware that counts a body while it arrives.

    A response sent before its request's body has arrived closes the connection where the server would otherwise read
    on, for too long or for somebody who was refused, to find the next request behind that body.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if "Content-Length" in headers and "Transfer-Encoding" in headers:  # two parties would read two requests
            await problem_response(_CONFLICT)(scope, receive, send)
            return
        body = _Body(headers, body_limit(scope["path"]))

        async def counted() -> Message:
            return await body.receive(receive)

        async def send_and_close(message: Message) -> None:
            if message["type"] == "http.response.start" and body.must_close(message["status"]):
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self._app(scope, counted, send_and_close)


def body_limit(path: str) -> int:
    """How many bytes a body may have there."""
    if path == OWN_PICTURE_PATH:
        return MAX_PICTURE_BYTES
    if path == OUTLINE_PATH:
        return MAX_FILE_BYTES
    return MAX_WEBHOOK_BYTES if path.startswith(WEBHOOK_PATHS) else MAX_BODY_BYTES


class _Body:
    """The body of one request, as far as it has arrived."""

    def __init__(self, headers: Headers, limit: int) -> None:
        announced = headers.get("Content-Length", "")
        self._length = int(announced) if announced.isdecimal() and len(announced) <= 18 else len(announced) * 2**60
        self._is_chunked = "Transfer-Encoding" in headers
        self._limit = limit
        self._received = 0
        self._is_complete = not (self._length or self._is_chunked)
        self._deadline: float | None = None

    async def receive(self, receive: Receive) -> Message:
        """The next message. Raises HTTPException for a body that is too long or too slow."""
        if self._length > self._limit:
            raise self._too_long()
        if self._is_complete:
            return await receive()
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + BODY_SECONDS
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, f"The body did not arrive within {BODY_SECONDS:g} seconds.") from None
        self._received += len(message.get("body", b""))
        if self._received > self._limit:
            raise self._too_long()
        self._is_complete = not message.get("more_body", False)
        return message

    def must_close(self, status: int) -> bool:
        """Whether a response of this status has to end the connection."""
        if self._is_complete:
            return False
        return status >= 400 or self._is_chunked or self._length - self._received > UNREAD_BYTES

    def _too_long(self) -> HTTPException:
        return HTTPException(413, f"A body may have at most {self._limit} bytes here.")
