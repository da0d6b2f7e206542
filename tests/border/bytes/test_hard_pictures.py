"""Foreign bytes, kind: a sound picture with as many regions as pixels. It takes no more time and memory than others.

Each is worked on in a process of its own, within the memory a worker has.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio_colour.difference import ByteArray
from studio_contracts.palette import PALETTE
from studio_postprocess.clamp.clamp import clamp_for
from studio_postprocess.installable.region_limit import MAX_EDGES, edges, limit_regions
from studio_support import hostile

PROGRAM = """
import json, resource, sys, time
import numpy as np
from studio_contracts.brief import Surface
from studio_contracts.palette import PALETTE
from studio_postprocess.concept import make_concept
width, height = int(sys.argv[2]), int(sys.argv[3])
data = open(sys.argv[1], "rb").read()
stencil = np.zeros((height, width), np.uint8)
ground = Surface(width_m=6, height_m=4.5)
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
concept = make_concept(data, PALETTE[5:11], (width, height), stencil, "full", ground)
memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
print(json.dumps([memory, time.process_time() - start, concept.quality.score, concept.installer.score]))
"""
MAKERS = (
    hostile.checkerboard,
    hostile.halftone,
    hostile.noise,
    hostile.dithered,
    hostile.stripes,
    hostile.comb,
)
SECONDS_A_MEGAPIXEL = 3.0
"""Of one core, with the slowest machines in mind: measured are 0.3 to 1.0."""


def measured(rgb: ByteArray, folder: Path) -> tuple[float, float, float]:
    """Bytes of memory beyond the start's, seconds of processor time, and score of a picture's concept."""
    height, width = rgb.shape[:2]
    Image.fromarray(rgb).save(folder / "picture.png", compress_level=1)
    command = [sys.executable, "-c", PROGRAM, str(folder / "picture.png"), str(width), str(height)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    memory, seconds, score, _ = json.loads(done.stdout)
    return memory, seconds, score


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_a_picture_of_dots_keeps_the_bounds(maker: Callable[[int, int], ByteArray], tmp_path: Path) -> None:
    width, height = 1632, 1224
    memory, seconds, score = measured(maker(width, height), tmp_path)
    assert memory < 60 * 2**20 + 40 * width * height
    assert seconds < SECONDS_A_MEGAPIXEL * width * height / 1e6
    assert 0 <= score < 0.6


@pytest.mark.parametrize("maker", [hostile.checkerboard, hostile.noise], ids=lambda maker: maker.__name__)
def test_the_largest_of_them_keeps_the_bounds_too(maker: Callable[[int, int], ByteArray], tmp_path: Path) -> None:
    width, height = 3264, 2448
    memory, seconds, _ = measured(maker(width, height), tmp_path)
    assert memory < 60 * 2**20 + 40 * width * height
    assert seconds < SECONDS_A_MEGAPIXEL * width * height / 1e6


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_the_number_of_edges_is_bounded(maker: Callable[[int, int], ByteArray]) -> None:
    indices = clamp_for(tuple(PALETTE)).indices(maker(1632, 1224))
    assert edges(limit_regions(indices)) <= MAX_EDGES


def test_a_picture_with_fewer_edges_is_left_as_it_is() -> None:
    indices = clamp_for(tuple(PALETTE)).indices(hostile.halftone(800, 600))
    assert 0 < edges(indices) <= MAX_EDGES
    assert limit_regions(indices) is indices


def test_dithering_becomes_the_colour_that_prevails() -> None:
    rng = np.random.default_rng(3)
    left = np.where(rng.random((1000, 800)) < 0.8, 1, 2)
    right = np.where(rng.random((1000, 800)) < 0.8, 3, 2)
    limited = limit_regions(np.concatenate([left, right], axis=1).astype(np.uint8))
    assert np.mean(limited[:, :780] == 1) > 0.95
    assert np.mean(limited[:, 820:] == 3) > 0.95
