"""The files a concept is shown by: the exact indexed PNG and a small thumbnail."""

import io
import zlib
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from studio_contracts.palette import Colour
from studio_postprocess.clamp.colour import ByteArray, palette_rgb

QUANTIZED_MEDIA_TYPE = "image/png"
THUMBNAIL_MEDIA_TYPE = "image/webp"
THUMBNAIL_SIDE = 384
"""Pixels of the thumbnail's longer side; a smaller picture keeps its own."""


def encode_indexed(indices: ByteArray, palette: Sequence[Colour]) -> bytes:
    """PNG with exactly this palette in this order, from indices of shape (height, width); 1 to 8 bits a pixel."""
    height, width = indices.shape
    image = Image.frombytes("P", (width, height), np.ascontiguousarray(indices).tobytes())
    image.putpalette(palette_rgb(palette).tobytes())
    # Run lengths alone suit flat colour: smaller than level 6 and twice as fast.
    return _save(image, "PNG", compress_type=zlib.Z_RLE)


def encode_thumbnail(indices: ByteArray, palette: Sequence[Colour]) -> bytes:
    """Lossless WebP, averaged down so that edges stay smooth: half the size of a PNG, and flat colours stay exact."""
    height, width = indices.shape
    small = cv2.resize(paint(indices, palette), thumbnail_size(width, height), interpolation=cv2.INTER_AREA)
    return _save(Image.fromarray(small), "WEBP", lossless=True, quality=0, method=0)


def thumbnail_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the thumbnail of a picture of that size."""
    scale = min(1.0, THUMBNAIL_SIDE / max(height, width))
    return max(1, round(width * scale)), max(1, round(height * scale))


def paint(indices: ByteArray, palette: Sequence[Colour]) -> ByteArray:
    """sRGB picture, shape (height, width, 3), of palette indices."""
    table = np.zeros((256, 3), np.uint8)
    table[: len(palette)] = palette_rgb(palette)
    return cv2.merge([cv2.LUT(indices, table[:, channel]) for channel in range(3)]).astype(np.uint8, copy=False)


def _save(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
