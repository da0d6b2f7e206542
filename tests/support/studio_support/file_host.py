"""A host of pictures that never leaves the process."""

import httpx

from studio_postprocess.io.download import Downloader, read_allow_list

ALLOWED = "replicate.delivery *.replicate.delivery http://127.0.0.1:9000"
GOOD = "https://replicate.delivery/a/out-0.png"
PUBLIC, PRIVATE = "93.184.215.14", "10.0.0.7"


class FileHost:
    """Gives the responses in turn and repeats the last; records requests, addresses and the pauses between."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.reached: list[tuple[str, str | None]] = []
        self.pauses: list[float] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.url.scheme}://{request.headers['host']}{request.url.raw_path.decode()}")
        self.reached.append((request.url.host, request.extensions.get("sni_hostname")))
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def fetch(self, url: str) -> bytes:
        return await Downloader(httpx.MockTransport(self), read_allow_list(ALLOWED), self.pause).fetch(url)
