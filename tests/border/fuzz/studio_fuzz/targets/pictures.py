"""Picture bytes of every kind, bent, and drawings: each becomes a picture, or a refusal with a reason."""

import warnings
from functools import cache
from random import Random
from typing import get_args

import numpy as np
from PIL import Image

from studio_contracts.own_picture import MAX_SVG_RATIO, OwnPictureError, check_svg
from studio_fuzz.mutation import bent_bytes
from studio_fuzz.target import Target
from studio_pictures.decode import decode
from studio_pictures.errors import PictureError, Reason
from studio_support import hostile

MAX_PIXELS = 2_000_000
MAGIC = (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\x10\0\0\0WEBP")


@cache
def _good() -> tuple[bytes, ...]:
    """Small files of every format, as encoders write them."""
    image = Image.fromarray(np.random.default_rng(5).integers(0, 256, (30, 40, 3), dtype=np.uint8))
    profile = hostile.srgb_profile()
    return (
        hostile.saved(image),
        hostile.saved(image.quantize(16), transparency=3),
        hostile.saved(image.convert("RGBA"), icc_profile=profile),
        hostile.saved(image, "PNG", save_all=True, append_images=[image.rotate(180)]),
        hostile.saved(image, "JPEG", icc_profile=profile),
        hostile.saved(image, "JPEG", progressive=True),
        hostile.saved(image.convert("CMYK"), "JPEG"),
        hostile.saved(image, "WEBP"),
        hostile.saved(image, "WEBP", lossless=True, icc_profile=profile),
        hostile.saved(image, "WEBP", save_all=True, append_images=[image.rotate(180)]),
    )


def _file(random: Random) -> bytes:
    if random.random() < 0.05:
        return random.choice(MAGIC) + random.randbytes(random.randrange(200))
    return bent_bytes(random, random.choice(_good()))


def _check(data: bytes) -> None:
    try:
        with warnings.catch_warnings(action="ignore"):  # Pillow warns of damage that it passes over
            picture = decode(data, max_pixels=MAX_PIXELS)
    except PictureError as error:
        assert error.reason in get_args(Reason)
        assert 0 < len(str(error)) < 500
        return
    assert picture.rgb.dtype == np.uint8
    assert picture.rgb.shape[2] == 3
    assert picture.rgb.size <= 3 * MAX_PIXELS


DRAWINGS = (
    b'<?xml version="1.0" encoding="UTF-8"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 2"><path/></svg>',
    b'<svg width="30mm" height="10mm"><style>g { fill: url(#a) }</style><g style="fill:#fff"><use href="#a"/></g></svg>'
    b"<!-- a comment -->",
    b'<svg viewBox="0 0 1 1"><image href="data:image/png;base64,AAAA"/><script/></svg>',
    b'<!DOCTYPE svg [<!ENTITY a "b">]><svg viewBox="0 0 1 1">&a;</svg>',
)


def _drawing(random: Random) -> bytes:
    return bent_bytes(random, random.choice(DRAWINGS))


def _check_drawing(data: bytes) -> None:
    try:
        ratio = check_svg(data)
    except OwnPictureError as error:
        assert 0 < len(str(error)) < 500
        return
    assert 1 / MAX_SVG_RATIO <= ratio <= MAX_SVG_RATIO


TARGETS = (Target("pictures", 50, _file, _check), Target("drawings", 10, _drawing, _check_drawing))
