"""Fetching the provider's pictures: from allow-listed hosts only, bounded in time and size, following no redirect."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from studio_chassis.outbound.addresses import AddressError

MAX_BYTES = 20 * 2**20
PAUSES = (0.5, 2.0)


class DownloadError(Exception):
    """The picture cannot be had; the text says why in words for the client."""


class _TransientError(Exception):
    """A failure after which another try may succeed."""


class AllowedHost(NamedTuple):
    """One entry of the allow-list. A name beginning with `*.` stands for every host below it."""

    scheme: str
    name: str
    port: int | None

    def admits(self, url: URL) -> bool:
        """Whether scheme, port and the whole host name match; user names in the URL never do."""
        host = (url.raw_host or "").lower()
        fits = host.endswith(self.name[1:]) if self.name.startswith("*.") else host == self.name
        return fits and url.scheme == self.scheme and url.explicit_port == self.port and "@" not in url.raw_authority


def read_allow_list(text: str) -> tuple[AllowedHost, ...]:
    """The allow-list written as hosts separated by spaces. Raises ValueError for an empty one."""
    entries = [urlsplit(entry if "://" in entry else f"https://{entry}") for entry in text.split()]
    if not entries or not all(entry.hostname for entry in entries):
        raise ValueError("STUDIO_DOWNLOAD_HOSTS names no host")
    return tuple(AllowedHost(entry.scheme, entry.hostname or "", entry.port) for entry in entries)


class Downloader:
    """Downloads over an injected session; `pause` waits between tries."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        allowed: Sequence[AllowedHost],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session = session
        self._allowed = allowed
        self._pause = pause

    async def fetch(self, url: str) -> bytes:
        """The bytes at the URL, or inside it when it is a data URI. Raises DownloadError."""
        if url.startswith("data:"):
            return _inline(url)
        address = self._admitted(url)
        for seconds in (*PAUSES, None):
            try:
                return await self._read(address)
            except AddressError as error:
                raise DownloadError(f"the provider's file host {error}") from error
            except aiohttp.InvalidURL as error:
                raise DownloadError("the provider named an address that cannot be used") from error
            except (_TransientError, aiohttp.ClientError, TimeoutError) as error:
                if seconds is None:
                    raise DownloadError(f"the picture could not be fetched: {_reason(error)}") from error
                await self._pause(seconds)
        raise AssertionError("unreachable")

    def _admitted(self, url: str) -> URL:
        """The address as the session will read it, so that both see the same host in it. Raises DownloadError."""
        if not url.isprintable():
            raise DownloadError("the provider named an address that cannot be used")
        try:
            # signed addresses count on each character of theirs; what no address may hold is quoted
            address = URL(url, encoded=url.isascii() and " " not in url)
            admitted = any(host.admits(address) for host in self._allowed)
        except ValueError:
            admitted = False
        if not admitted:
            raise DownloadError("the provider named a file on a host that is not allowed")
        return address

    async def _read(self, address: URL) -> bytes:
        async with self._session.get(address, allow_redirects=False) as response:
            if response.status in (408, 425, 429) or response.status >= 500:
                raise _TransientError(f"the file host responded with {response.status}")
            if response.status != 200:
                raise DownloadError(f"the file host responded with {response.status}")
            if (encoding := response.headers.get("Content-Encoding", "identity")).lower() != "identity":
                raise DownloadError(
                    f"the file host sent the picture as {encoding[:40]}, although it was asked not to encode it"
                )
            pieces, size = [], 0
            async for piece in response.content.iter_any():
                pieces.append(piece)
                size += len(piece)
                if size > MAX_BYTES:
                    raise DownloadError(f"the picture is larger than {MAX_BYTES // 2**20} MiB")
            return b"".join(pieces)


def _reason(error: Exception) -> str:
    """Why a download failed, in our words: the library's name addresses, and the whole URL with its signature."""
    match error:
        case TimeoutError():
            return "the file host took too long"
        case aiohttp.ClientConnectionError():
            return "the connection to the file host failed"
        case aiohttp.ClientPayloadError():
            return "it was cut off"
        case aiohttp.ClientError():
            return "the file host's response cannot be read"
    return str(error)


def _inline(uri: str) -> bytes:
    head, _, data = uri.partition(",")
    if not head.endswith(";base64") or len(data) > MAX_BYTES:
        raise DownloadError("the provider's inline picture is not base64, or too large")
    try:
        return base64.b64decode(data, validate=True)
    except ValueError as error:
        raise DownloadError("the provider's inline picture cannot be decoded") from error
