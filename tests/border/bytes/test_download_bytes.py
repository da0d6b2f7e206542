"""Foreign bytes, kind: a download that unpacks to more than it is, and addresses no name server can be asked about."""

import gzip
import io

import pytest
from urllib3 import BaseHTTPResponse

from studio_postprocess.io.download import Downloader, DownloadError, read_allow_list
from studio_postprocess.io.file_connections import FileRequest
from studio_support.file_host import Response

LOCAL = "http://127.0.0.1:9000/a.png"
ALLOWED = read_allow_list("*.replicate.delivery http://127.0.0.1:9000")


class Body(io.BytesIO):
    """A body as it comes over the connection; counts what is read of it."""

    reads = 0

    def read1(self, size: int | None = -1) -> bytes:
        self.reads += 1
        return super().read1(size)


async def fetched(url: str, answer: Response) -> bytes:
    return await Downloader(lambda _: answer.made(), ALLOWED).fetch(url)


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br", "zstd", "identity, gzip", "made up", "x" * 9000])
async def test_an_encoding_that_was_not_asked_for_is_refused_before_a_byte_is_unpacked(encoding: str) -> None:
    body = Body(gzip.compress(gzip.compress(bytes(2**26))))
    with pytest.raises(DownloadError, match="asked not to encode it") as caught:
        await fetched(LOCAL, Response(200, body, {"Content-Encoding": encoding}))
    assert body.reads == 0
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "identity"}, {"Content-Encoding": "Identity"}])
async def test_plain_bytes_are_taken_as_they_are(headers: dict[str, str]) -> None:
    packed = gzip.compress(b"a picture")
    assert await fetched(LOCAL, Response(200, packed, headers)) == packed


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
    host: str,
) -> None:
    async def no_time(_: float) -> None:
        return None

    def send(_: FileRequest) -> BaseHTTPResponse:
        return Response(200).made()

    with pytest.raises(DownloadError):
        await Downloader(send, ALLOWED, no_time).fetch(f"https://{host}/a.png")
