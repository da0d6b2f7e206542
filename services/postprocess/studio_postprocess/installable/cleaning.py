"""From the matched picture of a surface to one that an installer could lay."""

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from studio_colour.difference import ByteArray
from studio_contracts.installer import FRAGMENT_M2, MIN_AREA_M2, MIN_WIDTH_MM
from studio_contracts.palette import Colour
from studio_postprocess.installable.bridges import parts_of, with_bridges
from studio_postprocess.installable.easing import eased, too_tight
from studio_postprocess.installable.fine_lines import lines_are_lost, with_thicker_lines
from studio_postprocess.installable.merging import fill_holes, merge
from studio_postprocess.installable.outside import inside, with_outside
from studio_postprocess.installable.region_graph import merge_one_by_one
from studio_postprocess.installable.region_matching import match_regions
from studio_postprocess.installable.regions import Pieces, colours_of
from studio_postprocess.installable.room import grow_where_room
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.installable.smoothing import LIGHT_PX, smoothed
from studio_postprocess.installable.strokes import move_apart, widen
from studio_postprocess.installable.width_check import WidthCheck, check_widths

FINE_MM = 15.0
"""Reach of the first smoothing, which takes out what a model leaves on edges but no line that could be meant."""
EVEN_MM = 30.0
"""Reach of the second, after thin features were widened: wobble up to about three times this long goes."""
EASING_MM = (160.0, 250.0, 160.0)
"""The same, one after the other, around places where an edge between large pieces bends too tightly."""
LINE_MM = 500.0
"""Length from which a fragment may be part of a line, and is not merged before lines are widened."""
FEATURE_SHARE = 0.01
"""Where the smallest island is at least this share of the surface, a smaller island is grown, not absorbed."""
GROWN_M2 = 0.4 * MIN_AREA_M2
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


def clean(
    indices: ByteArray, mm_per_pixel: float, look: ByteArray | None = None, palette: Sequence[Colour] = ()
) -> Cleaned:
    """Clean the index map of a surface, shape (height, width): the same input gives the same output.

    `look` is the original as it lies on the surface, sRGB, in any size, and `palette` what the indices stand for.
    In this order: edges are smoothed, soft gradients get calm regions (see `match_regions`), and fragments are
    merged, with thicker lines where lines would be lost (see `fine_lines`); limbs are moved apart where the gap between
    them is too narrow; thin lines and limbs are widened; pieces that stand out grow where there is room; those still
    too small become part of the neighbour that looks most like them; edges that bend too tightly are eased where the
    pieces beside them are large (a small shape keeps its character, and its violations). Each pixel gets a colour that
    was there; none is left out. What is VOID stays so.
    """
    height, width = indices.shape
    size, working = _working_grid(indices, mm_per_pixel)
    if look is not None:
        look = cv2.resize(look, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    narrowest = MIN_WIDTH_MM + working - mm_per_pixel  # what is uncertain here must hold at the finer scale too
    pixel_m2 = working**2 / 1e6

    raw = smoothed(indices, max(FINE_MM / mm_per_pixel, _FINE_PX), size=size)
    calm = raw if look is None or not palette else match_regions(raw, look, palette, working)
    seen = _without_fragments(Shapes(calm), working, look)
    if palette and lines_are_lost(indices, seen):
        thicker = with_thicker_lines(indices, palette, mm_per_pixel)
        raw = smoothed(thicker, max(FINE_MM / mm_per_pixel, _FINE_PX), size=size)
        seen = _without_fragments(Shapes(raw), working, look)
    apart, look = move_apart(seen, look, working)
    widened = _with_room(widen(apart, working), working, narrowest, look)
    filled = fill_holes(widened, MIN_AREA_M2 / pixel_m2)
    fine = Shapes(smoothed(filled.indices, max(EVEN_MM / working, _FINE_PX)))
    grown = _grown_islands(fine, pixel_m2, narrowest, look)
    shapes = _settled(grown, working, mm_per_pixel, look)
    lost = set(apart.pieces.colour.tolist()) - set(colours_of(shapes.indices))
    if last := _last_of(apart.pieces, lost, pixel_m2):
        shapes = _settled(_grown(shapes, apart.pieces, last, pixel_m2, narrowest), working, mm_per_pixel, look)
    settle = partial(_settled, mm_per_pixel=working, finer_mm=mm_per_pixel, look=look)
    bends = too_tight(shapes, working)
    for number, sigma in enumerate(EASING_MM):
        if all(place.is_tip and number for place in bends.places):
            break  # none is left, or only tips, which are cut once
        shapes, bends = eased(shapes, bends, sigma, working, settle)
    surface = shapes
    if size != (width, height):
        surface = Shapes(smoothed(shapes.indices, LIGHT_PX, size=(width, height), outside=~inside(indices)))
        residue = surface.pieces.area * (mm_per_pixel**2 / 1e6) < FRAGMENT_M2  # which smoothing cut off at thin necks
        surface = merge(surface, residue)
    return Cleaned(surface, seen, shapes, working, float(np.mean((raw != seen.indices)[inside(raw)])))


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
    for _ in range(_ROUNDS):
        shapes = _without_small(shapes, least, look)
        # What is uncertain here must hold at the finer scale too.
        places = check_widths(shapes, mm_per_pixel, mm_per_pixel - finer_mm)
        if places is not None and (bridged := with_bridges(shapes, places, mm_per_pixel)) is not shapes:
            shapes = _without_small(bridged, least, look)
            places = check_widths(shapes, mm_per_pixel, mm_per_pixel - finer_mm)
        if places is None or not (places.thin.any() or places.gaps.any()):
            return shapes
        shapes = _without_thin(shapes, places)
        shapes = _with_room(shapes, mm_per_pixel, MIN_WIDTH_MM + mm_per_pixel - finer_mm, look)
    return _without_small(shapes, least, look)


def _with_room(shapes: Shapes, mm_per_pixel: float, narrowest_mm: float, look: ByteArray | None) -> Shapes:
    if look is None or len(shapes.pieces.area) > _MOST_PIECES:
        return shapes
    return grow_where_room(shapes, mm_per_pixel, narrowest_mm, look)


def _without_small(shapes: Shapes, least: float, look: ByteArray | None) -> Shapes:
    """The shapes without pieces of fewer than `least` pixels."""
    shapes = fill_holes(shapes, least)
    if len(shapes.pieces.area) > _MOST_PIECES:
        shapes = merge(shapes, shapes.pieces.area < least * FRAGMENT_M2 / MIN_AREA_M2, look)
    if len(shapes.pieces.area) > _MOST_PIECES:
        return merge(shapes, shapes.pieces.area < least, look)
    return merge_one_by_one(shapes, least, look)


def _without_thin(shapes: Shapes, places: WidthCheck) -> Shapes:
    """The shapes with thin strips and gaps in the colour, other than their own, that they border on most."""
    parts, chosen = parts_of(shapes, places)
    return merge(shapes, chosen, parts=parts)


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
    return Shapes(with_outside(result, ~inside(shapes.indices)))


def _grown_islands(shapes: Shapes, pixel_m2: float, narrowest_mm: float, look: ByteArray | None) -> Shapes:
    """The shapes with islands grown that are too small, on a surface where the smallest allowed is a large part.

    Small pieces that lie together in the ground become one first.
    """
    if FEATURE_SHARE * shapes.indices.size * pixel_m2 > MIN_AREA_M2 or len(shapes.pieces.area) > _MOST_PIECES:
        return shapes
    least = MIN_AREA_M2 * _AREA_MARGIN / pixel_m2
    joined = merge_one_by_one(shapes, least, look, GROWN_M2 / pixel_m2)
    return _grown(joined, joined.pieces, _nearly_islands(joined.pieces, pixel_m2), pixel_m2, narrowest_mm)


def _nearly_islands(pieces: Pieces, pixel_m2: float) -> list[int]:
    """Pieces alone in the ground and too small for islands."""
    area = pieces.area * pixel_m2
    nearly = (area >= GROWN_M2) & (area < MIN_AREA_M2 * _AREA_MARGIN)
    if not nearly.any():
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
