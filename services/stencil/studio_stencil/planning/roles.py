"""The part each colour plays in a picture, and how much of the surface it is to cover."""

from collections.abc import Sequence

from studio_contracts.plan import Role
from studio_stencil.drawing.colour import difference

_ROLES: dict[int, tuple[Role, ...]] = {
    1: ("base",),
    2: ("base", "accent"),
    3: ("base", "accent", "highlight"),
    4: ("base", "accent", "accent", "highlight"),
    5: ("base", "accent", "accent", "accent", "highlight"),
    6: ("base", "accent", "accent", "accent", "highlight", "highlight"),
}
_COVERAGE: dict[int, tuple[float, ...]] = {
    1: (1.0,),
    2: (0.6, 0.4),
    3: (0.55, 0.30, 0.15),
    4: (0.52, 0.18, 0.15, 0.15),
    5: (0.50, 0.14, 0.12, 0.10, 0.14),
    6: (0.50, 0.14, 0.12, 0.10, 0.07, 0.07),
}


def roles(count: int) -> tuple[Role, ...]:
    """Roles of a palette of 1 to 6 colours, in the order of `in_role_order`."""
    return _ROLES[count]


def roles_by_share(shares: Sequence[float]) -> tuple[Role, ...]:
    """The role that each of 1 to 6 colours plays in a picture of which they cover these shares: base is the largest."""
    order = sorted(range(len(shares)), key=lambda number: -shares[number])
    played = dict(zip(order, roles(len(shares)), strict=True))
    return tuple(played[number] for number in range(len(shares)))


def coverage(count: int) -> tuple[float, ...]:
    """Target share of the surface for each of 1 to 6 colours, in role order; shares sum to 1."""
    return _COVERAGE[count]


def in_role_order(codes: Sequence[str]) -> tuple[str, ...]:
    """Order 1 to 6 codes as base, accents, highlights.

    The first code stays the base and the accents keep their order: it is what the client or the brief put first.
    Highlights are the colours that stand out most from the base, because they cover least.
    """
    base, *rest = codes
    wanted = roles(len(codes)).count("highlight")
    by_contrast = sorted(rest, key=lambda code: -difference(base, code))
    highlights = by_contrast[:wanted]
    return base, *(code for code in rest if code not in highlights), *highlights
