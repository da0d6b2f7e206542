"""From the matched picture of a surface to one that an installer could lay."""

import math
from typing import NamedTuple

import cv2
import numpy as np

from studio_contracts.installer import FRAGMENT_M2, MIN_AREA_M2, MIN_GAP_MM, MIN_WIDTH_MM
from studio_postprocess.clamp.colour import ByteArray
from studio_postprocess.installable.easing import eased, too_tight
from studio_postprocess.installable.merging import fill_holes, merge
from studio_postprocess.installable.region_graph import merge_one_by_one
from studio_postprocess.installable.regions import BoolArray, Pieces, colours_of, pieces_from, pieces_of
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.installable.smoothing import LIGHT_PX, smoothed
from studio_postprocess.installable.strokes import move_apart, widen
from studio_postprocess.installable.thin_regions import (
    between_parts,
    slender,
    strips,
    unreached,
)

FINE_MM = 15.0
"""Reach of the first smoothing, which takes out what a model leaves on edges but no line that could be meant."""
EVEN_MM = 30.0
"""Reach of the second, after thin features were widened: wobble up to about three times this long goes."""
EASING_MM = (160.0, 250.0)
"""The same, one after the other, around places where an edge between large pieces bends too tightly."""
LINE_MM = 500.0
"""Length from which a fragment may be part of a line, and is not merged before lines are widened."""
FEATURE_SHARE = 0.01
"""Where the smallest island is at least this share of the surface, a piece nearly as large is grown, not absorbed."""
GROWN_M2 = 0.6 * MIN_AREA_M2
"""Smallest piece that is."""
KEPT_M2 = 0.5 * MIN_AREA_M2
"""On any surface the last piece of a colour is grown from this area on, so that the colour is not lost."""
WORKING_MM = 12.0
"""Side of the pixels the shapes are worked on with, where the picture's own are not larger."""

_AREA_MARGIN = 1.03
_GROWN_MARGIN = 1.15
_FINE_PX = 1.2
_ROUNDS = 2
_ALONE = 0.8
_MOST_PIECES = 600
"""Pieces up to which small ones are merged one by one."""


class Cleaned(NamedTuple):
    """A surface that can be laid.

    `surface` is the whole surface. `seen` is what a person sees in the picture before: without fragments, which covered
    the share `fragments`, on the working grid; `laid` is the result on the same grid. Its pixels have sides of
    working_mm.
    """

    surface: Shapes
    seen: Shapes
    laid: Shapes
    working_mm: float
    fragments: float

    @property
    def indices(self) -> ByteArray:
        """The index map of the whole surface, shape (height, width)."""
        return self.surface.indices


def untouched(surface: Shapes, mm_per_pixel: float) -> Cleaned:
    """A surface that needs no cleaning."""
    size, working_mm = _working_grid(surface.indices, mm_per_pixel)
    seen = _on_grid(surface, size)
    return Cleaned(surface, seen, seen, working_mm, 0.0)


def clean(indices: ByteArray, mm_per_pixel: float, look: ByteArray | None = None) -> Cleaned:
    """Clean the index map of a surface, shape (height, width): the same input gives the same output.

    `look` is the original as it lies on the surface, sRGB, in any size. In this order: edges are smoothed and fragments
    merged; limbs are moved apart where the gap between them is too narrow; thin lines and limbs are widened; pieces
    that are still too small become part of the neighbour that looks most like them; edges that bend too tightly are
    eased where the pieces beside them are large (a small shape keeps its character, and its violations). Each pixel
    gets a colour that was there; none is left out.
    """
    height, width = indices.shape
    size, working = _working_grid(indices, mm_per_pixel)
    if look is not None:
        look = cv2.resize(look, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    narrowest = MIN_WIDTH_MM + working - mm_per_pixel  # what is uncertain here must hold at the finer scale too
    pixel_m2 = working**2 / 1e6

    raw = Shapes(smoothed(indices, max(FINE_MM / mm_per_pixel, _FINE_PX), size=size))
    seen = _without_fragments(raw, working, look)
    apart, look = move_apart(seen, look, working)
    filled = fill_holes(widen(apart, working), MIN_AREA_M2 / pixel_m2)
    fine = Shapes(smoothed(filled.indices, max(EVEN_MM / working, _FINE_PX)))
    grown = _grown(fine, fine.pieces, _nearly_islands(fine.pieces, pixel_m2), pixel_m2, narrowest)
    shapes = _settled(grown, working, mm_per_pixel, look)
    lost = set(apart.pieces.colour.tolist()) - set(colours_of(shapes.indices))
    if last := _last_of(apart.pieces, lost, pixel_m2):
        shapes = _settled(_grown(shapes, apart.pieces, last, pixel_m2, narrowest), working, mm_per_pixel, look)
    for sigma in EASING_MM:
        bends = too_tight(shapes, working)
        if not bends.places:
            break
        gentler = _settled(eased(shapes, bends, sigma, working), working, mm_per_pixel, look)
        if len(too_tight(gentler, working).places) >= len(bends.places):
            break
        shapes = gentler
    surface = shapes
    if size != (width, height):
        surface = Shapes(smoothed(shapes.indices, LIGHT_PX, size=(width, height)))
        residue = surface.pieces.area * (mm_per_pixel**2 / 1e6) < FRAGMENT_M2  # which smoothing cut off at thin necks
        surface = merge(surface, residue)
    return Cleaned(surface, seen, shapes, working, float(np.mean(raw.indices != seen.indices)))


def without_small_and_thin(cleaned: Cleaned, mm_per_pixel: float) -> Cleaned:
    """A cleaned surface without what is still too small or too thin on its own, finer grid."""
    surface = _settled(cleaned.surface, mm_per_pixel, mm_per_pixel, None)
    height, width = cleaned.laid.indices.shape
    return cleaned._replace(surface=surface, laid=_on_grid(surface, (width, height)))


def _working_grid(indices: ByteArray, mm_per_pixel: float) -> tuple[tuple[int, int], float]:
    height, width = indices.shape
    working = max(WORKING_MM, mm_per_pixel)
    scale = mm_per_pixel / working
    return (max(1, round(width * scale)), max(1, round(height * scale))), working


def _on_grid(shapes: Shapes, size: tuple[int, int]) -> Shapes:
    height, width = shapes.indices.shape
    if size == (width, height):
        return shapes
    return Shapes(cv2.resize(shapes.indices, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8, copy=False))


def _without_fragments(shapes: Shapes, mm_per_pixel: float, look: ByteArray | None) -> Shapes:
    pieces = shapes.pieces
    short = np.hypot(pieces.box[:, 2], pieces.box[:, 3]) * mm_per_pixel < LINE_MM
    return merge(shapes, short & (pieces.area * (mm_per_pixel**2 / 1e6) < FRAGMENT_M2), look)


def _settled(shapes: Shapes, mm_per_pixel: float, finer_mm: float, look: ByteArray | None) -> Shapes:
    """Merge what is too small or too thin."""
    least = MIN_AREA_M2 * _AREA_MARGIN / (mm_per_pixel**2 / 1e6)
    margin = mm_per_pixel - finer_mm  # what is uncertain here must hold at the finer scale too
    for _ in range(_ROUNDS):
        shapes = _without_small(shapes, least, look)
        narrow, thin = strips(shapes.indices, shapes.distance, (MIN_WIDTH_MM + margin) / mm_per_pixel)
        if thin.any():
            thin &= ~_open_gaps(shapes, narrow, (MIN_GAP_MM + margin) / mm_per_pixel)
        if not thin.any():
            return shapes
        shapes = _without_strips(shapes, narrow, thin)
    return _without_small(shapes, least, look)


def _without_small(shapes: Shapes, least: float, look: ByteArray | None) -> Shapes:
    """The shapes without pieces of fewer than `least` pixels."""
    shapes = fill_holes(shapes, least)
    if len(shapes.pieces.area) > _MOST_PIECES:
        shapes = merge(shapes, shapes.pieces.area < least * FRAGMENT_M2 / MIN_AREA_M2, look)
    if len(shapes.pieces.area) > _MOST_PIECES:
        return merge(shapes, shapes.pieces.area < least, look)
    return merge_one_by_one(shapes, least, look)


def _open_gaps(shapes: Shapes, narrow: Pieces, gap: float) -> BoolArray:
    """Which strips are ground between parts of one piece, and nowhere narrower than `gap` pixels."""
    ground = between_parts(shapes.pieces, narrow)
    if not ground.any():
        return ground
    narrower = pieces_of(shapes.indices, unreached(shapes.distance, gap) & narrow.spread(ground, False))
    closed = narrower.spread(slender(narrower, gap), False)
    ground[narrow.labels[closed]] = False
    return ground


def _without_strips(shapes: Shapes, narrow: Pieces, thin: BoolArray) -> Shapes:
    """The shapes with thin strips in the colour, other than their own, that they border on most."""
    count = len(shapes.pieces.area)
    labels = np.where(narrow.labels >= 0, narrow.labels + count, shapes.pieces.labels)
    parts = pieces_from(labels, np.concatenate([shapes.pieces.colour, narrow.colour]))
    return merge(shapes, np.concatenate([np.zeros(count, np.bool_), thin]), parts=parts)


def _grown(shapes: Shapes, pieces: Pieces, chosen: list[int], pixel_m2: float, narrowest_mm: float) -> Shapes:
    """The shapes with the chosen pieces grown on all sides until they are islands, and wide enough somewhere."""
    if not chosen:
        return shapes
    result = shapes.indices.copy()
    wanted = min(round(_GROWN_MARGIN * MIN_AREA_M2 / pixel_m2), result.size) - 1
    radius = _GROWN_MARGIN * narrowest_mm / 2 / math.sqrt(pixel_m2 * 1e6)
    for number in chosen:
        own = (pieces.labels == number).view(np.uint8)
        far = cv2.distanceTransform(1 - own, cv2.DIST_L2, cv2.DIST_MASK_5)
        inner = float(cv2.distanceTransform(own, cv2.DIST_L2, cv2.DIST_MASK_5).max())
        lacking = radius - inner + 1.5  # both distances are to the middle of a pixel, and whole pixels are won
        result[far <= max(np.partition(far.ravel(), wanted)[wanted], lacking)] = pieces.colour[number]
    return Shapes(result)


def _nearly_islands(pieces: Pieces, pixel_m2: float) -> list[int]:
    """Pieces alone in the ground and a little too small for islands, on a surface where that is a large part."""
    area = pieces.area * pixel_m2
    nearly = (area >= GROWN_M2) & (area < MIN_AREA_M2 * _AREA_MARGIN)
    if FEATURE_SHARE * pieces.labels.size * pixel_m2 > MIN_AREA_M2 or not nearly.any():
        return []
    near = pieces.neighbours
    beside_ground = near.other == pieces.ground
    border, with_ground = (
        np.bincount(near.piece[chosen], weights=near.edges[chosen], minlength=len(area))
        for chosen in (slice(None), beside_ground)
    )
    return np.flatnonzero(nearly & (with_ground >= _ALONE * border)).tolist()


def _last_of(pieces: Pieces, colours: set[int], pixel_m2: float) -> list[int]:
    """The largest piece of each of the colours, unless it is much too small for an island."""
    largest = [int((pieces.area * (pieces.colour == colour)).argmax()) for colour in sorted(colours)]
    return [number for number in largest if pieces.area[number] * pixel_m2 >= KEPT_M2]
