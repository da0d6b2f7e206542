"""From the clamped picture of a surface to one that an installer could lay."""

import math
from typing import NamedTuple

import cv2
import numpy as np

from studio_contracts.installer import FRAGMENT_M2, MIN_AREA_M2, MIN_WIDTH_MM
from studio_postprocess.clamp.colour import ByteArray, FloatArray
from studio_postprocess.installable.curvature import tight_bends
from studio_postprocess.installable.regions import IntArray, Pieces, absorb, colours_of, pieces_of
from studio_postprocess.installable.thin_regions import edge_distance, largest_circles, strips

FINE_MM = 25.0
"""Wobble of any edge up to about three times this long is taken out; corners are rounded to about this radius."""
EASING_MM = (160.0, 250.0)
"""The same, one after the other, around places where an edge between large pieces bends too tightly."""
REACH_MM = 200.0
"""How far from such a place, and from a corner, edges move freely or not at all; halved and doubled they do partly."""
LARGE_MM = 450.0
"""Radius of the circle that fits into a large piece. Smaller ones, a fish or a star, are their outline."""
LARGE_M2 = 2.5
"""Area of a large piece, likewise."""
FEATURE_SHARE = 0.01
"""Where the smallest island is at least this share of the surface, a piece nearly as large is grown, not absorbed."""
GROWN_M2 = 0.6 * MIN_AREA_M2
"""Smallest piece that is."""
KEPT_M2 = 0.5 * MIN_AREA_M2
"""On any surface the last piece of a colour is grown from this area on, so that the colour is not lost."""
WORKING_MM = 12.0
"""Side of the pixels the shapes are worked on with, where the picture's own are not larger."""

KINDS = ("edges", "fragments", "islands", "strips", "grown", "bends")

_AREA_MARGIN = 1.03
_GROWN_MARGIN = 1.15
_LEAST_PX = 2.5
_LIGHT_PX = 1.5
_ROUNDS = 3
_SAMPLES_PER_SIGMA = 3.0
_SIGMAS = 3.0


class Change(NamedTuple):
    """One kind of change: in how many places, and the area that got another colour."""

    places: int
    area_m2: float


class Cleaned(NamedTuple):
    """A surface that can be laid, as an index map (height, width), and what was changed to get it.

    changes has `edges` (smoothing, which also takes what is a few pixels small), `fragments`, `islands`, `strips`,
    `grown` and `bends`; ground changed twice counts twice. changed is the share of the pixels that differ from the
    picture before.
    """

    indices: ByteArray
    changes: dict[str, Change]
    changed: float


def untouched(indices: ByteArray) -> Cleaned:
    """A surface that needs no cleaning."""
    return Cleaned(indices, dict.fromkeys(KINDS, Change(0, 0.0)), 0.0)


def clean(indices: ByteArray, mm_per_pixel: float) -> Cleaned:
    """Clean the index map of a surface, shape (height, width): the same input gives the same output.

    Edges are smoothed; fragments, islands and strips that are too small to lay get the colour they border on most;
    edges that bend too tightly are eased where the pieces beside them are large (a small shape keeps its character,
    and its violations). Each pixel gets a colour that was there; none is left out.
    """
    height, width = indices.shape
    working = max(WORKING_MM, mm_per_pixel)
    size = (max(1, round(width * mm_per_pixel / working)), max(1, round(height * mm_per_pixel / working)))
    narrowest = MIN_WIDTH_MM + working - mm_per_pixel  # what is uncertain here must hold at the finer scale too
    log = _Log(working**2 / 1e6)

    before = cv2.resize(indices, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8, copy=False)
    fine = smoothed(indices, max(FINE_MM / mm_per_pixel, _LEAST_PX), size=size)
    pieces = pieces_of(log.take("edges", before, fine))
    if nearly := _nearly_islands(pieces, log.pixel_m2):
        fine = log.take("grown", fine, _grown(fine, pieces, nearly, log.pixel_m2, narrowest), len(nearly))
    shapes = _settled(fine, working, narrowest, log)
    if last := _last_of(pieces, set(pieces.colour.tolist()) - set(colours_of(shapes.indices)), log.pixel_m2):
        grown = _grown(shapes.indices, pieces, last, log.pixel_m2, narrowest)
        shapes = _settled(log.take("grown", shapes.indices, grown, len(last)), working, narrowest, log)
    for sigma in EASING_MM:
        bends = _too_tight(shapes, working)
        if not bends.places:
            break
        eased = _eased(shapes.indices, bends, sigma, working)
        eased_shapes = _settled(eased, working, narrowest, _Log(1.0))
        if len(_too_tight(eased_shapes, working).places) >= len(bends.places):
            break
        log.take("bends", shapes.indices, eased, len(bends.places))
        shapes = eased_shapes
    result = shapes.indices
    if size != (width, height):
        result = smoothed(result, _LIGHT_PX, size=(width, height))
        pieces = pieces_of(result)
        crumbs = pieces.area * (mm_per_pixel**2 / 1e6) < FRAGMENT_M2  # which smoothing cut off at thin necks
        if crumbs.any():
            result = absorb(result, pieces, crumbs)
    return Cleaned(result, log.changes, float(np.count_nonzero(result != indices) / indices.size))


class _Log:
    def __init__(self, pixel_m2: float) -> None:
        self.pixel_m2 = pixel_m2
        self.changes = dict.fromkeys(KINDS, Change(0, 0.0))

    def take(self, kind: str, before: ByteArray, after: ByteArray, places: int = 0) -> ByteArray:
        area = int(np.count_nonzero(before != after)) * self.pixel_m2
        known = self.changes[kind]
        self.changes[kind] = Change(known.places + places, known.area_m2 + area)
        return after


class _Shapes(NamedTuple):
    """An index map with its pieces and `edge_distance`."""

    indices: ByteArray
    pieces: Pieces
    distance: FloatArray


def _settled(indices: ByteArray, mm_per_pixel: float, narrowest_mm: float, log: _Log) -> _Shapes:
    """Merge what is too small or too thin, and what that leaves, into its neighbours."""
    for _ in range(_ROUNDS):
        pieces = pieces_of(indices)
        for kind, limit in (("fragments", FRAGMENT_M2), ("islands", MIN_AREA_M2)):
            doomed = pieces.area * (mm_per_pixel**2 / 1e6) < limit * _AREA_MARGIN
            if doomed.any():
                indices = log.take(kind, indices, absorb(indices, pieces, doomed), int(doomed.sum()))
                pieces = pieces_of(indices)
        distance = edge_distance(indices)
        narrow, thin = strips(indices, distance, narrowest_mm / mm_per_pixel)
        if not thin.any():
            return _Shapes(indices, pieces, distance)
        indices = log.take("strips", indices, absorb(indices, narrow, thin), int(thin.sum()))
    return _Shapes(indices, pieces_of(indices), edge_distance(indices))


def smoothed(
    indices: ByteArray, sigma: float, size: tuple[int, int] | None = None, where: FloatArray | None = None
) -> ByteArray:
    """Each pixel gets the colour that is strongest around it, weighed by a Gaussian of `sigma` pixels.

    This moves edges by their curvature and keeps them meeting at even angles (Merriman, Bence, Osher, "Diffusion
    generated motion by mean curvature", 1992). `size` is (width, height) of the result, when it is to have another.
    With `where`, shape (height, width) and 0 to 1, edges move only there.
    """
    height, width = indices.shape
    step = max(1.0, sigma / _SAMPLES_PER_SIGMA)
    coarse = (max(1, round(width / step)), max(1, round(height / step)))
    size = size or (width, height)
    strongest = np.full(size[::-1], -np.inf, np.float32)
    field, result = np.empty_like(strongest), np.zeros(size[::-1], np.uint8)
    for colour in colours_of(indices):
        mask = cv2.inRange(indices, (colour,), (colour,))
        small = cv2.resize(mask, coarse, interpolation=cv2.INTER_AREA).astype(np.float32)
        blurred = cv2.GaussianBlur(small, (0, 0), sigma / step, borderType=cv2.BORDER_REFLECT)
        cv2.resize(blurred, size, dst=field, interpolation=cv2.INTER_CUBIC)
        if where is not None:
            light = cv2.GaussianBlur(mask, (0, 0), _LIGHT_PX, borderType=cv2.BORDER_REFLECT)
            cv2.blendLinear(field, light.astype(np.float32), where, 1 - where, dst=field)
        stronger = (field > strongest).view(np.uint8)
        cv2.max(result, stronger * np.uint8(colour), dst=result)  # colours come in rising order
        cv2.max(field, strongest, dst=strongest)
    return result


def _grown(indices: ByteArray, pieces: Pieces, chosen: list[int], pixel_m2: float, narrowest_mm: float) -> ByteArray:
    """The index map with the chosen pieces grown on all sides until they are islands, and wide enough somewhere."""
    result = indices.copy()
    wanted = min(round(_GROWN_MARGIN * MIN_AREA_M2 / pixel_m2), indices.size) - 1
    radius = _GROWN_MARGIN * narrowest_mm / 2 / math.sqrt(pixel_m2 * 1e6)
    for number in chosen:
        own = (pieces.labels == number).view(np.uint8)
        far = cv2.distanceTransform(1 - own, cv2.DIST_L2, cv2.DIST_MASK_5)
        inner = float(cv2.distanceTransform(own, cv2.DIST_L2, cv2.DIST_MASK_5).max())
        lacking = radius - inner + 1.5  # both distances are to the middle of a pixel, and whole pixels are won
        result[far <= max(np.partition(far.ravel(), wanted)[wanted], lacking)] = pieces.colour[number]
    return result


def _nearly_islands(pieces: Pieces, pixel_m2: float) -> list[int]:
    """Pieces a little too small for islands, on a surface where that is a large part."""
    area = pieces.area * pixel_m2
    if FEATURE_SHARE * pieces.labels.size * pixel_m2 > MIN_AREA_M2:
        return []
    return np.flatnonzero((area >= GROWN_M2) & (area < MIN_AREA_M2 * _AREA_MARGIN)).tolist()


def _last_of(pieces: Pieces, colours: set[int], pixel_m2: float) -> list[int]:
    """The largest piece of each of the colours, unless it is much too small for an island."""
    largest = [int((pieces.area * (pieces.colour == colour)).argmax()) for colour in sorted(colours)]
    return [number for number in largest if pieces.area[number] * pixel_m2 >= KEPT_M2]


class _Bends(NamedTuple):
    """Points (n, 2), x and y, of each place where an edge between large pieces bends too tightly, and all corners."""

    places: list[IntArray]
    corners: ByteArray


def _too_tight(shapes: _Shapes, mm_per_pixel: float) -> _Bends:
    room = largest_circles(shapes.distance, shapes.pieces) * np.float32(mm_per_pixel)
    small = (room < LARGE_MM) | (shapes.pieces.area * (mm_per_pixel**2 / 1e6) < LARGE_M2)
    bends = _Bends([], np.zeros_like(shapes.indices))
    for bend in tight_bends(shapes.indices, shapes.pieces, room, mm_per_pixel):
        points = bend.points.round().astype(np.int64)
        x, y = points.T
        if bend.kind == "corner":
            bends.corners[y, x] = 1
        elif not small[shapes.pieces.labels[y, x]].any():
            bends.places.append(points)
    return bends


def _eased(indices: ByteArray, bends: _Bends, sigma_mm: float, mm_per_pixel: float) -> ByteArray:
    """The index map smoothed around the places, but not at corners. Only the ground around them is worked on."""
    sigma, reach = max(sigma_mm / mm_per_pixel, _LEAST_PX), REACH_MM / mm_per_pixel
    margin = round(2 * reach + _SIGMAS * sigma)
    near = np.zeros_like(indices)
    for points in bends.places:
        (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        cv2.rectangle(near, (left - margin, top - margin), (right + margin, bottom + margin), (1,), -1)
    _, regions, boxes, _ = cv2.connectedComponentsWithStats(near)
    eased = indices.copy()
    for number in range(1, len(boxes)):
        left, top, across, down, _ = boxes[number].tolist()
        bent = np.zeros((down, across), np.uint8)
        for points in bends.places:
            if regions[points[0, 1], points[0, 0]] == number:
                bent[points[:, 1] - top, points[:, 0] - left] = 1
        window = slice(top, top + down), slice(left, left + across)
        where = _spread(bent, reach) * (1 - _spread(bends.corners[window], reach / 2))
        eased[window] = smoothed(eased[window], sigma, where=where)
    return eased


def _spread(mask: ByteArray, reach: float) -> FloatArray:
    """A mask of 0 and 1 grown by `reach` pixels, with edges that fall off over as many."""
    if not mask.any():
        return np.zeros(mask.shape, np.float32)
    far = cv2.distanceTransform(1 - mask, cv2.DIST_L2, cv2.DIST_MASK_3)
    spread: FloatArray = np.clip(2 - far / max(reach, 1.0), 0, 1).astype(np.float32)
    return spread
