"""Blends for areas where one granule is not the colour that was named or shown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_colour.difference import ByteArray, FloatArray, linear_rgb
from studio_colour.mixing import PARTS, difference_of, hex_of_linear, nearest_mixture
from studio_contracts.concept import Blend, BlendPart, ColourMaterial, Materials
from studio_contracts.installer import MIN_AREA_M2
from studio_contracts.palette import Colour
from studio_contracts.reading import UnsoldColour
from studio_postprocess.installable.regions import Pieces

SPECKLED = 0.2
"""Changes of colour to the right and below, as a share of an area's pixels, from which it is speckle: flat drawings
have below 0.1, shading in photographs up to 0.2, grass, gravel and dithering more."""
WORTH_MIXING = 3.0
"""How much nearer (CIEDE2000) a blend comes than the granule alone: below that the work of mixing is not seen."""


_LINEAR_OF_BYTE = linear_rgb(np.arange(256, dtype=np.uint8))


class Texture(NamedTuple):
    """Of one colour that is laid: where the picture speckles there, m², and the light it sends from there on average,
    shape (3,), linear, 0 to 1.
    """

    area_m2: float
    light: FloatArray


def changes(indices: ByteArray) -> ByteArray:
    """Of an index map (height, width), 1 where the pixel to the right or below has another colour, else 0."""
    found = np.zeros(indices.shape, np.uint8)
    found[:, :-1] |= indices[:, 1:] != indices[:, :-1]
    found[:-1] |= indices[1:] != indices[:-1]
    return found


def textures(pieces: Pieces, changing: ByteArray, picture: ByteArray, mm_per_pixel: float) -> dict[int, Texture]:
    """By index of the colour, where the picture speckles on the pieces that are laid.

    `changing` is `changes` of the colour-matched picture, (height, width), and `picture` the picture, sRGB, both on the
    surface as the pieces are. Pieces below the smallest that is laid are left out.
    """
    least = MIN_AREA_M2 / (mm_per_pixel**2 / 1e6)
    density = pieces.sums(changing) / np.maximum(pieces.area, 1)
    speckled = (density >= SPECKLED) & (pieces.area >= least)
    found = {}
    for colour in np.unique(pieces.colour[speckled]):
        there = pieces.spread(speckled & (pieces.colour == colour), False)
        found[int(colour)] = Texture(np.count_nonzero(there) * mm_per_pixel**2 / 1e6, _mean_light(picture, there))
    return found


def _mean_light(picture: ByteArray, where: NDArray[np.bool_]) -> FloatArray:
    """The mean of the pixels in linear light, shape (3,): from how often each channel has each value, which is fast."""
    mask = where.view(np.uint8)
    left, top, across, down = cv2.boundingRect(mask)
    there = slice(top, top + down), slice(left, left + across)
    counts = [cv2.calcHist([picture[there]], [channel], mask[there], [256], [0, 256]).ravel() for channel in range(3)]
    return np.array(counts, np.float64) @ _LINEAR_OF_BYTE / np.count_nonzero(where)


def with_blends(
    needs: Materials, unsold: Iterable[UnsoldColour], speckle: Mapping[int, Texture], palette: Sequence[Colour]
) -> Materials:
    """The materials with a blend for each colour that cannot be bought and each that speckles, where that is worth it.

    `speckle` is by index into `palette`.
    """
    lines = {line.code: line for line in needs.colours}
    named = [(colour, lines[colour.code]) for colour in unsold if colour.code in lines]
    blends = [_blend("named", colour.hex, line, line.area_m2, colour.word) for colour, line in named]
    for index, texture in speckle.items():
        line = lines[palette[index].code]
        area = min(texture.area_m2, line.area_m2)
        blends.append(_blend("texture", hex_of_linear(texture.light), line, area))
    worth = (blend for blend in blends if blend.delta_e_alone - blend.delta_e >= WORTH_MIXING)
    return needs.model_copy(update={"blends": tuple(worth)})


def _blend(
    reason: Literal["named", "texture"], colour: str, line: ColourMaterial, area: float, word: str = ""
) -> Blend:
    mixture = nearest_mixture(colour)
    kg = line.kg * area / line.area_m2 if line.area_m2 else 0.0
    return Blend(
        reason=reason,
        word=word,
        hex=colour,
        code=line.code,
        recipe=tuple(_parts(mixture.recipe, kg)),
        delta_e=round(mixture.delta_e, 1),
        delta_e_alone=round(difference_of(colour, line.code), 1),
        area_m2=round(area, 2),
        kg=round(kg, 1),
    )


def _parts(recipe: Iterable[tuple[str, int]], kg: float) -> Iterator[BlendPart]:
    return (BlendPart(code=code, parts=parts, kg=round(kg * parts / PARTS, 1)) for code, parts in recipe)
