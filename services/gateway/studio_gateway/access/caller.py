"""Who sent a request."""

import ipaddress
from dataclasses import dataclass
from typing import Literal

from studio_contracts.access import ANONYMOUS_KEY_ID, ANONYMOUS_OWNER, LOCAL_OWNER, SCOPES, ApiKey, Scope, ShareLink

STRANGERS_MAY: frozenset[Scope] = frozenset({"jobs:create", "jobs:read"})


@dataclass(frozen=True)
class Caller:
    """Who sent a request, and what it may do.

    `key_id` and `name` are those of the API key, or what stands for one. `address` is the client's, behind the proxies
    that are trusted. `link` lets the caller read another owner's job.
    """

    key_id: str
    name: str
    owner: str
    scopes: frozenset[Scope]
    via: Literal["key", "session", "share", "local", "anonymous"]
    address: str
    link: ShareLink | None = None

    @property
    def client(self) -> str:
        """What limits count: the key, or the network of an anonymous caller. No network has a key's id."""
        has_key = self.key_id and self.via != "anonymous"
        return self.key_id if has_key else network_of(self.address)

    @classmethod
    def with_key(cls, key: ApiKey, via: Literal["key", "session"], address: str) -> "Caller":
        """Someone who has a key, or a session that was opened with one."""
        return cls(key.id, key.name, key.owner, key.scopes, via, address)

    @classmethod
    def with_link(cls, link: ShareLink, address: str) -> "Caller":
        """Someone who has nothing but a link to one job. No job has the empty owner."""
        return cls(link.id, "link", "", frozenset({"jobs:read"}), "share", address, link)

    @classmethod
    def local(cls, address: str) -> "Caller":
        """The user of a studio without keys, on the same machine."""
        return cls("", "local", LOCAL_OWNER, frozenset(SCOPES), "local", address)

    @classmethod
    def anonymous(cls, address: str) -> "Caller":
        """A caller without a key, where these are allowed."""
        return cls(ANONYMOUS_KEY_ID, "anonymous", ANONYMOUS_OWNER, STRANGERS_MAY, "anonymous", address)


def network_of(address: str) -> str:
    """What counts as one anonymous client: an IPv4 address, or the /64 network that an IPv6 client has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
