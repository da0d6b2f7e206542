"""Foreign bytes, kind: a sound picture with as many regions as pixels. It takes no more time and memory than others.

Each is worked on in a process of its own, within the memory a worker has.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image

from studio_colour.difference import ByteArray
from studio_contracts.palette import PALETTE
from studio_postprocess.clamp.clamp import clamp_for
from studio_postprocess.installable.region_limit import MAX_EDGES, edges, limit_regions
from studio_support import hostile
from studio_support.costs import COSTS

PROGRAM = (
    COSTS
    + """
import json, os, sys
import numpy as np
from studio_chassis.runtime.memory import reuse_what_is_freed
from studio_contracts.brief import Surface
from studio_contracts.palette import PALETTE
from studio_postprocess.concept import make_concept

reuse_what_is_freed()  # as each child process does

def measure(path, width, height):
    data = open(path, "rb").read()
    stencil = np.zeros((height, width), np.uint8)
    ground = Surface(width_m=6, height_m=4.5)
    before, start = costs()
    concept = make_concept(data, PALETTE[5:11], (width, height), stencil, "full", ground)
    memory, end = costs()
    print(json.dumps([memory - before, end - start, concept.quality.score]), flush=True)

for line in sys.stdin:
    if os.fork() == 0:
        measure(*json.loads(line))
        os._exit(0)
    if os.wait()[1]:
        sys.exit("a child failed")
"""
)
"""Measures the picture of each line in a child of its own, which finds everything imported."""
MAKERS = (
    hostile.checkerboard,
    hostile.halftone,
    hostile.noise,
    hostile.dithered,
    hostile.stripes,
    hostile.comb,
)
TIMES_THE_CALM_ONE = 10
"""What a picture of dots may take of the time of a calm one, a pixel each: measured are 1 to 3."""


Measure = Callable[[ByteArray], tuple[float, float, float]]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measure]:
    """Bytes of memory beyond the start's, seconds of processor time, and score of a picture's concept."""
    path = tmp_path_factory.mktemp("hard") / "picture.png"
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        orders, results = process.stdin, process.stdout

        def measured(rgb: ByteArray) -> tuple[float, float, float]:
            height, width = rgb.shape[:2]
            Image.fromarray(rgb).save(path, compress_level=1)
            print(json.dumps([str(path), width, height]), file=orders)
            memory, seconds, score = json.loads(results.readline())
            return memory, seconds, score

        yield measured
        orders.close()
    assert process.returncode == 0


@pytest.fixture(scope="module")
def calm_seconds(measured: Measure) -> float:
    """Seconds of processor time for a pixel of a picture of a few large regions."""
    width, height = 1632, 1224
    _, seconds, _ = measured(np.kron(hostile.noise(6, 4), np.ones((height // 4, width // 6, 1), np.uint8)))
    return seconds / (width * height)


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_a_picture_of_dots_keeps_the_bounds(
    maker: Callable[[int, int], ByteArray], measured: Measure, calm_seconds: float
) -> None:
    width, height = 1632, 1224
    memory, seconds, score = measured(maker(width, height))
    assert memory < 60 * 2**20 + 40 * width * height
    assert seconds < TIMES_THE_CALM_ONE * calm_seconds * width * height
    assert 0 <= score < 0.6


@pytest.mark.parametrize("maker", [hostile.checkerboard, hostile.noise], ids=lambda maker: maker.__name__)
def test_the_largest_of_them_keeps_the_bounds_too(
    maker: Callable[[int, int], ByteArray], measured: Measure, calm_seconds: float
) -> None:
    width, height = 3264, 2448
    memory, seconds, _ = measured(maker(width, height))
    assert memory < 60 * 2**20 + 40 * width * height
    assert seconds < TIMES_THE_CALM_ONE * calm_seconds * width * height


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
