"""Palette colours for a motif's own fills: by hue first, never the colour of the ground."""

import math
from collections.abc import Sequence
from functools import cache

from studio_contracts.palette import BY_CODE, PALETTE
from studio_stencil.drawing.colour import CLOSE, difference, lab
from studio_stencil.motifs.letters import INK
from studio_stencil.motifs.library import find_motif

GREY_CHROMA = 14.0
"""CIELAB chroma below which a colour is called grey, black or white."""
HUE_WEIGHT, LIGHTNESS_WEIGHT, CHROMA_WEIGHT = 2.0, 0.8, 0.6
"""A person names a colour by its hue; lightness and chroma count less."""
VIVID = 40.0
"""Chroma from which on hues differ no more to the eye."""
LOUD = 12.0
"""What it costs to show a grey fill in a bright colour, or the other way round."""

MISNAMED = 20.0
"""What it costs to show brown as another colour, or the other way round."""

SHOWN, DISTINCT, STRETCHED = 0.06, 14.0, 42.0
"""A fill of at least this share, this different from the largest, gets a colour of its own, if one is this near."""


def fill_difference(fill: str, code: str) -> float:
    """How badly a palette colour stands for a fill, `#rrggbb`; 0 for the same colour."""
    return _named_difference(fill, BY_CODE[code].hex.lower())


@cache
def _named_difference(one: str, other: str) -> float:
    (l1, a1, b1), (l2, a2, b2) = (lab(_rgb(colour)) for colour in (one, other))
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    turn = math.atan2(b1, a1) - math.atan2(b2, a2)
    hue = 2 * math.sqrt(min(c1, VIVID) * min(c2, VIVID)) * abs(math.sin(turn / 2))
    mixed = LOUD if (c1 < GREY_CHROMA) != (c2 < GREY_CHROMA) else 0.0
    if _is_brown(l1, a1, b1) and _is_brown(l2, a2, b2):
        hue /= 2
    elif _is_brown(l1, a1, b1) or _is_brown(l2, a2, b2):
        mixed += MISNAMED
    return math.hypot(HUE_WEIGHT * hue, LIGHTNESS_WEIGHT * (l1 - l2), CHROMA_WEIGHT * (c1 - c2)) + mixed


def _is_brown(lightness: float, a: float, b: float) -> bool:
    """Whether a colour is a dark orange, which has a name of its own."""
    return lightness < 62 and GREY_CHROMA < math.hypot(a, b) < 60 and 36 < math.degrees(math.atan2(b, a)) < 85


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@cache
def natural_colours(emoji: str) -> tuple[str, ...]:
    """Palette codes of a motif's own colours, the one that covers most first; empty where there is no motif."""
    motif = find_motif(emoji)
    areas: dict[str, float] = {}
    for part in motif.parts if motif else ():
        code = min((colour.code for colour in PALETTE), key=lambda code: fill_difference(part.fill, code))
        areas[code] = areas.get(code, 0.0) + part.area.area
    return tuple(sorted(areas, key=lambda code: -areas[code]))


def motif_colours(emoji: str, codes: Sequence[str], ground: str, main: str | None = None) -> dict[str, str]:
    """A palette code for each fill of a motif, from `codes` without `ground`.

    `main` is for the fill that covers most, where the brief asks for a colour. That fill never gets a colour that
    reads as the ground where there is another.
    """
    motif = find_motif(emoji)
    if motif is None:
        return {}
    areas: dict[str, float] = {}
    for part in motif.parts:
        areas[part.fill] = areas.get(part.fill, 0.0) + part.area.area
    free = [code for code in codes if code != ground] or [ground]
    clear = [code for code in free if difference(code, ground) >= 2 * CLOSE] or free
    largest = max(areas, key=lambda fill: areas[fill])
    chosen = {fill: min(free, key=lambda code: fill_difference(fill, code)) for fill in areas}
    body = main if main in free else min(clear, key=lambda code: fill_difference(largest, code))
    if largest == INK and main not in free:
        body = max(free, key=lambda code: difference(code, ground))
    like = chosen[largest]
    chosen = {fill: body if code == like else code for fill, code in chosen.items()}
    total = sum(areas.values())
    for fill in sorted(areas, key=lambda fill: -areas[fill]):
        if areas[fill] > SHOWN * total and chosen[fill] == body and _named_difference(fill, largest) > DISTINCT:
            others = [code for code in clear if code != body and fill_difference(fill, code) < STRETCHED]
            chosen[fill] = min(others, key=lambda code: fill_difference(fill, code), default=body)
    return chosen
