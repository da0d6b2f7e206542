"""Whether a PNG is all there: decoders fill in rows that were never sent, in black, and say nothing."""

import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

_SIGNATURE = 8
_PIECE = 1 << 16
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def holds_every_row(data: bytes, image: Image.Image) -> bool:
    """Whether the file has its end mark and pixels for all of the picture decoded from it.

    Counting the pixels takes a third of the time of decoding, so it is done only where some could be missing: where
    the last row is all nought, or the rows do not come in order.
    """
    chunks = list(_chunks(memoryview(data)))
    if not any(kind == b"IEND" for kind, _ in chunks):
        return False
    last_row = image.crop((0, image.height - 1, image.width, image.height))
    if not image.info.get("interlace") and np.any(np.asarray(last_row)):
        return True
    header = dict(chunks)[b"IHDR"]
    width, height = int.from_bytes(header[:4]), int.from_bytes(header[4:8])
    depth, colour_type, interlaced = header[8], header[9], header[12]
    missing = _size(width, height, depth * _CHANNELS[colour_type], _PASSES if interlaced else ((0, 0, 1, 1),))
    inflate = zlib.decompressobj()
    for part in (content for kind, content in chunks if kind == b"IDAT"):
        rest: bytes | memoryview = part
        while rest and missing > 0:
            missing -= len(inflate.decompress(rest, _PIECE))
            rest = inflate.unconsumed_tail
    return missing - len(inflate.flush()) <= 0


def _chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Kind and content of every chunk that is whole, to the end mark."""
    place = _SIGNATURE
    while (end := place + 12 + int.from_bytes(data[place : place + 4])) <= len(data):
        kind = bytes(data[place + 4 : place + 8])
        yield kind, data[place + 8 : end - 4]
        if kind == b"IEND":
            return
        place = end


def _size(width: int, height: int, bits: int, passes: tuple[tuple[int, int, int, int], ...]) -> int:
    """Bytes of the pixels before compression; every row begins with its filter."""
    sizes = [(-((left - width) // x), -((top - height) // y)) for left, top, x, y in passes]
    return sum(rows * (1 + (columns * bits + 7) // 8) for columns, rows in sizes if columns and rows)
