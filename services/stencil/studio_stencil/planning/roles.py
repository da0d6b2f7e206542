"""The part each colour plays in a picture, and how much of the surface it is to cover."""

from collections.abc import Sequence
from enum import StrEnum

from studio_stencil.drawing.colour import CLOSE, difference


class Role(StrEnum):
    """Base carries the surface (half or more), accents give it structure, highlights draw the eye."""

    BASE = "base"
    ACCENT = "accent"
    HIGHLIGHT = "highlight"


_ROLES: dict[int, tuple[Role, ...]] = {
    1: (Role.BASE,),
    2: (Role.BASE, Role.ACCENT),
    3: (Role.BASE, Role.ACCENT, Role.HIGHLIGHT),
    4: (Role.BASE, Role.ACCENT, Role.ACCENT, Role.HIGHLIGHT),
    5: (Role.BASE, Role.ACCENT, Role.ACCENT, Role.ACCENT, Role.HIGHLIGHT),
    6: (Role.BASE, Role.ACCENT, Role.ACCENT, Role.ACCENT, Role.HIGHLIGHT, Role.HIGHLIGHT),
}
_COVERAGE: dict[int, tuple[float, ...]] = {
    1: (1.0,),
    2: (0.6, 0.4),
    3: (0.55, 0.30, 0.15),
    4: (0.52, 0.18, 0.15, 0.15),
    5: (0.50, 0.14, 0.12, 0.10, 0.14),
    6: (0.50, 0.14, 0.12, 0.10, 0.07, 0.07),
}


_MOTIF_COVERAGE: dict[int, tuple[float, ...]] = {
    1: (1.0,),
    2: (0.82, 0.18),
    3: (0.56, 0.30, 0.14),
    4: (0.54, 0.18, 0.14, 0.14),
    5: (0.50, 0.14, 0.12, 0.10, 0.14),
    6: (0.50, 0.12, 0.10, 0.07, 0.07, 0.14),
}
"""The last colour is the silhouettes'."""


def roles(count: int) -> tuple[Role, ...]:
    """Roles of a palette of 1 to 6 colours, in the order of `in_role_order`."""
    return _ROLES[count]


def coverage(count: int) -> tuple[float, ...]:
    """Target share of the surface for each of 1 to 6 colours, in role order; shares sum to 1."""
    return _COVERAGE[count]


def motif_coverage(count: int) -> tuple[float, ...]:
    """As `coverage`, for a picture whose last colour is kept for silhouettes."""
    return _MOTIF_COVERAGE[count]


def with_motif_last(codes: Sequence[str]) -> tuple[str, ...]:
    """Codes in role order, with the silhouettes' colour at the end.

    That is the one furthest from the base of those that can be told from all others at a glance.
    """
    if len(codes) < 3:
        return tuple(codes)

    def contrast(code: str) -> float:
        nearest = min(difference(code, other) for other in codes if other != code)
        return min(nearest, 2 * CLOSE) * 100 + difference(code, codes[0])

    motif = max(codes[1:], key=contrast)
    return *(code for code in codes if code != motif), motif


def in_role_order(codes: Sequence[str]) -> tuple[str, ...]:
    """Order 1 to 6 codes as base, accents, highlights.

    The first code stays the base and the accents keep their order: it is what the client or the brief put first.
    Highlights are the colours that stand out most from the base, because they cover least.
    """
    base, *rest = codes
    wanted = roles(len(codes)).count(Role.HIGHLIGHT)
    by_contrast = sorted(rest, key=lambda code: -difference(base, code))
    highlights = by_contrast[:wanted]
    return base, *(code for code in rest if code not in highlights), *highlights
