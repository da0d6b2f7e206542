"""PNG chunks: the ones a decoder needs, whole and in bounded number; and whether they hold every row.

Decoders fill in rows that were never sent, in black, without an error.
"""

import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from studio_pictures.errors import PictureError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_PROFILE_BYTES = 4 * 2**20
"""An ICC profile, inflated. Those of printing presses have up to 3 MiB."""

_CRITICAL = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_USED = (*_CRITICAL, b"tRNS", b"gAMA", b"sRGB", b"eXIf")
_PIECE = 1 << 16
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def read_png(data: bytes, max_chunks: int) -> tuple[bytes, int, int, bytes | None]:
    """The file with only the chunks that its pixels need, its width and height, and its ICC profile.

    Texts, animation frames and ancillary chunks with a wrong checksum are left out. Raises PictureError: `damaged`
    (truncated, or a wrong checksum) or `too_large` (too many chunks, or a profile above MAX_PROFILE_BYTES).
    """
    kept: list[bytes | memoryview] = [SIGNATURE]
    profile = None
    kind = b""
    view = memoryview(data)
    for number, (kind, chunk) in enumerate(_chunks(view)):
        if number == max_chunks:
            raise PictureError("too_large", f"more than {max_chunks} chunks")
        if number == 0 and (kind != b"IHDR" or len(chunk) != 25):
            raise PictureError("damaged", "it does not begin with a PNG header")
        if kind not in _USED and kind != b"iCCP":
            continue
        if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:]):
            if kind in _CRITICAL:
                raise PictureError("damaged", f"corrupt: the checksum of its {kind.decode()} chunk is wrong")
        elif kind == b"iCCP":
            profile = _profile(chunk[8:-4])
        else:
            kept.append(chunk)
    if kind != b"IEND":
        raise PictureError("damaged", "truncated: the file ends before the picture does")
    width, height = int.from_bytes(view[16:20]), int.from_bytes(view[20:24])
    return b"".join(kept), width, height, profile


def holds_every_row(data: bytes, image: Image.Image) -> bool:
    """Whether a file from `read_png` has pixels for all of the picture decoded from it.

    Counting the pixels takes a third of the time of decoding, so it is done only where some could be missing: where
    the last row is all zero, or the rows do not come in order. Never more than the picture's own bytes are inflated.
    """
    last_row = image.crop((0, image.height - 1, image.width, image.height))
    if not image.info.get("interlace") and np.any(np.asarray(last_row)):
        return True
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    depth, colour_type, interlaced = data[24], data[25], data[28]
    missing = _size(width, height, depth * _CHANNELS[colour_type], _PASSES if interlaced else ((0, 0, 1, 1),))
    inflate = zlib.decompressobj()
    for part in (chunk[8:-4] for kind, chunk in _chunks(memoryview(data)) if kind == b"IDAT"):
        rest: bytes | memoryview = part
        while missing > 0 and not inflate.eof:
            inflated = len(inflate.decompress(rest, min(_PIECE, missing)))
            missing -= inflated
            rest = inflate.unconsumed_tail
            if not rest and inflated < _PIECE:  # a full piece may have more behind it, also without input
                break
    return missing <= 0


def _chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Kind and bytes (length, kind, content, checksum) of every chunk that is whole, to the end mark."""
    position = len(SIGNATURE)
    while (end := position + 12 + int.from_bytes(data[position : position + 4])) <= len(data):
        kind = bytes(data[position + 4 : position + 8])
        yield kind, data[position:end]
        if kind == b"IEND":
            return
        position = end


def _profile(content: memoryview) -> bytes | None:
    """The profile of an iCCP chunk (name, 0, method, deflated profile); None where it cannot be inflated."""
    _, _, rest = bytes(content).partition(b"\0")
    inflate = zlib.decompressobj()
    try:
        profile = inflate.decompress(rest[1:], MAX_PROFILE_BYTES + 1)
    except zlib.error:
        return None
    if len(profile) > MAX_PROFILE_BYTES:
        raise PictureError("too_large", f"its colour profile is larger than {MAX_PROFILE_BYTES // 2**20} MiB")
    return profile


def _size(width: int, height: int, bits: int, passes: tuple[tuple[int, int, int, int], ...]) -> int:
    """Bytes of the pixels before compression; every row begins with its filter."""
    sizes = [(-((left - width) // x), -((top - height) // y)) for left, top, x, y in passes]
    return sum(rows * (1 + (columns * bits + 7) // 8) for columns, rows in sizes if columns and rows)
