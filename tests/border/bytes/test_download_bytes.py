"""Foreign bytes, kind: a download that unpacks to more than it is, and addresses no name server can be asked about."""

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from studio_postprocess.io.download import Downloader, DownloadError, read_allow_list

LOCAL = "http://127.0.0.1:9000/a.png"
ALLOWED = read_allow_list("*.replicate.delivery http://127.0.0.1:9000")


class Stream(httpx.AsyncByteStream):
    """A body as it comes over the connection; counts the bytes that are read."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), 1024):
            self.read += 1
            yield self._content[start : start + 1024]


async def fetched(url: str, response: httpx.Response) -> tuple[bytes, httpx.Request]:
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return response

    return await Downloader(httpx.MockTransport(respond), ALLOWED).fetch(url), asked[0]


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br", "zstd", "identity, gzip", "made up", "x" * 9000])
async def test_an_encoding_that_was_not_asked_for_is_refused_before_a_byte_is_unpacked(encoding: str) -> None:
    body = Stream(gzip.compress(gzip.compress(bytes(2**26))))
    with pytest.raises(DownloadError, match="asked not to encode it") as caught:
        await fetched(LOCAL, httpx.Response(200, headers={"Content-Encoding": encoding}, stream=body))
    assert body.read == 0
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "identity"}, {"Content-Encoding": "Identity"}])
async def test_only_the_plain_bytes_are_asked_for_and_taken_as_they_are(headers: dict[str, str]) -> None:
    packed = gzip.compress(b"a picture")
    body, request = await fetched(LOCAL, httpx.Response(200, headers=headers, stream=Stream(packed)))
    assert body == packed
    assert request.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    "host",
    [
        "a..replicate.delivery",
        ".replicate.delivery",
        f"{'a' * 64}.replicate.delivery",
        f"{'a.' * 130}replicate.delivery",
        "xn--.replicate.delivery",
        "xn--a\u00e9.replicate.delivery",
        "\u2603\u0338.replicate.delivery",
        "\ud800.replicate.delivery",
        "a\x00b.replicate.delivery",
        "%00.replicate.delivery",
        "[.replicate.delivery",
        "a b.replicate.delivery",
    ],
)
async def test_a_host_name_that_cannot_be_is_a_failed_download_and_nothing_else(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_time(_: float) -> None:
        return None

    with pytest.raises(DownloadError):
        await Downloader(httpx.MockTransport(lambda _: httpx.Response(200)), ALLOWED, no_time).fetch(
            f"https://{host}/a.png"
        )
