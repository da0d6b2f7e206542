"""Anything may arrive: every kind of picture is read alike, and what is no picture is refused in time."""

import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFile

from studio_colour.difference import ByteArray
from studio_pictures.container import MAX_PIXELS
from studio_pictures.decode import decode
from studio_pictures.errors import PictureError
from studio_support import hostile
from studio_support.costs import COSTS
from studio_support.picture_files import saved


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, pixels: bytes, depth: int = 8, colour_type: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(pixels)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def refused(data: bytes) -> str:
    with pytest.raises(PictureError) as caught:
        decode(data)
    return caught.value.reason


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("WEBP", {"lossless": True})])
def test_lossless_pictures_come_out_as_they_went_in(rgb: ByteArray, kind: str, options: dict[str, bool]) -> None:
    picture = decode(saved(Image.fromarray(rgb), kind, **options))
    np.testing.assert_array_equal(picture.rgb, rgb)
    assert picture.media_type == f"image/{kind.lower()}"


def test_jpeg_comes_out_nearly_as_it_went_in(rgb: ByteArray) -> None:
    picture = decode(saved(Image.fromarray(rgb), "JPEG", quality=95, subsampling=0))
    assert np.abs(picture.rgb.astype(int) - rgb).mean() < 3
    assert picture.media_type == "image/jpeg"


def test_an_indexed_picture_is_read_in_its_palette_colours(rgb: ByteArray) -> None:
    image = Image.fromarray(rgb).quantize(64)
    np.testing.assert_array_equal(decode(saved(image)).rgb, np.asarray(image.convert("RGB")))


def test_clear_pixels_become_white_and_half_clear_ones_half_white() -> None:
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, 3] = 0, 128, 255
    assert decode(saved(Image.fromarray(rgba))).rgb[0, :, 0].tolist() == [255, 127, 0]


def test_a_transparent_palette_entry_becomes_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.putpixel((1, 0), 1)
    assert decode(saved(image, transparency=0)).rgb.tolist() == [[[255, 255, 255], [0, 0, 200]]]


def test_grey_is_spread_over_three_channels() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(decode(saved(Image.fromarray(grey))).rgb, grey[..., None].repeat(3, axis=2))


def test_black_and_white_bits_are_read() -> None:
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    assert decode(saved(image)).rgb[0, :, 1].tolist() == [0, 255]


def test_sixteen_bits_are_scaled_not_clipped(rng: np.random.Generator) -> None:
    deep = rng.integers(0, 65536, (20, 30), dtype=np.uint16)
    np.testing.assert_array_equal(decode(saved(Image.fromarray(deep))).rgb[..., 0], deep >> 8)
    colour = rng.integers(0, 65536, (20, 30, 3), dtype=np.uint16)
    encoded = cv2.imencode(".png", colour)[1].tobytes()
    np.testing.assert_array_equal(decode(encoded).rgb, (colour >> 8)[..., ::-1])


def test_cmyk_is_read_as_colour() -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    pixel = decode(saved(red, "JPEG", quality=95)).rgb[8, 8].astype(int)
    assert pixel[0] > 230
    assert pixel[1:].max() < 25


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_shows_its_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "blue", "green")]
    animated = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=50, lossless=True)
    assert np.all(decode(animated).rgb == [255, 0, 0])


def test_a_picture_stored_sideways_is_turned_upright() -> None:
    image = Image.new("RGB", (20, 10), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(saved(image, exif=exif)).rgb.shape == (20, 10, 3)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x89PNG", b"<html>not found</html>", b"GIF89a" + bytes(40), b"RIFF\x00\x00\x00\x00WAVEfmt ", bytes(500)],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    assert refused(data) == "not_a_picture"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_kinds_of_picture_are_refused(rgb: ByteArray, kind: str) -> None:
    assert refused(saved(Image.fromarray(rgb), kind)) == "not_a_picture"


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True}), ("WEBP", {}), ("WEBP", {"lossless": True})],
)
def test_a_truncated_picture_is_refused_wherever_it_is_cut(
    rng: np.random.Generator, kind: str, options: dict[str, bool]
) -> None:
    data = saved(Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)), kind, **options)
    for end in range(len(data)):
        assert refused(data[:end]) in {"damaged", "not_a_picture"}
    assert refused(data[: len(data) * 3 // 4]) == "damaged" or kind == "WEBP"


ROWS = 12


@pytest.mark.parametrize("sent", [0, 1, ROWS // 2, ROWS - 1])
def test_a_png_whose_last_rows_were_never_sent_is_refused(rng: np.random.Generator, sent: int) -> None:
    row = b"\0" + rng.integers(1, 256, 30, dtype=np.uint8).tobytes()
    assert refused(png(10, ROWS, row * sent)) == "damaged"
    assert refused(png(30, ROWS, row * sent, colour_type=0)) == "damaged"


def test_a_png_that_ends_in_black_rows_is_read() -> None:
    for width, depth, colour_type in ((10, 8, 2), (30, 8, 0), (15, 16, 0), (240, 1, 0), (7, 8, 6)):
        row_bytes = 28 if colour_type == 6 else 30
        picture = decode(png(width, ROWS, (b"\0" + bytes(row_bytes)) * ROWS, depth, colour_type))
        assert picture.rgb.shape == (ROWS, width, 3)


def test_an_interlaced_png_is_read_whole_or_refused(rng: np.random.Generator) -> None:
    # The seven passes of a picture of 9 by 5 have 2, 1, 3, 4, 9, 8 and 18 pixels; no row of a pass is ever left out.
    passes = ((2, 1), (1, 1), (3, 1), (2, 2), (5, 1), (4, 3), (9, 2))
    rows = [
        b"\0" + rng.integers(1, 256, 3 * width, dtype=np.uint8).tobytes()
        for width, count in passes
        for _ in range(count)
    ]
    header = struct.pack(">IIBBBBB", 9, 5, 8, 2, 0, 0, 1)

    def interlaced(sent: int) -> bytes:
        parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"".join(rows[:sent]))), chunk(b"IEND", b"")
        return b"\x89PNG\r\n\x1a\n" + b"".join(parts)

    assert np.all(decode(interlaced(len(rows))).rgb > 0)
    for sent in range(len(rows)):
        assert refused(interlaced(sent)) == "damaged"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_damaged_bytes_end_in_a_picture_or_a_refusal_never_in_a_surprise(rng: np.random.Generator, kind: str) -> None:
    data = saved(Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)), kind)
    for _ in range(300):
        broken = bytearray(data)
        for place in rng.integers(0, min(len(data), 400), rng.integers(1, 6)):
            broken[place] = rng.integers(0, 256)
        try:
            picture = decode(bytes(broken))
        except PictureError:
            continue
        assert picture.rgb.dtype == np.uint8
        assert picture.rgb.shape[2] == 3


def webp_bomb(width: int, height: int) -> bytes:
    """A lossless WebP header that promises a picture of this size."""
    body = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(8)
    return b"RIFF" + struct.pack("<I", len(body) + 13) + b"WEBPVP8L" + struct.pack("<I", len(body)) + body + b"\0"


BOMBS = {
    "9 Mpx": png(3000, 3000, bytes(9001 * 3000)),
    "144 Mpx": png(12_000, 12_000, b""),
    "10 Gpx": png(100_000, 100_000, b"", depth=1, colour_type=0),
    "WebP 16 Mpx": webp_bomb(4000, 4000),
    "WebP 256 Mpx": webp_bomb(16_000, 16_000),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_decompression_bomb_is_refused_without_decoding_it(bomb: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", _must_not_decode)
    assert refused(bomb) == "too_large"


def test_refusing_decompression_bombs_takes_next_to_no_memory_or_time() -> None:
    program = (
        COSTS
        + """
import sys
from studio_pictures.decode import decode
from studio_pictures.errors import PictureError
sound, *bombs = [bytes.fromhex(line) for line in sys.stdin]
memory, seconds = costs()
for bomb in bombs:
    try:
        decode(bomb)
        sys.exit("decoded")
    except PictureError as error:
        assert error.reason == "too_large"
after, end = costs()
decode(sound)
print(after - memory, end - seconds, costs()[1] - end)
"""
    )
    sound = saved(Image.fromarray(hostile.stripes(3264, 2448)))
    lines = "\n".join(data.hex() for data in (sound, *BOMBS.values()))
    done = subprocess.run([sys.executable, "-c", program], input=lines, capture_output=True, text=True, check=True)
    memory, seconds, sound_seconds = map(float, done.stdout.split())
    assert memory < 16 * 2**20  # the smallest of them has 27 MB of pixels
    assert seconds < 3 * sound_seconds  # of which most is Pillow's decoders, which load with the first picture


def _must_not_decode(*_: object) -> None:
    raise AssertionError("a pixel was decoded")


def test_the_pixel_cap_is_exact_and_can_be_set(rgb: ByteArray) -> None:
    data, pixels = saved(Image.fromarray(rgb)), rgb.shape[0] * rgb.shape[1]
    assert decode(data, max_pixels=pixels).rgb.shape == rgb.shape
    with pytest.raises(PictureError, match="more than"):
        decode(data, max_pixels=pixels - 1)
    assert pixels < MAX_PIXELS
