"""The HTTP client that fetches pictures. It goes to public addresses alone, keeps nothing and unpacks nothing."""

import socket
import ssl

import aiohttp
import certifi
from aiohttp.abc import AbstractResolver, ResolveResult

from studio_chassis.outbound.addresses import find_public_addresses

TIMEOUTS = aiohttp.ClientTimeout(total=30, sock_connect=10, sock_read=10)
"""Seconds for a whole picture, for a connection, and for the next bytes."""
HEADER_BYTES = 2**16
"""Of one header of a response; by default an eighth of it, less than some hosts send."""
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "tpv-studio"}


class PublicAddresses(AbstractResolver):
    """Looks a name up once for check and connection: asked again, a hostile name server could give another address.

    An address in the place of a name is not looked up; whether it is allowed has been seen before.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Where the host may be connected to. Raises AddressError."""
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
            for address in await find_public_addresses(host)
        ]

    async def close(self) -> None:
        """There is nothing to close."""


def trusted_authorities() -> ssl.SSLContext:
    """Who may say that a host is the one it is called: the same authorities on every machine."""
    return ssl.create_default_context(cafile=certifi.where())


def open_session(names: AbstractResolver, trusted: ssl.SSLContext) -> aiohttp.ClientSession:
    """A session without cookies, credentials and proxies; a proxy would look up names itself, past our check."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=names, use_dns_cache=False, ssl=trusted),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=_HEADERS,
        timeout=TIMEOUTS,
        auto_decompress=False,
        trust_env=False,
        max_field_size=HEADER_BYTES,
    )
