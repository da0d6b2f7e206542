"""Foreign bytes, kind: a download that unpacks to more than it is, and addresses no name server can be asked about."""

import gzip

import pytest

from studio_postprocess.io.download import DownloadError
from studio_support.file_host import FileHost, response

LOCAL = "http://127.0.0.1:{port}/a.png"


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br", "zstd", "identity, gzip", "made up", "x" * 9000])
async def test_an_encoding_that_was_not_asked_for_is_refused_before_a_byte_is_unpacked(encoding: str) -> None:
    host = FileHost(response(body=gzip.compress(bytes(2**20)), headers={"Content-Encoding": encoding}))
    with pytest.raises(DownloadError, match="asked not to encode it") as caught:
        await host.fetch(LOCAL)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "identity"}, {"Content-Encoding": "Identity"}])
async def test_only_the_plain_bytes_are_asked_for_and_taken_as_they_are(headers: dict[str, str]) -> None:
    packed = gzip.compress(b"a picture")
    host = FileHost(response(body=packed, headers=headers))
    assert await host.fetch(LOCAL) == packed
    assert host.headers[0]["accept-encoding"] == "identity"


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
async def test_a_host_name_that_cannot_be_is_a_failed_download_and_nothing_else(host: str) -> None:
    files = FileHost(response())
    with pytest.raises(DownloadError):
        await files.fetch(f"https://{host}/a.png")
    assert files.asked == []
