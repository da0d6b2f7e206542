"""Everything a child process needs, imported once in the process that children are forked from."""

import io
import os
from functools import lru_cache

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is imported: one process a core, one thread each

import cv2
import numpy as np
from PIL import Image, WebPImagePlugin

from studio_chassis.runtime.memory import keep_what_is_loaded
from studio_colour.difference import ByteArray
from studio_contracts.brief import Surface
from studio_contracts.palette import BY_CODE, PALETTE
from studio_postprocess.clamp.cached_tables import release_pages
from studio_postprocess.clamp.clamp import clamp_for
from studio_postprocess.concept import make_concept
from studio_postprocess.io.encode import encode_indexed

__all__ = ["BY_CODE", "WebPImagePlugin", "cv2", "indices_of", "make_concept"]

cv2.setNumThreads(1)
Image.preinit()  # Pillow loads its decoders when the first picture is opened, and these do not have WebP


@lru_cache(maxsize=4)
def indices_of(png: bytes) -> ByteArray:
    """The pixels of an indexed PNG, shape (height, width), as indices into its palette. Kept for the next picture."""
    with Image.open(io.BytesIO(png)) as image:
        indices = np.array(image, dtype=np.uint8)
    indices.flags.writeable = False
    return indices


def _warm_up() -> None:
    """Work on a picture and discard the result: this loads codecs and makes tables before the first real picture."""
    picture = np.zeros((96, 96), np.uint8)
    picture[24:72, 24:72], picture[30:40] = 1, 2
    make_concept(encode_indexed(picture, PALETTE[:6]), PALETTE[:6], (96, 96), picture, "full", Surface())
    clamp_for.cache_clear()  # of a palette that no job uses


_warm_up()
release_pages()
keep_what_is_loaded()
