"""Where a request may go that others name the address of: to public hosts, looked up once for check and connection."""

import asyncio
import ipaddress
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx  # not in every image

_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fec0::/10"),
        *("192.0.0.0/24", "192.88.99.0/24", "3fff::/20"),
    )
)
"""Ranges that lead to an IPv4 address inside them (compatible, mapped, NAT64, Teredo, 6to4), and site-local ones. Then
those that `is_global` of Python 3.11.0 knows in part or not: for protocols (a cloud has its metadata there), the relays
of 6to4, and for documentation."""


class AddressError(Exception):
    """A host that no request may go to; the text goes on from its name: "has a private address"."""


def is_address(host: str) -> bool:
    """Whether the host is an IP address, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_public(address: str) -> bool:
    """Whether the IP address is one of the public internet. Raises ValueError when it is none at all."""
    ip = ipaddress.ip_address(address)
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or any(ip in network for network in _NOT_PUBLIC))


async def find_addresses(host: str) -> list[str]:
    """The addresses of a host. Raises AddressError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AddressError("has no address") from error
    except ValueError as error:  # a label that is empty, too long or not IDNA; a zero byte
        raise AddressError("has a name that cannot be looked up") from error
    return [str(address[0]) for *_, address in found]


async def find_public_addresses(host: str) -> list[str]:
    """The addresses of a host. Raises AddressError unless there are some and all are public."""
    addresses = await find_addresses(host)
    if not all(is_public(address) for address in addresses):
        raise AddressError("has a private address")
    return addresses


def send_to(request: "httpx.Request", name: str, address: str) -> None:
    """Have the request connect to that address of the host, whose certificate must still be the name's.

    Looked up again for the connection, a hostile name server could give another address than the one checked.
    """
    request.url = request.url.copy_with(host=address)
    request.extensions["sni_hostname"] = name
