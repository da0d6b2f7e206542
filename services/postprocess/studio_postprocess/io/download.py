"""Fetching the provider's pictures: from allow-listed hosts only, bounded in time and size, following no redirect."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

import httpx
from httpcore import AsyncHTTP11Connection

from studio_chassis.outbound.addresses import AddressError, find_public_addresses, is_address, send_to

MAX_BYTES = 20 * 2**20
SECONDS = 30.0
TRIES = 3
PAUSES = (0.5, 2.0)
READ_BYTES = 2**18
"""What asyncio receives at most in one piece."""
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "tpv-studio"}
_TIMEOUTS = httpx.Timeout(10.0).as_dict()


class DownloadError(Exception):
    """The picture cannot be had; the text says why in words for the client."""


class _TransientError(Exception):
    """A failure after which another try may succeed."""


class AllowedHost(NamedTuple):
    """One entry of the allow-list. A name beginning with `*.` stands for every host below it."""

    scheme: str
    name: str
    port: int | None

    def admits(self, url: SplitResult) -> bool:
        """Whether scheme, port and the whole host name match; user names in the URL never do."""
        host = (url.hostname or "").lower()
        fits = host.endswith(self.name[1:]) if self.name.startswith("*.") else host == self.name
        return fits and url.scheme == self.scheme and url.port == self.port and "@" not in url.netloc


def read_allow_list(text: str) -> tuple[AllowedHost, ...]:
    """The allow-list written as hosts separated by spaces. Raises ValueError for an empty one."""
    entries = [urlsplit(entry if "://" in entry else f"https://{entry}") for entry in text.split()]
    if not entries or not all(entry.hostname for entry in entries):
        raise ValueError("STUDIO_DOWNLOAD_HOSTS names no host")
    return tuple(AllowedHost(entry.scheme, entry.hostname or "", entry.port) for entry in entries)


def read_in_large_pieces() -> None:
    """Have this process's HTTP clients take as much in one piece as there is, up to READ_BYTES; by default a quarter of
    it, and each piece passes through six layers: a quarter of a download's processor time.
    """
    AsyncHTTP11Connection.READ_NUM_BYTES = READ_BYTES


class Downloader:
    """Downloads over an injected transport; `pause` waits between tries.

    A client above the transport would follow redirects, keep cookies and pick up credentials, all of which is unwanted
    here, and would take a third of a download's processor time for it.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        allowed: Sequence[AllowedHost],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._transport = transport
        self._allowed = allowed
        self._pause = pause

    async def fetch(self, url: str) -> bytes:
        """The bytes at the URL, or inside it when it is a data URI. Raises DownloadError."""
        if url.startswith("data:"):
            return _inline(url)
        name = self._admitted_name(url)
        for number, seconds in enumerate((*PAUSES, None)):
            try:
                async with asyncio.timeout(SECONDS):
                    return await self._read(url, name, number)
            except (httpx.InvalidURL, UnicodeError) as error:  # the latter from names that IDNA does not know
                raise DownloadError("the provider named an address that cannot be used") from error
            except (_TransientError, httpx.HTTPError, TimeoutError) as error:
                if seconds is None:
                    reason = str(error) or type(error).__name__
                    raise DownloadError(f"the picture could not be fetched: {reason}") from error
                await self._pause(seconds)
        raise AssertionError("unreachable")

    def _admitted_name(self, url: str) -> str | None:
        """The host name to be looked up; None for an address that is allowed as such. Raises DownloadError."""
        try:
            parts = urlsplit(url)
            admitted = next((host for host in self._allowed if host.admits(parts)), None)
        except ValueError:
            admitted = None
        if admitted is None:
            raise DownloadError("the provider named a file on a host that is not allowed")
        return None if is_address(admitted.name) else parts.hostname

    async def _read(self, url: str, name: str | None, number: int) -> bytes:
        request = httpx.Request("GET", url, headers=_HEADERS, extensions={"timeout": _TIMEOUTS})
        if name is not None:
            addresses = await _find_addresses(name)
            send_to(request, name, addresses[number % len(addresses)])
        response = await self._transport.handle_async_request(request)
        async with aclosing(response):
            if response.status_code in (408, 425, 429) or response.status_code >= 500:
                raise _TransientError(f"the file host responded with {response.status_code}")
            if response.status_code != httpx.codes.OK:
                raise DownloadError(f"the file host responded with {response.status_code}")
            if (encoding := response.headers.get("Content-Encoding", "identity")).lower() != "identity":
                raise DownloadError(
                    f"the file host sent the picture as {encoding[:40]}, although it was asked not to encode it"
                )
            pieces, size = [], 0
            async for piece in response.aiter_bytes():
                pieces.append(piece)
                size += len(piece)
                if size > MAX_BYTES:
                    raise DownloadError(f"the picture is larger than {MAX_BYTES // 2**20} MiB")
            return b"".join(pieces)


async def _find_addresses(host: str) -> list[str]:
    try:
        return await find_public_addresses(host)
    except AddressError as error:
        raise DownloadError(f"the provider's file host {error}") from error


def _inline(uri: str) -> bytes:
    head, _, data = uri.partition(",")
    if not head.endswith(";base64") or len(data) > MAX_BYTES:
        raise DownloadError("the provider's inline picture is not base64, or too large")
    try:
        return base64.b64decode(data, validate=True)
    except ValueError as error:
        raise DownloadError("the provider's inline picture cannot be decoded") from error
