"""The files a concept is shown by: the exact indexed PNG and a small thumbnail."""

import io
import struct
import zlib
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from studio_colour.difference import ByteArray, palette_rgb
from studio_contracts.palette import Colour
from studio_pictures.png import SIGNATURE
from studio_postprocess.installable.outside import extended, inside

QUANTIZED_MEDIA_TYPE = "image/png"
THUMBNAIL_MEDIA_TYPE = "image/webp"
THUMBNAIL_SIDE = 384
"""Pixels of the thumbnail's longer side; a smaller picture keeps its own."""

_INDEXED, _UP = 3, 2  # a PNG's colour type and filter
_NOTHING = np.full((1, 3), 255, np.uint8)
"""What VOID looks like to a program that knows no transparency: paper."""


def encode_indexed(indices: ByteArray, palette: Sequence[Colour]) -> bytes:
    """PNG with exactly this palette in this order, from indices of shape (height, width); 1 to 8 bits a pixel.

    Where there are VOID pixels, they are transparent, in one more colour at the end.
    """
    height, width = indices.shape
    rgb, opaque = palette_rgb(palette), inside(indices)
    transparency = {}
    if not opaque.all():
        indices = np.where(opaque, indices, np.uint8(len(palette)))
        rgb = np.concatenate([rgb, _NOTHING])
        transparency[b"tRNS"] = bytes([255] * len(palette) + [0])
    bits = next(bits for bits in (1, 2, 4, 8) if len(rgb) <= 1 << bits)
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, bits, _INDEXED, 0, 0, 0),
        b"PLTE": rgb.tobytes(),
        **transparency,
        b"IDAT": _deflated(_packed(indices, bits)),
        b"IEND": b"",
    }
    return SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks.items())


def _packed(indices: ByteArray, bits: int) -> ByteArray:
    """Rows with this number of bits a pixel, from the left, padded to whole bytes: two neighbours become one, again and
    again.
    """
    each = 8 // bits
    padded = np.pad(indices, ((0, 0), (0, -indices.shape[1] % each))) if indices.shape[1] % each else indices
    packed = np.ascontiguousarray(padded)
    while bits < 8:
        pairs = packed.view("<u2")  # the left one is the lower byte
        packed = (pairs << bits | pairs >> 8).astype(np.uint8)
        bits *= 2
    return packed


def _deflated(rows: ByteArray) -> bytes:
    """Each row as its difference to the one above, which is nought but at edges, in run lengths."""
    filtered = np.zeros((rows.shape[0], 1 + rows.shape[1]), np.uint8)
    filtered[1:, 0] = _UP
    filtered[:, 1:] = rows
    filtered[1:, 1:] -= rows[:-1]
    deflate = zlib.compressobj(1, strategy=zlib.Z_RLE)
    return deflate.compress(filtered.data) + deflate.flush()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def encode_thumbnail(indices: ByteArray, palette: Sequence[Colour]) -> bytes:
    """Lossless WebP, averaged down so that edges stay smooth: half the size of a PNG, and flat colours stay exact.

    VOID pixels are transparent, and colour nothing beside them.
    """
    height, width = indices.shape
    size, opaque = thumbnail_size(width, height), inside(indices)
    small = cv2.resize(paint(extended(indices), palette), size, interpolation=cv2.INTER_AREA)
    if not opaque.all():
        alpha = cv2.resize(opaque.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
        small = np.dstack([small, alpha])
    return _save(Image.fromarray(small), "WEBP", lossless=True, quality=0, method=0)


def thumbnail_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the thumbnail of a picture of that size."""
    scale = min(1.0, THUMBNAIL_SIDE / max(height, width))
    return max(1, round(width * scale)), max(1, round(height * scale))


def paint(indices: ByteArray, palette: Sequence[Colour]) -> ByteArray:
    """sRGB picture, shape (height, width, 3), of palette indices."""
    table = np.zeros((256, 3), np.uint8)
    table[: len(palette)] = palette_rgb(palette)
    return cv2.applyColorMap(indices, table[:, np.newaxis]).astype(np.uint8, copy=False)


def _save(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
