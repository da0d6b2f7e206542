"""From the clamped picture of a surface to one that an installer could lay."""

from typing import NamedTuple

import cv2
import numpy as np

from studio_postprocess.bends import tight_bends
from studio_postprocess.colour import ByteArray, FloatArray
from studio_postprocess.pieces import absorb, colours_of, pieces_of
from studio_postprocess.rules import FRAGMENT_M2, MIN_AREA_M2, MIN_WIDTH_MM
from studio_postprocess.strips import edge_distance, largest_circles, strips

FINE_MM = 50.0
"""Wobble of any edge up to about three times this long is taken out; corners are rounded to about this radius."""
COARSE_MM = 120.0
"""The same where the pieces on both sides are large."""
EASING_MM = 200.0
"""The same where such an edge still bends too tightly."""
LARGE_MM = 450.0
"""Radius of the circle that fits into a large piece. Smaller ones, a fish or a star, are their outline."""
WORKING_MM = 12.0
"""Side of the pixels the shapes are worked on with, where the picture's own are not larger."""

_AREA_MARGIN = 1.03
_LEAST_PX = 2.5
_LIGHT_PX = 1.5
_ROUNDS = 3
_SAMPLES_PER_SIGMA = 3.0


class Change(NamedTuple):
    """One kind of change: in how many places, and the area that got another colour."""

    places: int
    area_m2: float


class Cleaned(NamedTuple):
    """A surface that can be laid, as an index map (height, width), and what was changed to get it.

    changes has `edges` (smoothing, which also takes what is a few pixels small), `fragments`, `islands`, `strips` and
    `bends`; ground changed twice counts twice. changed is the share of the pixels that differ from the picture before.
    """

    indices: ByteArray
    changes: dict[str, Change]
    changed: float


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
    shapes = _settled(log.take("edges", before, fine), working, narrowest, log)
    free, _, _ = _freedom(shapes, working)
    shapes = log.take("edges", shapes, smoothed(shapes, max(COARSE_MM / working, _LEAST_PX), where=free))
    _, bent, places = _freedom(shapes, working)
    if places:
        shapes = log.take("bends", shapes, smoothed(shapes, EASING_MM / working, where=bent), places)
    shapes = _settled(shapes, working, narrowest, log)

    if size != (width, height):
        shapes = smoothed(shapes, _LIGHT_PX, size=(width, height))
    return Cleaned(shapes, log.changes, float(np.count_nonzero(shapes != indices) / indices.size))


class _Log:
    def __init__(self, pixel_m2: float) -> None:
        self.pixel_m2 = pixel_m2
        self.changes = dict.fromkeys(("edges", "fragments", "islands", "strips", "bends"), Change(0, 0.0))

    def take(self, kind: str, before: ByteArray, after: ByteArray, places: int = 0) -> ByteArray:
        area = int(np.count_nonzero(before != after)) * self.pixel_m2
        known = self.changes[kind]
        self.changes[kind] = Change(known.places + places, known.area_m2 + area)
        return after


def _settled(indices: ByteArray, mm_per_pixel: float, narrowest_mm: float, log: _Log) -> ByteArray:
    """Merge what is too small or too thin, and what that leaves, into its neighbours."""
    for _ in range(_ROUNDS):
        pieces = pieces_of(indices)
        for kind, limit in (("fragments", FRAGMENT_M2), ("islands", MIN_AREA_M2)):
            doomed = pieces.area * log.pixel_m2 < limit * _AREA_MARGIN
            if doomed.any():
                indices = log.take(kind, indices, absorb(indices, pieces, doomed), int(doomed.sum()))
                pieces = pieces_of(indices)
        narrow, thin = strips(indices, edge_distance(indices), narrowest_mm / mm_per_pixel)
        if not thin.any():
            break
        indices = log.take("strips", indices, absorb(indices, narrow, thin), int(thin.sum()))
    return indices


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


def _freedom(indices: ByteArray, mm_per_pixel: float) -> tuple[FloatArray, FloatArray, int]:
    """Where edges may be moved far, and where they should be, 0 to 1; and in how many places they should.

    They may where all pieces beside them are large, except at corners; they should where they bend too tightly.
    """
    pieces = pieces_of(indices)
    room = largest_circles(edge_distance(indices), pieces) * np.float32(mm_per_pixel)
    small = pieces.spread((room < LARGE_MM).view(np.uint8), 0)
    corners, bent = np.zeros_like(indices), np.zeros_like(indices)
    places = 0
    for bend in tight_bends(indices, pieces, room, mm_per_pixel):
        x, y = bend.points.round().astype(np.int64).T
        if bend.kind == "corner":
            corners[y, x] = 1
        elif not small[y, x].any():
            bent[y, x] = 1
            places += 1
    reach = COARSE_MM / mm_per_pixel
    free = (1 - _spread(small, reach)) * (1 - _spread(corners, reach))
    return free, free * _spread(bent, EASING_MM / mm_per_pixel), places


def _spread(mask: ByteArray, reach: float) -> FloatArray:
    """A mask of 0 and 1 grown by `reach` pixels, with edges that fall off over as many."""
    if not mask.any():
        return np.zeros(mask.shape, np.float32)
    far = cv2.distanceTransform(1 - mask, cv2.DIST_L2, cv2.DIST_MASK_3)
    spread: FloatArray = np.clip(2 - far / max(reach, 1.0), 0, 1).astype(np.float32)
    return spread
