"""A stencil as areas in millimetres, painted one over the other, and the pixels it becomes."""

import math
from typing import NamedTuple

import numpy as np
import shapely
from PIL import Image, ImageDraw
from shapely.geometry.base import BaseGeometry

from studio_stencil.drawing.room import Room, largest_rectangle


class Layer(NamedTuple):
    """An area in millimetres in one colour, an index into the codes of the picture."""

    colour: int
    area: BaseGeometry


class Ground(NamedTuple):
    """The surface in millimetres, its top left corner the origin, and the picture it lies in the middle of.

    The picture's pixels are square; what of it hangs over the surface is cropped later. `outline` is what is laid of a
    surface that is no rectangle: motifs lie inside it, and what goes on over it is cut off later.
    """

    width: float
    height: float
    columns: int
    rows: int
    outline: BaseGeometry | None = None

    @property
    def mm_per_pixel(self) -> float:
        """Side of a pixel on the ground."""
        return max(self.width / self.columns, self.height / self.rows)

    @property
    def overhang(self) -> tuple[float, float]:
        """How far in millimetres the picture reaches beyond the surface, to the left and above."""
        px = self.mm_per_pixel
        return (self.columns * px - self.width) / 2, (self.rows * px - self.height) / 2

    def pixel_corner(self, x: float, y: float) -> tuple[float, float]:
        """The top left corner, in millimetres, of the pixel in which a point lies."""
        px, (left, top) = self.mm_per_pixel, self.overhang
        return math.floor((x + left) / px) * px - left, math.floor((y + top) / px) * px - top

    @property
    def surface(self) -> BaseGeometry:
        """The surface as an area."""
        return shapely.box(0, 0, self.width, self.height) if self.outline is None else self.outline

    @property
    def room(self) -> Room:
        """The rectangle for what should not be cut: the surface, or the one that holds most inside its outline."""
        found = None if self.outline is None else largest_rectangle(self.outline)
        return Room(0.0, 0.0, self.width, self.height) if found is None else found

    @property
    def in_room(self) -> "Ground":
        """The same ground without what lies outside the room; its top left corner is the room's."""
        room = self.room
        columns, rows = (round(side / self.mm_per_pixel) for side in (room.width, room.height))
        return Ground(room.width, room.height, columns, rows)

    @property
    def whole(self) -> shapely.Polygon:
        """The whole picture as an area, with a margin."""
        over = self.columns * self.mm_per_pixel - self.width, self.rows * self.mm_per_pixel - self.height
        return shapely.box(-over[0] - 100, -over[1] - 100, self.width + over[0] + 100, self.height + over[1] + 100)

    @property
    def short(self) -> float:
        """The shorter side in millimetres."""
        return min(self.width, self.height)


def rasterised(layers: list[Layer], ground: Ground) -> np.ndarray:
    """Index map (rows, columns), uint8: 0 where there is no layer, later layers over earlier ones."""
    scale = 1 / ground.mm_per_pixel
    left = (ground.columns - ground.width * scale) / 2
    top = (ground.rows - ground.height * scale) / 2
    image = Image.new("L", (ground.columns, ground.rows))
    pen = ImageDraw.Draw(image)
    for colour, area in layers:
        for piece in shapely.get_parts(area):
            if piece.geom_type != "Polygon" or piece.area < 1:
                continue
            if len(piece.interiors):
                _with_holes(image, piece, colour, scale, left, top)
            else:
                pen.polygon(_pixels(piece.exterior, scale, left, top), fill=colour)
    return _without_specks(np.array(image))


def _without_specks(indices: np.ndarray) -> np.ndarray:
    """The map without single pixels that stick out where an outline is sharp: each gets the colour to its left, or
    above it.
    """
    middle = indices[1:-1, 1:-1]
    beside = sum((other == middle).astype(np.uint8) for other in (indices[1:-1, :-2], indices[1:-1, 2:]))
    beside = beside + (indices[:-2, 1:-1] == middle) + (indices[2:, 1:-1] == middle)
    cleaned = indices.copy()
    cleaned[1:-1, 1:-1] = np.where(beside == 0, indices[1:-1, :-2], middle)
    return cleaned


def _with_holes(image: Image.Image, piece: shapely.Polygon, colour: int, scale: float, left: float, top: float) -> None:
    mask = Image.new("1", image.size)
    pen = ImageDraw.Draw(mask)
    pen.polygon(_pixels(piece.exterior, scale, left, top), fill=1)
    for ring in piece.interiors:
        pen.polygon(_pixels(ring, scale, left, top), fill=0)
    image.paste(colour, mask=mask)


def _pixels(ring: shapely.LinearRing, scale: float, left: float, top: float) -> list[tuple[float, float]]:
    """Corners of an outline in pixels; the middle of a pixel has whole coordinates."""
    points = np.asarray(ring.coords)[:-1] * scale + (left - 0.5, top - 0.5)
    return [(float(x), float(y)) for x, y in points]
