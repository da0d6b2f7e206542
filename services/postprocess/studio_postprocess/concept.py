"""From a provider's picture to everything a concept is stored with. Pure and synchronous: made for worker threads."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from studio_contracts.palette import Colour
from studio_postprocess.clamp import clamp_for
from studio_postprocess.colour import ByteArray
from studio_postprocess.decode import decode
from studio_postprocess.encode import encode_indexed, encode_thumbnail
from studio_postprocess.measure import Quality, measure, shares

_BLACK = 8


class PictureWarning(NamedTuple):
    """Something the client should know about a picture: `size_mismatch` or `all_black`, and a sentence."""

    code: str
    text: str


class ConceptPictures(NamedTuple):
    """One concept: its pictures, its figures, and what it would be laid with."""

    width: int
    height: int
    original: bytes
    original_media_type: str
    quantized: bytes
    thumbnail: bytes
    quality: Quality
    shares: dict[str, float]
    """Share of the pixels of each palette colour by its code, in the palette's order; they sum to 1."""
    warnings: tuple[PictureWarning, ...]


def make_concept(
    original: bytes, palette: Sequence[Colour], expected_size: tuple[int, int], stencil: ByteArray | None = None
) -> ConceptPictures:
    """Decode, clamp, measure and encode a picture.

    `expected_size` is (width, height); a picture of another size keeps its own and gets a warning. `stencil` holds
    indices into `palette`, shape (height, width). Raises PictureError. Peak memory: 17 bytes a pixel
    (1152x768: 15 MB, the pixel cap: 132 MB) and, for a palette first met, 22 to 40 MB, of which 19 to 23 are kept while
    it is among the last four.
    """
    rgb, media_type = decode(original)
    height, width = rgb.shape[:2]
    indices = clamp_for(tuple(palette)).indices(rgb)
    return ConceptPictures(
        width=width,
        height=height,
        original=original,
        original_media_type=media_type,
        quantized=encode_indexed(indices, palette),
        thumbnail=encode_thumbnail(indices, palette),
        quality=measure(rgb, indices, palette, stencil),
        shares={
            colour.code: float(share) for colour, share in zip(palette, shares(indices, len(palette)), strict=True)
        },
        warnings=tuple(_warnings(rgb, expected_size)),
    )


def _warnings(rgb: ByteArray, expected_size: tuple[int, int]) -> list[PictureWarning]:
    found = []
    height, width = rgb.shape[:2]
    if (width, height) != expected_size:
        asked = "{}x{}".format(*expected_size)
        found.append(PictureWarning("size_mismatch", f"the picture is {width}x{height} pixels, not {asked} as asked"))
    if int(np.max(rgb)) <= _BLACK:
        found.append(PictureWarning("all_black", "the picture is black: the provider's safety filter withheld it"))
    return found
