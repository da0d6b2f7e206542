"""What happens when a picture does not come as it should, and pictures that are given inline."""

import base64
import io

import pytest
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, ProtocolError, ReadTimeoutError

from studio_postprocess.io import download
from studio_postprocess.io.download import DownloadError
from studio_support.file_host import GOOD, FileHost, Response

pytestmark = pytest.mark.usefixtures("addresses")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed_even_by_a_client_that_would(status: int) -> None:
    host = FileHost(Response(status, headers={"location": "https://replicate.delivery/other.png"}))
    with pytest.raises(DownloadError, match=str(status)):
        await host.fetch(GOOD)
    assert host.asked == [GOOD]


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 410])
async def test_an_answer_that_will_not_change_is_not_asked_for_again(status: int) -> None:
    host = FileHost(Response(status))
    with pytest.raises(DownloadError, match=str(status)):
        await host.fetch(GOOD)
    assert (len(host.asked), host.pauses) == (1, [])


@pytest.mark.parametrize(
    "trouble",
    [
        *(Response(status) for status in (408, 425, 429, 500, 503)),
        ConnectTimeoutError("refused"),
        ReadTimeoutError(HTTPConnectionPool("host"), "/", "slow"),
        ProtocolError("cut off"),
    ],
    ids=str,
)
async def test_a_passing_trouble_is_tried_again(trouble: Response | Exception) -> None:
    host = FileHost(trouble, Response(200, content=b"picture"))
    assert await host.fetch(GOOD) == b"picture"
    assert host.pauses == [0.5]


async def test_tries_come_to_an_end() -> None:
    host = FileHost(Response(503))
    with pytest.raises(DownloadError, match="503"):
        await host.fetch(GOOD)
    assert (len(host.asked), host.pauses) == (3, [0.5, 2.0])


class Endless(io.BytesIO):
    """A body without an end; counts what is read of it."""

    reads = 0

    def read1(self, size: int | None = -1) -> bytes:
        self.reads += 1
        return b"x" * 64


async def test_a_picture_beyond_the_cap_is_refused_without_reading_on(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = Endless()
    monkeypatch.setattr(download, "MAX_BYTES", 1024)
    with pytest.raises(DownloadError, match="larger"):
        await FileHost(Response(200, endless)).fetch(GOOD)
    assert endless.reads == 1024 // 64 + 1
    at_the_cap = FileHost(Response(200, b"x" * 1024))
    assert len(await at_the_cap.fetch(GOOD)) == 1024


def _inline(data: bytes, head: str = "data:image/png;base64,") -> str:
    return head + base64.b64encode(data).decode()


async def test_an_inline_picture_needs_no_request() -> None:
    host = FileHost(Response(200))
    assert await host.fetch(_inline(b"picture")) == b"picture"
    assert host.asked == []


@pytest.mark.parametrize(
    "uri",
    ["data:", "data:image/png,abc", "data:image/png;base64,***", "data:image/png;base64,YQ", "data:image/png;base64,ü"],
)
async def test_a_broken_inline_picture_is_refused(uri: str) -> None:
    with pytest.raises(DownloadError, match="inline"):
        await FileHost(Response(200)).fetch(uri)


async def test_an_inline_picture_beyond_the_cap_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MAX_BYTES", 8)
    with pytest.raises(DownloadError, match="too large"):
        await FileHost(Response(200)).fetch(_inline(b"0123456789"))
