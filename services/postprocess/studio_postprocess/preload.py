"""Everything a child process needs, imported once in the process that children are forked from."""

import io
import os
from functools import lru_cache

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is imported: one process a core, one thread each

import cv2
import numpy as np
from PIL import Image

from studio_contracts.palette import BY_CODE
from studio_postprocess.clamp.colour import ByteArray
from studio_postprocess.concept import make_concept

__all__ = ["BY_CODE", "cv2", "indices_of", "make_concept"]

cv2.setNumThreads(1)
Image.init()  # Pillow loads its decoders when the first picture is opened


@lru_cache(maxsize=4)
def indices_of(png: bytes) -> ByteArray:
    """The pixels of an indexed PNG, shape (height, width), as indices into its palette. Kept for the next picture."""
    with Image.open(io.BytesIO(png)) as image:
        indices = np.array(image, dtype=np.uint8)
    indices.flags.writeable = False
    return indices
