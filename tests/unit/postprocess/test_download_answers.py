"""What happens when a picture does not come as it should, and pictures that are given inline."""

import asyncio
import base64
from collections.abc import AsyncIterator

import httpx
import pytest

from studio_postprocess.io import download
from studio_postprocess.io.download import DownloadError
from studio_support.file_host import GOOD, FileHost

pytestmark = pytest.mark.usefixtures("addresses")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    host = FileHost(httpx.Response(status, headers={"location": "https://replicate.delivery/other.png"}))
    with pytest.raises(DownloadError, match=str(status)):
        await host.fetch(GOOD)
    assert host.asked == [GOOD]


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 410])
async def test_an_answer_that_will_not_change_is_not_asked_for_again(status: int) -> None:
    host = FileHost(httpx.Response(status))
    with pytest.raises(DownloadError, match=str(status)):
        await host.fetch(GOOD)
    assert (len(host.asked), host.pauses) == (1, [])


@pytest.mark.parametrize(
    "trouble",
    [
        *(httpx.Response(status) for status in (408, 425, 429, 500, 503)),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut off"),
    ],
    ids=str,
)
async def test_a_passing_trouble_is_tried_again(trouble: httpx.Response | Exception) -> None:
    host = FileHost(trouble, httpx.Response(200, content=b"picture"))
    assert await host.fetch(GOOD) == b"picture"
    assert host.pauses == [0.5]


async def test_tries_come_to_an_end() -> None:
    host = FileHost(httpx.Response(503))
    with pytest.raises(DownloadError, match="503"):
        await host.fetch(GOOD)
    assert (len(host.asked), host.pauses) == (3, [0.5, 2.0])


async def test_a_host_that_does_not_finish_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def drip() -> AsyncIterator[bytes]:
        yield b"pic"
        await asyncio.Event().wait()

    monkeypatch.setattr(download, "SECONDS", 0.001)
    host = FileHost(*(httpx.Response(200, content=drip()) for _ in range(3)))
    with pytest.raises(DownloadError, match="TimeoutError"):
        await host.fetch(GOOD)
    assert len(host.asked) == 3


async def test_a_picture_beyond_the_cap_is_refused_without_reading_on(monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 64

    monkeypatch.setattr(download, "MAX_BYTES", 1024)
    with pytest.raises(DownloadError, match="larger"):
        await FileHost(httpx.Response(200, content=endless())).fetch(GOOD)
    assert read == 1024 // 64 + 1
    at_the_cap = FileHost(httpx.Response(200, content=b"x" * 1024))
    assert len(await at_the_cap.fetch(GOOD)) == 1024


def _inline(data: bytes, head: str = "data:image/png;base64,") -> str:
    return head + base64.b64encode(data).decode()


async def test_an_inline_picture_needs_no_request() -> None:
    host = FileHost(httpx.Response(200))
    assert await host.fetch(_inline(b"picture")) == b"picture"
    assert host.asked == []


@pytest.mark.parametrize(
    "uri",
    ["data:", "data:image/png,abc", "data:image/png;base64,***", "data:image/png;base64,YQ", "data:image/png;base64,ü"],
)
async def test_a_broken_inline_picture_is_refused(uri: str) -> None:
    with pytest.raises(DownloadError, match="inline"):
        await FileHost(httpx.Response(200)).fetch(uri)


async def test_an_inline_picture_beyond_the_cap_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MAX_BYTES", 8)
    with pytest.raises(DownloadError, match="too large"):
        await FileHost(httpx.Response(200)).fetch(_inline(b"0123456789"))
