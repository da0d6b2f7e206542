"""Compares the widths of a surface with the installer's rules: one definition for measuring and for cleaning."""

from typing import NamedTuple

import numpy as np

from studio_colour.difference import ByteArray
from studio_contracts.installer import MIN_GAP_MM, MIN_WIDTH_MM
from studio_postprocess.installable.outside import VOID
from studio_postprocess.installable.regions import BoolArray, IntArray, Pieces, borders_of, pieces_of, votes
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.installable.thin_regions import slender, unreached_within

_BESIDE_A_GAP = 0.25


class WidthCheck(NamedTuple):
    """Strips in which no circle of the smallest width fits, and those in which none of the smallest gap does.

    thin and gaps tell which of them break a rule; around is for each of the second kind the strip of the first that it
    lies in.
    """

    strips: Pieces
    thin: BoolArray
    narrower: Pieces
    gaps: BoolArray
    around: IntArray


def check_widths(shapes: Shapes, mm_per_pixel: float, margin_mm: float = 0.0) -> WidthCheck | None:
    """All thin regions of a surface, None where there are none; `margin_mm` is added to both widths.

    A strip is thin if it is at least twice as long as wide, unless it is ground between two parts of one piece. It is a
    gap where two other colours face each other across it, each along a quarter of its outline or more, or where such
    ground is narrower than a gap may be.
    """
    width, gap = (MIN_WIDTH_MM + margin_mm) / mm_per_pixel, (MIN_GAP_MM + margin_mm) / mm_per_pixel
    too_narrow = shapes.narrow(width)
    narrow, thin = too_narrow.parts, slender(too_narrow.parts, width)
    places = slender(narrow, gap)
    if not places.any():
        return None
    ground = too_narrow.ground
    narrower = pieces_of(shapes.indices, unreached_within(shapes.distance, gap, narrow.box[places]))
    gaps = slender(narrower, gap)
    around = np.zeros(len(narrower.area), np.int64)
    begins = narrower.labels.ravel()[narrower.runs]
    around[begins[begins >= 0]] = narrow.labels.ravel()[narrower.runs][begins >= 0]
    gaps &= _lie_between_two(shapes.indices, narrower, gaps) | (around >= 0) & ground[around]
    return WidthCheck(narrow, thin & ~ground, narrower, gaps, around)


def _lie_between_two(indices: ByteArray, pieces: Pieces, chosen: BoolArray) -> BoolArray:
    borders = borders_of(indices, pieces.labels, chosen)
    other = (borders.colour != pieces.colour[borders.piece]) & (borders.colour != VOID)
    edges = votes(borders.piece[other], borders.colour[other], len(pieces.area))
    beside = (edges >= _BESIDE_A_GAP * edges.sum(axis=1, keepdims=True)) & (edges > 0)
    between: BoolArray = beside.sum(axis=1) >= 2
    return between
