"""Which addresses a picture may come from."""

import asyncio
from typing import Any

import pytest

from studio_postprocess.io.download import DownloadError, read_allow_list
from studio_support.file_host import GOOD, PRIVATE, PUBLIC, FileHost, nothing, response

pytestmark = pytest.mark.usefixtures("addresses")


@pytest.mark.parametrize(
    "url",
    [
        GOOD,
        "https://pbxt.replicate.delivery/x.png",
        "https://REPLICATE.delivery/x.png",
        "https://a.b.replicate.delivery/x.png?y=@z",
        "http://127.0.0.1:{port}/files/x.png",
    ],
)
async def test_a_picture_on_an_allowed_host_is_fetched(url: str) -> None:
    host = FileHost(response(body=b"picture"))
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
        "http://127.0.0.1:1/x.png",
        "https://127.0.0.1:{port}/x.png",
        "http://127.1:{port}/x.png",
        "http://[::1]:{port}/x.png",
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
    host = FileHost(response(body=b"secret"))
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
    host = FileHost(response())
    with pytest.raises(DownloadError, match="private"):
        await host.fetch(GOOD)
    assert host.asked == []


async def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = iter([PUBLIC, PRIVATE])  # from a name server that leads us into our own network

    async def getaddrinfo(*_: object, **__: object) -> list[tuple[Any, ...]]:
        return [(0, 0, 0, "", (next(addresses), 0))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    host = FileHost(response(body=b"picture"))
    assert await host.fetch(GOOD) == b"picture"
    assert (host.asked, host.found) == ([GOOD], [PUBLIC])


async def test_a_host_without_the_name_s_certificate_is_not_asked() -> None:
    host = FileHost(response(body=b"picture"), certified=("replicate.delivery.evil.com",))
    with pytest.raises(DownloadError, match="connection"):
        await host.fetch(GOOD)
    assert host.asked == []


async def test_where_an_address_is_closed_the_next_is_taken(addresses: dict[str, list[str]]) -> None:
    addresses["replicate.delivery"] = [PUBLIC, "2606:4700::6810:1"]
    host = FileHost(response(body=b"picture"), closed=[PUBLIC])
    assert await host.fetch(GOOD) == b"picture"
    assert (host.found, host.pauses) == (addresses["replicate.delivery"], [])


async def test_each_try_looks_the_name_up_and_checks_it_again(addresses: dict[str, list[str]]) -> None:
    host = FileHost(response(), closed=[PUBLIC])
    with pytest.raises(DownloadError, match="connection"):
        await host.fetch(GOOD)
    assert host.found == [PUBLIC] * 3


async def test_a_name_that_turns_private_between_tries_is_refused(addresses: dict[str, list[str]]) -> None:
    async def turn(seconds: float) -> None:
        addresses["replicate.delivery"] = [PRIVATE]

    host = FileHost(nothing)
    host.pause = turn  # type: ignore[method-assign]
    with pytest.raises(DownloadError, match="private"):
        await host.fetch(GOOD)
    assert set(host.found) == {PUBLIC}


async def test_a_name_without_an_address_is_an_error(addresses: dict[str, list[str]]) -> None:
    addresses["replicate.delivery"] = []
    with pytest.raises(DownloadError, match="no address"):
        await FileHost(response()).fetch(GOOD)


@pytest.mark.parametrize(
    "url",
    [
        "https://replicate.delivery/\x00.png",
        "https://replicate.delivery/a\r\nb.png",
        "https://replicate.delivery/a HTTP/1.1\r\nHost: evil.com\r\n\r\n",
        "https://replicate\t.delivery/",
        "https://replicate.delivery/\u202e.png",
        "https://replicate.delivery/\ud800.png",
    ],
)
async def test_an_address_the_client_cannot_use_is_refused(url: str) -> None:
    host = FileHost(response())
    with pytest.raises(DownloadError):
        await host.fetch(url)
    assert host.asked == []


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/a%2Fb/%7E~.png?sig=a%2Fb+c%3D&x=%20", "/a%2Fb/%7E~.png?sig=a%2Fb+c%3D&x=%20"),
        ("/a/../b//c.png?", "/a/../b//c.png"),
        ("/a b.png", "/a%20b.png"),
        ("/\u00fc.png", "/%C3%BC.png"),
        ("/a.png#part", "/a.png"),
        ("", "/"),
    ],
)
async def test_a_signed_address_is_asked_for_as_it_is_and_any_other_is_quoted(path: str, asked: str) -> None:
    host = FileHost(response())
    await host.fetch(f"https://replicate.delivery{path}")
    assert host.asked == [f"https://replicate.delivery{asked}"]


@pytest.mark.parametrize("text", ["", "  ", "https://", "replicate.delivery file:///x"])
def test_an_allow_list_that_names_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="STUDIO_DOWNLOAD_HOSTS"):
        read_allow_list(text)
