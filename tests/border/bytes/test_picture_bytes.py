"""Foreign bytes, kind: a picture file that costs its reader more than its size. Each is refused or read within bounds.

Time and memory are measured in a process of their own, in which nothing else was done before.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from studio_pictures.container import MAX_PARTS, MAX_PIXELS, MAX_SCANS
from studio_pictures.decode import decode
from studio_pictures.errors import PictureError
from studio_support import hostile
from studio_support.costs import COSTS

MIB = 2**20
PROGRAM = (
    COSTS
    + """
import json, sys
from studio_pictures.decode import decode
from studio_pictures.errors import PictureError
for path in sys.argv[1:]:
    data = open(path, "rb").read()
    before, start = costs()
    try:
        outcome = list(decode(data).rgb.shape)
    except PictureError as error:
        outcome = error.reason
    memory, end = costs()
    print(json.dumps([outcome, memory - before, end - start]))
"""
)
LARGEST = 3264, 2448
"""Width and height."""

HOSTILE: dict[str, tuple[Callable[[], bytes], object]] = {
    "stream of 2 GB behind 64x64 pixels": (lambda: hostile.inflating_png(2 << 30), [64, 64, 3]),
    "stream of 2 GB behind 64x64 black pixels, cut off": (
        lambda: hostile.inflating_png(2 << 30)[:-12],
        "damaged",
    ),
    "1.7 million empty chunks": (lambda: hostile.png_of_chunks(b"teSt", 1_700_000), "too_large"),
    "1.7 million empty pixel chunks": (lambda: hostile.png_of_chunks(b"IDAT", 1_700_000), "too_large"),
    "text that inflates to 1 GB": (
        lambda: hostile.png_with(hostile.chunk(b"zTXt", b"a\0\0" + hostile.zeros(1 << 30))),
        [64, 64, 3],
    ),
    "colour profile that inflates to 1 GB": (
        lambda: hostile.png_with(hostile.chunk(b"iCCP", b"a\0\0" + hostile.zeros(1 << 30))),
        "too_large",
    ),
    "2,000 scans": (lambda: hostile.jpeg_of_scans(2_000), "too_large"),
    "5 million segments": (lambda: hostile.jpeg_of_segments(5_000_000), "too_large"),
    "WebP canvas of 268 million pixels": (lambda: hostile.webp_of_canvas(16_383, 16_383), "too_large"),
    "2.5 million WebP chunks": (lambda: hostile.webp_of_chunks(2_500_000), "too_large"),
}


def measured(path: Path) -> tuple[Any, float, float]:
    """What decoding a file ends in, the bytes of memory it takes, and its seconds of processor time."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, path], capture_output=True, text=True, check=True, timeout=120
    )
    outcome, memory, seconds = json.loads(done.stdout)
    return outcome, memory, seconds


@pytest.fixture(scope="module")
def calm_seconds(tmp_path_factory: pytest.TempPathFactory) -> float:
    """Of processor time, for a calm picture of the largest size: times of others are stated as its multiples."""
    path = tmp_path_factory.mktemp("calm") / "calm"
    path.write_bytes(hostile.saved(Image.fromarray(hostile.stripes(*LARGEST))))
    return measured(path)[2]


def refused(data: bytes) -> PictureError:
    with pytest.raises(PictureError) as caught:
        decode(data)
    return caught.value


@pytest.mark.parametrize(("make", "expected"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_costs_no_more_than_its_size_allows(
    make: Callable[[], bytes], expected: object, tmp_path: Path, calm_seconds: float
) -> None:
    data = make()
    (tmp_path / "hostile").write_bytes(data)
    outcome, memory, seconds = measured(tmp_path / "hostile")
    assert outcome == expected
    assert memory < 3 * len(data) + 24 * 64 * 64 + 16 * MIB  # of which Pillow's modules are a part
    assert seconds < 5 * calm_seconds


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_largest_picture_takes_the_memory_that_is_stated(kind: str, tmp_path: Path, calm_seconds: float) -> None:
    width, height = LARGEST
    assert width * height < MAX_PIXELS
    image = Image.fromarray(hostile.dithered(width, height)).convert("RGB" if kind == "JPEG" else "RGBA")
    (tmp_path / "large").write_bytes(data := hostile.saved(image, kind))
    outcome, memory, seconds = measured(tmp_path / "large")
    assert outcome == [height, width, 3]
    assert memory < 3 * len(data) + 24 * width * height
    assert seconds < 20 * calm_seconds  # measured are 1.5 to 4 times


def test_as_many_scans_and_chunks_as_are_allowed_are_read_in_time(tmp_path: Path, calm_seconds: float) -> None:
    scans = hostile.jpeg_of_scans(MAX_SCANS - 12, side=2800)
    chunks = hostile.png_of_chunks(b"IDAT", MAX_PARTS - 3)
    for data in (scans, chunks):
        (tmp_path / "allowed").write_bytes(data)
        outcome, _, seconds = measured(tmp_path / "allowed")
        assert outcome[2] == 3
        assert seconds < 100 * calm_seconds  # measured are 20 times


@pytest.mark.parametrize(("kind", "options"), [("WEBP", {}), ("WEBP", {"lossless": True}), ("JPEG", {}), ("PNG", {})])
def test_a_file_cut_off_is_called_truncated_and_not_no_picture(kind: str, options: dict[str, bool]) -> None:
    data = hostile.saved(Image.fromarray(hostile.dithered(64, 64)), kind, **options)
    for end in (len(data) // 4, len(data) // 2, len(data) * 3 // 4, len(data) - 2):
        error = refused(data[:end])
        assert error.reason == "damaged"
        assert "truncated" in str(error)


def test_a_wrong_checksum_is_called_corrupt() -> None:
    data = bytearray(hostile.saved(Image.fromarray(hostile.dithered(64, 64))))
    for place, kind in ((data.index(b"IDAT") + 50, "IDAT"), (data.index(b"IHDR") + 6, "IHDR")):
        broken = bytearray(data)
        broken[place] ^= 0xFF
        error = refused(bytes(broken))
        assert (error.reason, str(error)) == ("damaged", f"corrupt: the checksum of its {kind} chunk is wrong")


def test_a_wrong_checksum_of_what_no_pixel_needs_does_no_harm() -> None:
    text = bytearray(hostile.chunk(b"tEXt", b"Comment\0a fish"))
    text[-1] ^= 0xFF
    assert decode(hostile.png_with(bytes(text))).rgb[0, 0].tolist() == [200, 30, 30]


def test_a_large_colour_profile_is_used_and_a_too_large_one_named() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    rng = np.random.default_rng(1)
    large = profile + rng.integers(0, 256, 2 * MIB, dtype=np.uint8).tobytes()
    assert decode(hostile.png_with(hostile.profile_chunk(large))).rgb[0, 0].tolist() == [200, 30, 30]
    error = refused(hostile.png_with(hostile.profile_chunk(large * 3)))
    assert (error.reason, str(error)) == ("too_large", "its colour profile is larger than 4 MiB")


def test_what_a_profile_is_called_proves_nothing() -> None:
    linear = decode(hostile.png_with(hostile.profile_chunk(hostile.linear_profile(b"Linear sRGB"))))
    srgb = decode(hostile.png_with(hostile.profile_chunk(hostile.srgb_profile())))
    assert srgb.rgb[0, 0].tolist() == [200, 30, 30]
    # IEC 61966-2-1: light of 200/255 and 30/255 is encoded as 229 and 96.
    assert np.abs(linear.rgb[0, 0].astype(int) - [229, 96, 96]).max() <= 2


@pytest.mark.parametrize(("gamma", "expected"), [(100_000, [229, 96, 96]), (45_455, [200, 30, 30]), (0, [200, 30, 30])])
def test_the_gamma_of_a_png_without_a_profile_is_heeded(gamma: int, expected: list[int]) -> None:
    data = hostile.png_with(hostile.chunk(b"gAMA", gamma.to_bytes(4)))
    assert np.abs(decode(data).rgb[0, 0].astype(int) - expected).max() <= 1
