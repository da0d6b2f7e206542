"""Picture bytes of every kind, bent: each becomes a picture, or a refusal with a reason."""

import warnings
from functools import cache
from random import Random
from typing import get_args

import numpy as np
from PIL import Image

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


TARGETS = (Target("pictures", 60, _file, _check),)
