"""What happens when a picture does not come as it should, and pictures that are given inline."""

import asyncio
import base64

import aiohttp
import pytest

from studio_postprocess.io import download, http_session
from studio_postprocess.io.download import DownloadError
from studio_support.file_host import GOOD, Answer, FileHost, cut_off, nothing, response, silence

pytestmark = pytest.mark.usefixtures("addresses")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    host = FileHost(response(status, headers={"Location": "https://replicate.delivery/other.png"}))
    with pytest.raises(DownloadError, match=str(status)):
        await host.fetch(GOOD)
    assert host.asked == [GOOD]


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 410])
async def test_an_answer_that_will_not_change_is_not_asked_for_again(status: int) -> None:
    host = FileHost(response(status))
    with pytest.raises(DownloadError, match=str(status)):
        await host.fetch(GOOD)
    assert (len(host.asked), host.pauses) == (1, [])


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
async def test_a_passing_trouble_is_tried_again(status: int) -> None:
    host = FileHost(response(status), response(body=b"picture"))
    assert await host.fetch(GOOD) == b"picture"
    assert host.pauses == [0.5]


GARBAGE = b"SSH-2.0-OpenSSH_9.2\r\n"
BAD_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (response(503), "responded with 503"),
        (nothing, "the connection to the file host failed"),
        (cut_off, "cut off"),
        (GARBAGE, "cannot be read"),
        (BAD_CHUNK, "cannot be read"),
        (response(headers={"X": "x" * 100_000}), "cannot be read"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "cannot be read"),
    ],
    ids=["503", "nothing", "cut off", "garbage", "bad chunk", "endless header", "bad length"],
)
async def test_tries_come_to_an_end_with_a_reason_in_our_words(trouble: Answer, reason: str) -> None:
    host = FileHost(trouble)
    with pytest.raises(DownloadError, match=reason) as caught:
        await host.fetch(f"{GOOD}?signature=secret")
    assert host.pauses == [0.5, 2.0]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("timeouts", [aiohttp.ClientTimeout(total=0.1), aiohttp.ClientTimeout(sock_read=0.1)])
async def test_a_host_that_does_not_finish_is_given_up(
    timeouts: aiohttp.ClientTimeout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_session, "TIMEOUTS", timeouts)
    host = FileHost(silence)
    with pytest.raises(DownloadError, match="too long"):
        await host.fetch(GOOD)
    assert host.pauses == [0.5, 2.0]


def test_each_wait_has_an_end() -> None:
    limits = http_session.TIMEOUTS
    assert (limits.total, limits.sock_connect, limits.sock_read) == (30, 10, 10)


async def test_a_picture_beyond_the_cap_is_refused_without_reading_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:  # until the client hangs up
            writer.write(b"x" * 1024)
            await writer.drain()

    monkeypatch.setattr(download, "MAX_BYTES", 1024)
    with pytest.raises(DownloadError, match="larger"):
        await FileHost(endless).fetch(GOOD)
    assert len(await FileHost(response(body=b"x" * 1024)).fetch(GOOD)) == 1024


async def test_no_proxy_cookie_or_credential_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    host = FileHost(response(503, headers={"Set-Cookie": "a=b; Domain=replicate.delivery"}), response(body=b"picture"))
    assert await host.fetch(GOOD) == b"picture"
    assert [set(headers) for headers in host.headers] == [{"host", "accept", "accept-encoding", "user-agent"}] * 2


def _inline(data: bytes, head: str = "data:image/png;base64,") -> str:
    return head + base64.b64encode(data).decode()


async def test_an_inline_picture_needs_no_request() -> None:
    host = FileHost(response())
    assert await host.fetch(_inline(b"picture")) == b"picture"
    assert host.asked == []


@pytest.mark.parametrize(
    "uri",
    ["data:", "data:image/png,abc", "data:image/png;base64,***", "data:image/png;base64,YQ", "data:image/png;base64,ü"],
)
async def test_a_broken_inline_picture_is_refused(uri: str) -> None:
    with pytest.raises(DownloadError, match="inline"):
        await FileHost(response()).fetch(uri)


async def test_an_inline_picture_beyond_the_cap_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MAX_BYTES", 8)
    with pytest.raises(DownloadError, match="too large"):
        await FileHost(response()).fetch(_inline(b"0123456789"))
