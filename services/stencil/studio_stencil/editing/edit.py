"""Edits of a laid surface. Pure: an index map and its colours in, another out."""

import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from studio_contracts.edits import Edit, Mirror, Recolour, Turn
from studio_contracts.palette import PALETTE
from studio_stencil.editing.pieces import piece


class Surface(NamedTuple):
    """What is laid: indices into codes, uint8 (height, width), over width_mm × height_mm of ground.

    Nothing is laid where the index is NOTHING, outside the surface's outline.
    """

    indices: np.ndarray
    codes: tuple[str, ...]
    width_mm: float
    height_mm: float

    @property
    def counts(self) -> np.ndarray:
        """How many pixels each of the codes has."""
        return np.bincount(self.indices[self.indices != NOTHING], minlength=len(self.codes))


NOTHING = 255
_CODES = {colour.rgb: colour.code for colour in PALETTE}


def read_surface(png: bytes, width_mm: float, height_mm: float) -> Surface:
    """A surface from the picture of a concept as it is laid. Raises ValueError where it shows other colours."""
    with Image.open(io.BytesIO(png)) as image:
        rgba = np.asarray(image.convert("RGBA"), np.uint32)
    laid = rgba[..., 3] > 0
    pixels = rgba[laid]
    packed = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
    values, places = np.unique(packed, return_inverse=True)
    colours = [(int(value) >> 16, int(value) >> 8 & 255, int(value) & 255) for value in values]
    unknown = [colour for colour in colours if colour not in _CODES]
    if unknown:
        raise ValueError(f"the picture shows {len(unknown)} colours that cannot be laid")
    codes = tuple(_CODES[colour] for colour in colours)
    indices = np.full(laid.shape, NOTHING, np.uint8)
    indices[laid] = places
    return Surface(indices, codes, width_mm, height_mm)


def edit(surface: Surface, edits: Sequence[Edit]) -> Surface:
    """Make the edits in their order. The most common colour comes first: it is the base.

    A recolouring that meets nothing changes nothing: its colour, or the piece at its point, may be of another
    colour since an edit before it.
    """
    for each in edits:
        match each:
            case Recolour():
                surface = _recoloured(surface, each)
            case Mirror(swap="left_right"):
                surface = surface._replace(indices=surface.indices[:, ::-1])
            case Mirror():
                surface = surface._replace(indices=surface.indices[::-1])
            case Turn():
                surface = _turned(surface, each.quarters)
    return _most_common_first(surface)


def _recoloured(surface: Surface, wanted: Recolour) -> Surface:
    if wanted.colour not in surface.codes:
        return surface
    codes = surface.codes if wanted.to in surface.codes else (*surface.codes, wanted.to)
    old, new = codes.index(wanted.colour), codes.index(wanted.to)
    there = surface.indices == old
    if wanted.at is not None:
        there = _piece_at(there, surface, wanted.at)
    return surface._replace(indices=np.where(there, np.uint8(new), surface.indices), codes=codes)


def _piece_at(there: np.ndarray, surface: Surface, at_mm: tuple[float, float]) -> np.ndarray:
    """Of a mask, the piece at a point; edges join pixels, corners do not. All False where the mask is not there."""
    height, width = there.shape
    column = min(int(at_mm[0] / surface.width_mm * width), width - 1)
    row = min(int(at_mm[1] / surface.height_mm * height), height - 1)
    if not there[row, column]:
        return np.zeros_like(there)
    return piece(there, row, column)


def _turned(surface: Surface, quarters: int) -> Surface:
    indices = np.rot90(surface.indices, -quarters)
    if quarters % 2 == 0:
        return surface._replace(indices=indices)
    return Surface(indices, surface.codes, surface.height_mm, surface.width_mm)


def _most_common_first(surface: Surface) -> Surface:
    counts = surface.counts
    order = [int(index) for index in np.argsort(-counts, kind="stable") if counts[index]]
    places = np.full(NOTHING + 1, NOTHING, np.uint8)
    places[order] = np.arange(len(order), dtype=np.uint8)
    codes = tuple(surface.codes[index] for index in order)
    return surface._replace(indices=np.ascontiguousarray(places[surface.indices]), codes=codes)
