"""From a brief to all that fixes its stencils: colours, directions, size and seed; and from there to the stencils."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from shapely.geometry.base import BaseGeometry

from studio_contracts.brief import MAX_DIRECTIONS, Strategy
from studio_contracts.outline import Outline
from studio_contracts.palette import BY_CODE, MAX_CHOSEN
from studio_contracts.reading import Reading
from studio_stencil.drawing.compose import LETTERS, Composition, Sketch, painted, sketched
from studio_stencil.drawing.directions import Direction, choose_directions
from studio_stencil.drawing.room import area_on_picture
from studio_stencil.motifs.palette import with_motif_colours
from studio_stencil.planning.palette_choice import choose_palette, order_by_brief
from studio_stencil.planning.reading import read_brief
from studio_stencil.planning.roles import in_role_order
from studio_stencil.planning.size import Fit, fit


class StencilPlan(NamedTuple):
    """All that `draw` needs. The same plan and direction always give the same stencil, to the byte.

    codes are in role order: base, accents, highlights. outline is what is laid of a picture, in mm, where not all is.
    """

    reading: Reading
    codes: tuple[str, ...]
    palette_reason: str
    fit: Fit
    outline: BaseGeometry | None
    seed: int
    directions: tuple[Direction, ...]


class Stencil(NamedTuple):
    """A direction as it is drawn: an index map into codes, uint8 (height, width), and each code's share of it (0 to 1).

    codes are those of the plan that the picture shows, in the same order. reason says what is drawn and what is not;
    shown and hidden are the words of the brief's things of which something is drawn, and of the others.
    """

    codes: tuple[str, ...]
    shares: tuple[float, ...]
    indices: np.ndarray
    reason: str
    shown: tuple[str, ...]
    hidden: tuple[str, ...]

    @property
    def subjects_shown(self) -> float | None:
        """Share of the brief's things that are shown; None where it names none."""
        named = len(self.shown) + len(self.hidden)
        return len(self.shown) / named if named else None


def make_plan(
    prompt: str,
    width_m: float,
    height_m: float,
    palette_codes: Sequence[str] | None,
    strategy: Strategy | None,
    seed: int,
    *,
    framed: bool = False,
    at_most: int = MAX_DIRECTIONS,
    variations: int = 1,
    outline: Outline | None = None,
) -> StencilPlan:
    """Plan the stencils of a brief: one to `at_most` directions, the most fitting first. `framed` is as in `fit`.
    `variations` is how often a strategy that the client asked for is arranged. Motifs lie inside the `outline`.

    Raises ValueError for a bad surface or number of colours, and for an unknown colour code.
    """
    if palette_codes is not None:
        _check_codes(palette_codes)
    reading, fitted = read_brief(prompt), fit(width_m, height_m, framed=framed)
    if palette_codes is None:
        ordered, reason = choose_palette(reading)
        codes = with_motif_colours(in_role_order(ordered), reading)
    else:
        ordered, reason = order_by_brief(palette_codes, reading)
        codes = in_role_order(ordered)
    directions = choose_directions(reading, *fitted.ground_m, seed, strategy, variations)[:at_most]
    laid = None if outline is None else area_on_picture(outline, fitted.layout, fitted.ground_m)
    return StencilPlan(reading, codes, reason, fitted, laid, seed, directions)


def sketch(plan: StencilPlan, direction: Direction) -> Sketch:
    """Arrange one direction of a plan."""
    return sketched(
        plan.reading,
        plan.codes,
        *plan.fit.ground_m,
        plan.fit.size,
        direction,
        plan.seed + direction.variation,
        plan.outline,
    )


def draw(plan: StencilPlan, direction: Direction, arranged: Sketch | None = None) -> Stencil:
    """Draw one direction of a plan, which may be arranged already."""
    composition = painted(arranged or sketch(plan, direction))
    counts = np.bincount(composition.laid, minlength=len(plan.codes))
    shown = np.flatnonzero(counts)
    place_of = np.where(counts > 0, (counts > 0).cumsum() - 1, 0).astype(np.uint8)
    words = shown_words(composition, plan.reading)
    return Stencil(
        codes=tuple(plan.codes[index] for index in shown),
        shares=tuple(float(count) / composition.laid.size for count in counts[shown]),
        indices=place_of[composition.indices],
        reason="; ".join(filter(None, (direction.reason, *_told(composition, plan.reading)))),
        shown=tuple(word for word, is_shown in words.items() if is_shown),
        hidden=tuple(word for word, is_shown in words.items() if not is_shown),
    )


def not_drawn(stencils: Sequence[Stencil]) -> tuple[str, ...]:
    """The words of the brief's things that none of its stencils shows."""
    shown = {word for stencil in stencils for word in stencil.shown}
    return tuple(dict.fromkeys(word for stencil in stencils for word in stencil.hidden if word not in shown))


def shown_words(composition: Composition, reading: Reading) -> dict[str, bool]:
    """The words of all things that the brief names and does not refuse, and whether something of each is drawn."""
    drawn = {emoji for emoji, _ in composition.drawn}
    return {
        subject.word: bool(drawn.intersection(LETTERS.get(subject.kind, (subject.motif,))))
        for subject in reading.subjects
        if subject.motif is None or subject.motif not in reading.refused_motifs
    }


def _told(composition: Composition, reading: Reading) -> list[str]:
    """What of the brief's things is drawn, and what is left out and why."""
    words = {subject.motif: subject.word for subject in reading.subjects if subject.motif}
    drawn = ", ".join(f"{number} × {words.get(emoji, emoji)}" for emoji, number in composition.drawn)
    left_out = Counter({(emoji, why): number for emoji, number, why in composition.left_out})
    missing = [f"{number} × {words.get(emoji, emoji)} left out: {why}" for (emoji, why), number in left_out.items()]
    return [f"drawn: {drawn}" if drawn else "", *missing]


def _check_codes(codes: Sequence[str]) -> None:
    unknown = [code for code in codes if code not in BY_CODE]
    if unknown:
        raise ValueError(f"unknown colour codes {', '.join(unknown)}; valid are {', '.join(BY_CODE)}")
    if not 1 <= len(set(codes)) <= MAX_CHOSEN:
        raise ValueError(f"choose 1 to {MAX_CHOSEN} colours, not {len(set(codes))}")
