"""The outside of a picture file, read and bounded before a decoder sees a byte of it.

Decoders allocate what a header claims, and process all parts that a file has. So the size and the number of parts
are found here, by a single pass over the bytes that allocates nothing, and refused when a decoder could not handle
them in bounded time and memory.
"""

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

from studio_pictures.errors import PictureError
from studio_pictures.png import SIGNATURE as PNG_SIGNATURE
from studio_pictures.png import read_png

MAX_PIXELS = 8_000_000
"""Pixels of a picture. Larger ones are refused from their header, before a pixel is allocated."""
MAX_PARTS = 20_000
"""Chunks of a PNG or WebP, segments of a JPEG: a decoder in Python handles each in a few microseconds."""
MAX_SCANS = 64
"""Scans of a JPEG. Each makes the decoder go over all pixels once more; encoders write at most about twenty."""

Kind = Literal["PNG", "JPEG", "WEBP"]

_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])", re.DOTALL)  # the other bytes after 0xFF belong to pixel data
_FRAME_HEADERS = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_SCAN, _END, _STANDALONE = 0xDA, 0xD9, (0x01, 0xD8)


class Container(NamedTuple):
    """A file whose outside is sound: what a decoder may be given, and what the header says of it.

    profile is the ICC profile where it was taken out of the file.
    """

    kind: Kind
    data: bytes
    width: int
    height: int
    profile: bytes | None = None


def open_container(data: bytes, max_pixels: int = MAX_PIXELS) -> Container:
    """The container of a PNG, JPEG or WebP file.

    Raises PictureError: `not_a_picture` (other magic bytes), `too_large` (more than `max_pixels`, MAX_PARTS or
    MAX_SCANS) or `damaged` (truncated, or the outside makes no sense).
    """
    opener = next((opener for magic, opener in _OPENERS if magic.match(data)), None)
    if opener is None:
        raise PictureError("not_a_picture", "not a PNG, JPEG or WebP picture")
    try:
        container = opener(data)
    except (IndexError, ValueError) as error:
        raise PictureError("damaged", "truncated: the file ends within its header") from error
    if not (container.width and container.height):
        raise PictureError("damaged", f"its header says {container.width}x{container.height} pixels")
    if container.width * container.height > max_pixels:
        raise PictureError("too_large", f"{container.width}x{container.height} is more than {max_pixels} pixels")
    return container


def _open_png(data: bytes) -> Container:
    return Container("PNG", *read_png(data, MAX_PARTS))


def _open_jpeg(data: bytes) -> Container:
    size: tuple[int, int] | None = None
    scans = parts = 0
    position = 2
    while found := _MARKER.search(data, position):
        marker, position = found[1][0], found.end()
        parts += 1
        if parts > MAX_PARTS:
            raise PictureError("too_large", f"more than {MAX_PARTS} segments")
        if marker == _END:
            break
        if marker in _STANDALONE:
            continue
        if marker in _FRAME_HEADERS:
            if size is not None:
                raise PictureError("damaged", "it has a second frame header")
            size = _big(data, position + 5, 2), _big(data, position + 3, 2)
        elif marker == _SCAN:
            scans += 1
            if scans > MAX_SCANS:
                raise PictureError("too_large", f"more than {MAX_SCANS} scans")
        position += _big(data, position, 2)
    if size is None or not scans:
        raise PictureError("damaged", "truncated: the file ends before the picture begins")
    return Container("JPEG", data, *size)


def _open_webp(data: bytes) -> Container:
    end = 8 + _little(data, 4, 4)
    if end > len(data):
        raise PictureError("damaged", "truncated: the file ends before the picture does")
    size = _webp_size(data)
    position = 12
    for _ in range(MAX_PARTS):
        if position + 8 > end:
            return Container("WEBP", data, *size)
        length = _little(data, position + 4, 4)
        position += 8 + length + length % 2
    raise PictureError("too_large", f"more than {MAX_PARTS} chunks")


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height; of an animation, those of its canvas."""
    first = data[12:16]
    if first == b"VP8X":
        return 1 + _little(data, 24, 3), 1 + _little(data, 27, 3)
    if first == b"VP8L":
        bits = _little(data, 21, 4)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if first == b"VP8 ":
        return _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF
    raise PictureError("damaged", "its first chunk is not one of a WebP picture")


def _big(data: bytes, position: int, length: int) -> int:
    return int.from_bytes(_slice(data, position, length))


def _little(data: bytes, position: int, length: int) -> int:
    return int.from_bytes(_slice(data, position, length), "little")


def _slice(data: bytes, position: int, length: int) -> bytes:
    if position + length > len(data):
        raise IndexError
    return data[position : position + length]


_OPENERS: tuple[tuple[re.Pattern[bytes], Callable[[bytes], Container]], ...] = (
    (re.compile(re.escape(PNG_SIGNATURE)), _open_png),
    (re.compile(rb"\xff\xd8\xff"), _open_jpeg),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), _open_webp),
)
