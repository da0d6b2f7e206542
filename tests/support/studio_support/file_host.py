"""A host of pictures that never leaves the process."""

import io
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from urllib3 import BaseHTTPResponse, HTTPResponse

from studio_postprocess.io.download import Downloader, read_allow_list
from studio_postprocess.io.file_connections import FileRequest

ALLOWED = "replicate.delivery *.replicate.delivery http://127.0.0.1:9000"
GOOD = "https://replicate.delivery/a/out-0.png"
PUBLIC, PRIVATE = "93.184.215.14", "10.0.0.7"


class Response(NamedTuple):
    """What a host answers; `content` is the body, or a file to read it from."""

    status: int
    content: bytes | io.BytesIO = b""
    headers: Mapping[str, str] = MappingProxyType({})

    def made(self) -> BaseHTTPResponse:
        """The answer as it comes from a connection."""
        body = io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content
        return HTTPResponse(body, self.headers, self.status, preload_content=False)


class FileHost:
    """Gives the responses in turn and repeats the last; records requests, addresses and the pauses between."""

    def __init__(self, *answers: Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.reached: list[tuple[str, str]] = []
        self.pauses: list[float] = []

    def send(self, request: FileRequest) -> BaseHTTPResponse:
        self.asked.append(f"{request.scheme}://{request.host}{request.target}")
        self.reached.append((request.address, request.name))
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer.made()

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def fetch(self, url: str) -> bytes:
        return await Downloader(self.send, read_allow_list(ALLOWED), self.pause).fetch(url)
