"""Which addresses a picture may come from, and what happens when it does not come as it should."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from studio_postprocess.io import download
from studio_postprocess.io.download import Downloader, DownloadError, read_allow_list

ALLOWED = "replicate.delivery *.replicate.delivery http://127.0.0.1:9000"
GOOD = "https://replicate.delivery/a/out-0.png"
PUBLIC, PRIVATE = "93.184.215.14", "10.0.0.7"

Answer = Callable[[httpx.Request], httpx.Response]


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
        async with httpx.AsyncClient(transport=httpx.MockTransport(self), follow_redirects=True) as http:
            return await Downloader(http, read_allow_list(ALLOWED), self.pause).fetch(url)


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names resolve to: a public address, unless a test says otherwise. Nothing is looked up for real."""
    known: dict[str, list[str]] = {}

    async def getaddrinfo(self: object, host: str, port: object, **_: Any) -> list[tuple[Any, ...]]:
        found = known.get(host, [PUBLIC])
        if not found:
            raise OSError("no such name")
        return [(0, 0, 0, "", (address, 0)) for address in found]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return known


@pytest.mark.parametrize(
    "url",
    [
        GOOD,
        "https://pbxt.replicate.delivery/x.png",
        "https://REPLICATE.delivery/x.png",
        "https://a.b.replicate.delivery/x.png?y=@z",
        "http://127.0.0.1:9000/files/x.png",
    ],
)
async def test_a_picture_on_an_allowed_host_is_fetched(url: str) -> None:
    host = FileHost(httpx.Response(200, content=b"picture"))
    assert await host.fetch(url) == b"picture"
    assert len(host.asked) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://replicate.delivery.evil.com/x.png",
        "https://evilreplicate.delivery/x.png",
        "https://evil.com/replicate.delivery/x.png",
        "https://evil.com#.replicate.delivery",
        "https://evil.com?.replicate.delivery",
        "https://replicate.delivery@evil.com/x.png",
        "https://user@replicate.delivery/x.png",
        "https://user:pass@replicate.delivery/x.png",
        "https://replicate.delivery\\@evil.com/x.png",
        "https://replicate.delivery.:443/x.png",
        "https://replicate.delivery:8443/x.png",
        "https://replicate.delivery:port/x.png",
        "http://replicate.delivery/x.png",
        "http://127.0.0.1/x.png",
        "http://127.0.0.1:9001/x.png",
        "https://127.0.0.1:9000/x.png",
        "http://127.1:9000/x.png",
        "http://[::1]:9000/x.png",
        "http://[::1/x.png",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "ftp://replicate.delivery/x.png",
        "//replicate.delivery/x.png",
        "replicate.delivery/x.png",
        "",
    ],
)
async def test_any_other_address_is_refused_without_a_request(url: str) -> None:
    host = FileHost(httpx.Response(200, content=b"secret"))
    with pytest.raises(DownloadError, match="not allowed"):
        await host.fetch(url)
    assert host.asked == []


@pytest.mark.parametrize(
    "found",
    [
        [PRIVATE],
        [PUBLIC, PRIVATE],
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["224.0.0.1"],
        ["240.0.0.1"],
        ["::1"],
        ["fd00::1"],
        ["fe80::1%eth0"],
        ["fec0::1"],
        ["ff0e::1"],
        ["::ffff:10.0.0.7"],
        ["::10.0.0.7"],
        ["64:ff9b::10.0.0.7"],
        ["192.0.0.8"],
        ["192.0.0.192"],
        ["192.88.99.1"],
        ["3fff::1"],
        ["2002:0a00:0007::1"],
    ],
)
async def test_an_allowed_name_with_a_private_address_is_refused(
    found: list[str], addresses: dict[str, list[str]]
) -> None:
    addresses["replicate.delivery"] = found
    host = FileHost(httpx.Response(200))
    with pytest.raises(DownloadError, match="private"):
        await host.fetch(GOOD)
    assert host.asked == []


async def test_the_connection_goes_to_the_address_that_was_checked_and_wants_the_name_s_certificate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    addresses = iter([PUBLIC, PRIVATE])  # from a name server that leads us into our own network

    async def getaddrinfo(*_: object, **__: object) -> list[tuple[Any, ...]]:
        return [(0, 0, 0, "", (next(addresses), 0))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    host = FileHost(httpx.Response(200, content=b"picture"))
    assert await host.fetch(GOOD) == b"picture"
    assert (host.asked, host.reached) == ([GOOD], [(PUBLIC, "replicate.delivery")])


async def test_each_try_is_checked_and_takes_the_next_address(addresses: dict[str, list[str]]) -> None:
    addresses["replicate.delivery"] = [PUBLIC, "2606:4700::6810:1"]
    host = FileHost(httpx.ConnectError("refused"))
    with pytest.raises(DownloadError, match="refused"):
        await host.fetch(GOOD)
    assert [address for address, _ in host.reached] == [PUBLIC, "2606:4700::6810:1", PUBLIC]


async def test_a_name_that_turns_private_between_tries_is_refused(addresses: dict[str, list[str]]) -> None:
    async def turn(seconds: float) -> None:
        addresses["replicate.delivery"] = [PRIVATE]

    host = FileHost(httpx.Response(503))
    host.pause = turn  # type: ignore[method-assign]
    with pytest.raises(DownloadError, match="private"):
        await host.fetch(GOOD)
    assert [address for address, _ in host.reached] == [PUBLIC]


async def test_a_name_without_an_address_is_an_error(addresses: dict[str, list[str]]) -> None:
    addresses["replicate.delivery"] = []
    with pytest.raises(DownloadError, match="no address"):
        await FileHost(httpx.Response(200)).fetch(GOOD)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed_even_by_a_client_that_would(status: int) -> None:
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


@pytest.mark.parametrize(
    "url",
    ["https://replicate.delivery/\x00.png", "https://replicate.delivery/a\r\nb.png", "https://replicate\t.delivery/"],
)
async def test_an_address_the_client_cannot_use_is_refused(url: str) -> None:
    host = FileHost(httpx.Response(200))
    with pytest.raises(DownloadError):
        await host.fetch(url)
    assert host.asked == []


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


@pytest.mark.parametrize("text", ["", "  ", "https://", "replicate.delivery file:///x"])
def test_an_allow_list_that_names_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="STUDIO_DOWNLOAD_HOSTS"):
        read_allow_list(text)
