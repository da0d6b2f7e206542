"""Picture bytes of every kind, bent at random: each becomes a picture or a refusal with a reason, in bounded time."""

import os
import time
from typing import get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from studio_postprocess.io.decode import Picture, decode
from studio_postprocess.io.errors import PictureError, Reason
from studio_support import hostile

INPUTS = int(os.environ.get("FUZZ_INPUTS", "300"))
SECONDS = 5
"""Of processor time, for one input of a few kilobytes that may claim to have two million pixels."""

_IMAGE = Image.fromarray(np.random.default_rng(5).integers(0, 256, (30, 40, 3), dtype=np.uint8))
SEEDS = (
    hostile.saved(_IMAGE),
    hostile.saved(_IMAGE.quantize(16), transparency=3),
    hostile.saved(_IMAGE.convert("RGBA"), icc_profile=hostile.srgb_profile()),
    hostile.saved(_IMAGE, "PNG", save_all=True, append_images=[_IMAGE.rotate(180)]),
    hostile.saved(_IMAGE, "JPEG", icc_profile=hostile.srgb_profile()),
    hostile.saved(_IMAGE, "JPEG", progressive=True),
    hostile.saved(_IMAGE.convert("CMYK"), "JPEG"),
    hostile.saved(_IMAGE, "WEBP"),
    hostile.saved(_IMAGE, "WEBP", lossless=True, icc_profile=hostile.srgb_profile()),
    hostile.saved(_IMAGE, "WEBP", save_all=True, append_images=[_IMAGE.rotate(180)]),
)

pytestmark = pytest.mark.filterwarnings("ignore")  # Pillow warns of damage that it passes over


@st.composite
def bent(draw: st.DrawFn) -> bytes:
    """A sound file with some bytes changed, cut out, repeated or put in."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, max(0, len(data) - 1)))
        end = start + draw(st.integers(0, 64))
        match draw(st.sampled_from(("change", "cut", "repeat", "insert", "truncate", "number"))):
            case "change":
                data[start : start + 1] = draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del data[start:end]
            case "repeat":
                data[end:end] = data[start:end] * draw(st.sampled_from((1, 2, 50)))
            case "insert":
                data[start:start] = draw(st.binary(max_size=32))
            case "truncate":
                del data[start:]
            case "number":
                data[start : start + 4] = draw(st.sampled_from((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF))).to_bytes(4)
    return bytes(data)


def outcome(data: bytes) -> Picture | PictureError:
    try:
        return decode(data, max_pixels=2_000_000)
    except PictureError as error:
        return error


def checked(data: bytes) -> None:
    start = time.process_time()
    result = outcome(data)
    assert time.process_time() - start < SECONDS
    if isinstance(result, PictureError):
        assert result.reason in get_args(Reason)
        assert 0 < len(str(result)) < 500
    else:
        assert result.rgb.dtype == np.uint8
        assert result.rgb.shape[2] == 3
        assert result.rgb.size <= 3 * 2_000_000


@settings(max_examples=INPUTS, deadline=None, suppress_health_check=list(HealthCheck))
@given(bent())
def test_a_bent_file_is_a_picture_or_a_refusal(data: bytes) -> None:
    checked(data)


@settings(max_examples=INPUTS, deadline=None)
@given(st.sampled_from((b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\x10\0\0\0WEBP")), st.binary(max_size=200))
def test_bytes_behind_a_magic_number_are_refused(magic: bytes, data: bytes) -> None:
    checked(magic + data)
