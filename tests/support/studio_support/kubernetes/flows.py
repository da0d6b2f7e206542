"""What NetworkPolicies let through: a connection needs a rule at both of its ends, or no policy for that end."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, NamedTuple

NAMESPACE = "kubernetes.io/metadata.name"


class Place(NamedTuple):
    """One end of a connection: pods of ours, pods of another namespace, or a host outside, known by its address.

    `ports` are those it listens on, by number: their name, or an empty text.
    """

    name: str
    labels: Mapping[str, str]
    ports: Mapping[int, str]
    namespace: str | None = None
    address: str | None = None

    @property
    def ours(self) -> bool:
        return self.namespace is None and self.address is None


class UnknownSelectorError(ValueError):
    """A policy selects by something that this check does not understand, so its effect is unknown."""


class Flow(NamedTuple):
    source: str
    target: str
    port: int


def allowed(policies: list[dict[str, Any]], places: Iterable[Place]) -> set[Flow]:
    """Every connection between the places that the policies let through. Raises UnknownSelectorError."""
    places = list(places)
    return {
        Flow(source.name, target.name, port)
        for source in places
        for target in places
        for port in target.ports
        if (source.ours or target.ours) and _passes(policies, source, target, port)
    }


def _passes(policies: list[dict[str, Any]], source: Place, target: Place, port: int) -> bool:
    leaves = not source.ours or _end(policies, "egress", source, target, port, target.ports[port])
    arrives = not target.ours or _end(policies, "ingress", target, source, port, target.ports[port])
    return leaves and arrives


def _end(policies: list[dict[str, Any]], way: str, here: Place, there: Place, port: int, port_name: str) -> bool:
    applying = [
        policy["spec"]
        for policy in policies
        if way.capitalize() in policy["spec"]["policyTypes"] and _selects(policy["spec"]["podSelector"], here.labels)
    ]
    if not applying:
        return True
    rules = [rule for spec in applying for rule in spec.get(way, [])]
    return any(
        any(_is_peer(peer, there) for peer in rule["from" if way == "ingress" else "to"])
        and any(port in _range(given) or given["port"] == port_name for given in rule["ports"])
        for rule in rules
    )


def _range(given: dict[str, Any]) -> range:
    first = given["port"]
    return range(first, given.get("endPort", first) + 1) if isinstance(first, int) else range(0)


def _is_in(block: dict[str, Any], address: IPv4Address | IPv6Address) -> bool:
    inside = address in ip_network(block["cidr"])
    return inside and not any(address in ip_network(left_out) for left_out in block.get("except", ()))


def _is_peer(peer: dict[str, Any], place: Place) -> bool:
    if "ipBlock" in peer:
        return place.address is not None and _is_in(peer["ipBlock"], ip_address(place.address))
    if place.address is not None:
        return False
    pods = _selects(peer.get("podSelector", {}), place.labels)
    if "namespaceSelector" in peer:
        return (
            pods and place.namespace is not None and _selects(peer["namespaceSelector"], {NAMESPACE: place.namespace})
        )
    return pods and place.ours


def _selects(selector: dict[str, Any], labels: Mapping[str, str]) -> bool:
    unknown = set(selector) - {"matchLabels"}
    if unknown:
        raise UnknownSelectorError(f"selectors with {unknown} are not understood here")
    return bool(selector.get("matchLabels", {}).items() <= labels.items())
