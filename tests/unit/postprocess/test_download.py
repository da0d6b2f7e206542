"""Which addresses a picture may come from."""

import asyncio
from typing import Any

import httpcore
import httpx
import pytest

from studio_postprocess.io.download import READ_BYTES, DownloadError, read_allow_list, read_in_large_pieces
from studio_support.file_host import GOOD, PRIVATE, PUBLIC, FileHost

pytestmark = pytest.mark.usefixtures("addresses")


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


@pytest.mark.parametrize(
    "url",
    ["https://replicate.delivery/\x00.png", "https://replicate.delivery/a\r\nb.png", "https://replicate\t.delivery/"],
)
async def test_an_address_the_client_cannot_use_is_refused(url: str) -> None:
    host = FileHost(httpx.Response(200))
    with pytest.raises(DownloadError):
        await host.fetch(url)
    assert host.asked == []


@pytest.mark.parametrize("text", ["", "  ", "https://", "replicate.delivery file:///x"])
def test_an_allow_list_that_names_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="STUDIO_DOWNLOAD_HOSTS"):
        read_allow_list(text)


class Connection(httpcore.AsyncMockStream):
    """A connection over which a response arrives; how much was asked for in one piece is recorded."""

    asked = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's
        self.asked = max_bytes
        return await super().read(max_bytes, timeout)


async def test_a_picture_is_taken_in_large_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpcore.AsyncHTTP11Connection, "READ_NUM_BYTES", 1)  # and set back in the end
    read_in_large_pieces()
    connection = Connection([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
    origin = httpcore.Origin(b"http", b"127.0.0.1", 80)
    async with httpcore.AsyncHTTP11Connection(origin, connection) as http:
        await http.request("GET", "http://127.0.0.1/x.png")
    assert connection.asked == READ_BYTES
