"""From a brief to everything that fixes the stencil: colours, strategy, size and seed."""

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from studio_contracts.palette import BY_CODE, MAX_CHOSEN
from studio_contracts.reading import Reading
from studio_stencil.planning.motif_words import default_motifs, find_motifs
from studio_stencil.planning.palette_choice import choose_palette, order_by_brief
from studio_stencil.planning.reading import read_brief
from studio_stencil.planning.roles import in_role_order, with_motif_last
from studio_stencil.planning.scale import (
    USUAL_MOTIF_M2,
    Strategy,
    bands_around_fields,
    colours_that_fit,
    region_target,
    room_for_motifs,
    target_coverage,
    with_room,
)
from studio_stencil.planning.size import Layout, fit

NAMES = {
    Strategy.MOTIF: "Scattered",
    Strategy.BANDS: "Flowing",
    Strategy.VORONOI: "Islands",
    Strategy.GRID: "Pattern",
}
"""What a person calls a composition drawn in this way."""


class StencilPlan(NamedTuple):
    """All that `draw` needs. The same plan always gives the same picture, to the byte.

    codes are in role order (base, accents, highlights); coverage is each one's target share of the picture and
    sums to 1; regions is the number of connected areas of one colour. motifs are kinds and numbers of silhouettes,
    for motif alone; there regions counts the bands below them, and their colour is the last. cut is as `Fit` has it.
    """

    reading: Reading
    codes: tuple[str, ...]
    palette_reason: str
    strategy: Strategy
    strategy_reason: str
    width: int
    height: int
    layout: Layout
    mm_per_pixel: float
    seed: int
    coverage: tuple[float, ...]
    regions: int
    motifs: tuple[tuple[str, int], ...]
    cut: tuple[float, float]

    @property
    def name(self) -> str:
        """What a person calls this composition."""
        return NAMES[self.strategy]

    @property
    def width_mm(self) -> float:
        """Width of the whole picture on the ground."""
        return self.width * self.mm_per_pixel

    @property
    def height_mm(self) -> float:
        """Height of the whole picture on the ground."""
        return self.height * self.mm_per_pixel


_STRATEGY_WORDS = {
    Strategy.BANDS: r"band(?:s|ed)?|flow(?:s|ing)?|wav(?:es?|y)|strip(?:es?|ed)|ribbons?|streams?|rivers?|swirls?",
    Strategy.GRID: r"til(?:es?|ed)|grids?|squares?|geometric|hopscotch|blocks?|checker\w*|chequer\w*|mondrian|bauhaus",
}


def choose_strategy(prompt: str) -> tuple[Strategy, str]:
    """The strategy a brief asks for, and why.

    Motifs it names come first. Otherwise the first word for a pattern decides, and without any it is voronoi. Waves
    alone are a pattern.
    """
    motifs = [motif.word for motif in find_motifs(prompt)]
    if motifs and not all(word.startswith("wave") for word in motifs):
        return Strategy.MOTIF, " and ".join(f"'{word}'" for word in motifs) + " in the brief"
    found = [
        (match.start(), strategy, match.group())
        for strategy, words in _STRATEGY_WORDS.items()
        if (match := re.search(rf"\b(?:{words})\b", prompt.lower()))
    ]
    if not found:
        return Strategy.VORONOI, "no word for a pattern in the brief → large organic regions"
    _, strategy, word = min(found)
    return strategy, f"'{word}' in the brief"


def make_plans(
    prompt: str,
    width_m: float,
    height_m: float,
    palette_codes: Sequence[str] | None,
    strategy: str | None,
    seed: int,
    *,
    framed: bool,
    at_most: int,
) -> tuple[StencilPlan, ...]:
    """Plans of different compositions for one brief, the most fitting first. Raises ValueError as `make_plan` does."""
    surface = prompt, width_m, height_m, palette_codes
    first = make_plan(*surface, strategy, seed, framed=framed)
    others = [other for other in NAMES if other not in (Strategy.MOTIF, first.strategy)][: at_most - 1]
    alternatives = [make_plan(*surface, other, seed, framed=framed) for other in others]
    reason = f"another composition beside {first.name.lower()}"
    return first, *(plan._replace(strategy_reason=reason) for plan in alternatives)


def make_plan(
    prompt: str,
    width_m: float,
    height_m: float,
    palette_codes: Sequence[str] | None,
    strategy: str | None,
    seed: int,
    *,
    framed: bool = False,
) -> StencilPlan:
    """Plan the stencil of a brief. `framed` is as in `fit`.

    Colours too many for a small surface are left out, highlights first, and the reason says so. Raises ValueError
    for a bad surface, strategy or number of colours, and for an unknown colour code.
    """
    if palette_codes is not None:
        _check_codes(palette_codes)
    size, layout, mm_per_pixel, cut = fit(width_m, height_m, framed=framed)
    reading = read_brief(prompt)
    asked = (Strategy(strategy), "asked for by the client") if strategy else None
    picked, why = asked or choose_strategy(reading.wanted)
    ordered, palette_reason = (
        choose_palette(reading) if palette_codes is None else order_by_brief(palette_codes, reading)
    )

    ground = size.width * mm_per_pixel, size.height * mm_per_pixel
    count = colours_that_fit(picked, len(ordered), *ground)
    if count < len(ordered):
        palette_reason += f"; only {count} of {len(ordered)} fit a surface this small"
    codes, shares = in_role_order(ordered[:count]), target_coverage(picked, count)
    regions = region_target(picked, count, *ground)
    motifs: tuple[tuple[str, int], ...] = ()
    if picked is Strategy.MOTIF and count > 1:
        codes = with_motif_last(codes)
        shown = (2 * cut[0] * mm_per_pixel, 2 * cut[1] * mm_per_pixel) if layout is Layout.FULL else ground
        motifs, left_out = _count_motifs(
            reading.wanted, room_for_motifs(shares, *shown), shares[-1] * math.prod(shown) / 1e6
        )
        why += "; drawn: " + ", ".join(f"{number} × {kind}" for kind, number in motifs)
        why += f"; no room that could be laid for {left_out} more" if left_out else ""
        number = sum(number for _, number in motifs)
        shares = with_room(shares, number, *shown)
        regions = sum(bands_around_fields(shares, number, *ground)[1])
    return StencilPlan(
        reading=reading,
        codes=codes,
        palette_reason=palette_reason,
        strategy=picked,
        strategy_reason=why,
        width=size.width,
        height=size.height,
        layout=layout,
        mm_per_pixel=mm_per_pixel,
        seed=seed,
        coverage=shares,
        regions=regions,
        motifs=motifs,
        cut=cut,
    )


def _count_motifs(prompt: str, room: int, area_m2: float) -> tuple[tuple[tuple[str, int], ...], int]:
    """Kinds of silhouettes and how many of each, `room` at most, and how many of those asked for that leaves out.

    Several means as many as share area_m2 at USUAL_MOTIF_M2 each, but 3 to 9 for all kinds together.
    """
    motifs = find_motifs(prompt) or default_motifs(prompt)
    several = min(max(round(area_m2 / len(motifs) / USUAL_MOTIF_M2), 3), max(3, 9 // len(motifs)))
    counted = sum(motif.number or 0 for motif in motifs)
    several = max(1, min(several, (room - counted) // max(sum(motif.number is None for motif in motifs), 1)))
    numbers = [(motif.kind, motif.number or several) for motif in motifs[:room]]
    total = sum(number for _, number in numbers)
    drawn = tuple((kind, number if total <= room else max(1, number * room // total)) for kind, number in numbers)
    return drawn, sum(max(0, (motif.number or 0) - dict(drawn).get(motif.kind, 0)) for motif in motifs)


def _check_codes(codes: Sequence[str]) -> None:
    unknown = [code for code in codes if code not in BY_CODE]
    if unknown:
        raise ValueError(f"unknown colour codes {', '.join(unknown)}; valid are {', '.join(BY_CODE)}")
    if not 1 <= len(set(codes)) <= MAX_CHOSEN:
        raise ValueError(f"choose 1 to {MAX_CHOSEN} colours, not {len(set(codes))}")
