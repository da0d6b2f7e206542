"""Thin features that are worth keeping, and the gaps between limbs: found, moved apart, and widened.

As in the generalisation of maps, what is too thin for the scale is exaggerated, and what that would make run together
is displaced first.
"""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_colour.difference import ByteArray, FloatArray
from studio_contracts.installer import MIN_AREA_M2, MIN_GAP_MM, MIN_WIDTH_MM
from studio_postprocess.installable.outside import extended, inside, with_outside
from studio_postprocess.installable.regions import BoolArray
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.installable.thin_regions import slender, unreached

STROKE_MM = MIN_WIDTH_MM + 20
"""Width that a thin feature is given: the pixels of the working grid and the last smoothing take a little of it."""
OPEN_MM = MIN_GAP_MM + 14
"""Width that a gap between limbs is given."""
WORTH_M2 = 0.6 * MIN_AREA_M2
"""Area from which a piece whose thin parts are widened is kept, on the way to an island."""
MOST_MOVED_MM = 140.0
"""No edge is displaced by more."""

_SLENDER = 1.3
_NEAR_GAP_MM = 220.0
_REACH_MM = 700.0
_LEAST_MM = 36.0
_LEAST_MOVE_MM = 6.0
_NEWTON_STEPS = 4
_ON_GROUND, _TORN_PX = 0.7, 3.0
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Strokes(NamedTuple):
    """Medial axes of thin features and of gaps between limbs, as masks (height, width)."""

    features: BoolArray
    gaps: BoolArray


def find_strokes(shapes: Shapes, mm_per_pixel: float, width_mm: float) -> Strokes:
    """The strips of the shapes in which no circle of `width_mm` fits."""
    width = width_mm / mm_per_pixel
    narrow = shapes.narrow(width)
    if not len(narrow.parts.area):
        nothing = np.zeros(shapes.indices.shape, np.bool_)
        return Strokes(nothing, nothing)
    long = slender(narrow.parts, width, _SLENDER)
    axes = shapes.axes & narrow.parts.spread(long, False)
    gaps = axes & narrow.parts.spread(narrow.ground, False)
    return Strokes(axes & ~gaps, gaps)


def move_apart(shapes: Shapes, look: ByteArray | None, mm_per_pixel: float) -> tuple[Shapes, ByteArray | None]:
    """The shapes and the original with narrow gaps between limbs opened, and thin limbs beside them widened.

    Each gap and limb is a source of as much width as it lacks; edges flow away from all sources by the gradient of a
    screened potential, so that limbs beyond are pushed on and nothing is torn or joined (as in density-equalising
    maps: Gastner, Newman, PNAS 101, 2004).
    """
    for _ in range(2):
        strokes = find_strokes(shapes, mm_per_pixel, MIN_WIDTH_MM + 2 * mm_per_pixel)
        if not strokes.gaps.any():
            break
        to_gap = _far_from(strokes.gaps) * mm_per_pixel
        width = np.maximum((2 * shapes.distance + 1) * mm_per_pixel, _LEAST_MM)
        wanted = np.where(strokes.gaps, OPEN_MM, STROKE_MM - mm_per_pixel)
        sources = strokes.gaps | (strokes.features & (to_gap < _NEAR_GAP_MM))
        lacking = np.where(sources, np.maximum(wanted - width, 0), 0).astype(np.float32)
        if lacking.max() < _LEAST_MOVE_MM:
            break
        origin = _origins(lacking / mm_per_pixel, mm_per_pixel)
        outside = ~inside(shapes.indices)
        whole = extended(with_outside(_thickened(shapes, strokes.features, mm_per_pixel), outside))
        shapes = Shapes(with_outside(_moved(whole, origin, cv2.INTER_NEAREST), outside))
        if look is not None:
            look = _moved(look, origin, cv2.INTER_LINEAR)
    return shapes, look


def _thickened(shapes: Shapes, features: BoolArray, mm_per_pixel: float) -> ByteArray:
    """The index map with the lines of figures on the ground at least three pixels wide, so that moving tears none."""
    pieces, near, indices = shapes.pieces, shapes.pieces.neighbours, shapes.indices
    beside_ground = near.edges * (pieces.colour[near.other] == pieces.colour[pieces.ground])
    border, on_ground = (
        np.bincount(near.piece, weights=edges, minlength=len(pieces.area)) for edges in (near.edges, beside_ground)
    )
    drawn = on_ground >= _ON_GROUND * border
    drawn &= _area_when_widened(shapes, features, mm_per_pixel) >= WORTH_M2
    lines = features & drawn[pieces.labels] & unreached(shapes.distance, _TORN_PX)
    beside = cv2.dilate((indices + np.uint8(1)) * lines, _CROSS)
    thickened: ByteArray = np.where((beside > 0) & ~lines, beside - np.uint8(1), indices)
    return thickened


def widen(shapes: Shapes, mm_per_pixel: float) -> Shapes:
    """The shapes with thin features as wide as STROKE_MM, where their piece is large or will be.

    The longest are painted last and win; ground within half of MIN_GAP_MM of the middle of a gap stays ground.
    """
    strokes = find_strokes(shapes, mm_per_pixel, MIN_WIDTH_MM + mm_per_pixel)
    if not strokes.features.any():
        return shapes
    pieces, indices = shapes.pieces, shapes.indices
    worth = _area_when_widened(shapes, strokes.features, mm_per_pixel) >= WORTH_M2
    features = strokes.features & worth[pieces.labels]
    length = np.bincount(pieces.labels[features], minlength=len(worth))
    gap_middle = np.zeros(indices.shape, np.bool_)
    if strokes.gaps.any():
        gap_middle = _far_from(strokes.gaps) * mm_per_pixel < (MIN_GAP_MM + mm_per_pixel) / 2
    radius = STROKE_MM / 2 / mm_per_pixel
    margin = int(radius) + 2
    widened = indices.copy()
    for piece in np.argsort(length, kind="stable")[np.count_nonzero(length == 0) :].tolist():
        left, top, across, down = pieces.box[piece].tolist()
        window = (
            slice(max(top - margin, 0), top + down + margin),
            slice(max(left - margin, 0), left + across + margin),
        )
        colour = pieces.colour[piece]
        painted = _far_from(features[window] & (pieces.labels[window] == piece)) <= radius
        painted &= (~gap_middle[window] | (indices[window] == colour)) & inside(indices[window])
        widened[window][painted] = colour
    return Shapes(widened)


def _area_when_widened(shapes: Shapes, features: BoolArray, mm_per_pixel: float) -> FloatArray:
    """Area in m² of each piece with its thin parts widened and the small holes in it filled."""
    pieces, pixel_m2 = shapes.pieces, mm_per_pixel**2 / 1e6
    area = pieces.area * pixel_m2
    lacking_mm = np.maximum(MIN_WIDTH_MM - (2 * shapes.distance + 1) * mm_per_pixel, 0)
    won = lacking_mm[features] * mm_per_pixel / 1e6
    widened: FloatArray = area + np.bincount(pieces.labels[features], weights=won, minlength=len(area))
    near = pieces.neighbours
    alone = np.bincount(near.piece, minlength=len(area)) == 1
    holes = alone[near.piece] & (area[near.piece] < MIN_AREA_M2) & (pieces.rim_contact[near.piece] == 0)
    np.add.at(widened, near.other[holes], area[near.piece[holes]])
    return widened


def _origins(lacking: FloatArray, mm_per_pixel: float) -> FloatArray:
    """Where what comes to each pixel comes from, (height, width, x and y), if each source pixel widens by `lacking`."""
    height, width = lacking.shape
    size = (2 * max(1, round(width / 4)), 2 * max(1, round(height / 4)))  # half as fine, and even, as cv2.dct wants it
    spread = cv2.resize(cv2.GaussianBlur(lacking.astype(np.float32), (0, 0), 2.0), size, interpolation=cv2.INTER_AREA)
    steps = [2 * np.cos(np.pi * np.arange(side, dtype=np.float32) / side) - 2 for side in size]
    screening = (2 * mm_per_pixel / _REACH_MM) ** 2
    potential = cv2.idct((cv2.dct(spread) / (steps[1][:, None] + steps[0] - screening)).astype(np.float32))
    flow = np.dstack(np.gradient(potential)[::-1])
    far = np.hypot(flow[..., 0], flow[..., 1])[..., np.newaxis] * 2 * mm_per_pixel
    flow *= np.minimum(1, MOST_MOVED_MM / np.maximum(far, 1e-6)).astype(np.float32)
    grid, stretch = _grid(size), (1 + spread)[..., np.newaxis]
    origin: FloatArray = grid
    for _ in range(_NEWTON_STEPS):  # the flow says where each pixel goes to: turned round
        by = _moved(stretch, origin, cv2.INTER_LINEAR).reshape(stretch.shape)
        origin = origin - (origin + _moved(flow, origin, cv2.INTER_LINEAR) - grid) / by
    return _grid((width, height)) + 2 * cv2.resize(origin - grid, (width, height))


def _grid(size: tuple[int, int]) -> FloatArray:
    """x and y of each pixel, shape (height, width, 2)."""
    return np.dstack(np.meshgrid(*(np.arange(side, dtype=np.float32) for side in size)))


def _moved(picture: NDArray[Any], origin: FloatArray, interpolation: int) -> NDArray[Any]:
    x, y = np.ascontiguousarray(origin[..., 0]), np.ascontiguousarray(origin[..., 1])
    moved: NDArray[Any] = cv2.remap(picture, x, y, interpolation, borderMode=cv2.BORDER_REPLICATE)
    return moved


def _far_from(mask: BoolArray) -> FloatArray:
    """Distance in pixels of each pixel from the nearest where the mask holds; it must hold somewhere."""
    far = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return far.astype(np.float32, copy=False)
