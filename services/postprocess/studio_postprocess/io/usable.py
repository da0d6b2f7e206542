"""Whether a decoded picture can be a concept at all, and what is odd about it."""

import cv2
import numpy as np

from studio_colour.difference import ByteArray
from studio_pictures.errors import PictureError
from studio_postprocess.results import PictureWarning

MIN_SIDE = 16
"""Pixels of the shorter side: less shows nothing."""
MAX_RATIO = 20
"""Longer side over the shorter: no surface is longer (see `Surface`), and no model draws longer ones."""
_SAME = 8
"""Difference of 8-bit values up to which two colours look the same, as they come from a lossy file."""


def check_usable(width: int, height: int) -> None:
    """Raise PictureError `unusable` for a picture, size in pixels, that is too small or too long to be a concept."""
    shorter, longer = sorted((width, height))
    if shorter < MIN_SIDE:
        raise PictureError("unusable", f"{width}x{height} pixels: a side is shorter than {MIN_SIDE}")
    if longer > MAX_RATIO * shorter:
        raise PictureError("unusable", f"{width}x{height} pixels: more than {MAX_RATIO} times as long as wide")


def warnings_of(rgb: ByteArray, expected_size: tuple[int, int]) -> list[PictureWarning]:
    """What is odd about an sRGB picture, shape (height, width, 3), of which (width, height) was expected."""
    found = []
    height, width = rgb.shape[:2]
    if (width, height) != expected_size:
        asked = "{}x{}".format(*expected_size)
        found.append(PictureWarning("size_mismatch", f"the picture is {width}x{height} pixels, not {asked} as asked"))
    if int(np.max(rgb)) <= _SAME:
        found.append(PictureWarning("all_black", "the picture is black: the provider's safety filter withheld it"))
    elif max(np.ptp(channel) for channel in cv2.split(rgb)) <= _SAME:  # far faster than along two axes
        found.append(PictureWarning("blank", "the picture is blank: it shows a single colour"))
    return found
