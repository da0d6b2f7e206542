"""Sixty motifs as they are laid: judged by the installer's rules, and by what is left of them."""

from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from shapely.affinity import scale, translate
from skimage.morphology import skeletonize

from studio_contracts.palette import PALETTE
from studio_postprocess.installable.rules import inspect
from studio_stencil.drawing.scene import Ground, Layer, rasterised
from studio_stencil.motifs.colours import motif_colours
from studio_stencil.motifs.inlays import laid
from studio_stencil.motifs.layable import layable
from studio_stencil.motifs.library import find_motif
from studio_stencil.motifs.outlines import outline
from studio_stencil.motifs.sizes import least_size_m, smallest_size_m

MOTIFS = (
    "🐋🐳🐢🐙🐟🐠🦈🐬🦑🐚⭐🚀🪐🌙☀👽🛸🐉🦕🦖🦔🦊🐻🐘🦒🐒🐫🐪🦁"
    "🐄🐖🐑🐓🦆🐥🦢🦜🦉🐦🐸🐍🐌🦋🐝🐞🌳🌲🌴🌵🍁🍄🌻🌷🌸🍎🍌🚒🚗🚜🚂⛵"
)
GROUND = "RH30"
MM_PER_PIXEL = 6.0
CODES = [colour.code for colour in PALETTE]


def drawn(areas: Sequence[Layer], size_m: float) -> np.ndarray:
    side = size_m * 1000 + 1500
    pixels = round(side / MM_PER_PIXEL)
    ground = Ground(side, side, pixels, pixels)
    return rasterised([Layer(colour, translate(area, side / 2, side / 2)) for colour, area in areas], ground)


def bounding_box(shape: np.ndarray) -> tuple[slice, slice]:
    """With a pixel around it: most of a picture is ground, over which a search for the axis takes as long."""
    (top, bottom), (left, right) = ((found.min(), found.max()) for found in np.nonzero(shape))
    return slice(top - 1, bottom + 2), slice(left - 1, right + 2)


@pytest.mark.parametrize("emoji", MOTIFS)
def test_a_motif_can_be_laid_at_the_size_that_is_chosen(emoji: str) -> None:
    size = max(2.1, smallest_size_m(emoji))
    colours = motif_colours(emoji, [code for code in CODES if code != GROUND], GROUND)
    parts = laid(emoji, round(size, 2), tuple(colours.items()), GROUND)
    assert 1 <= len(parts) <= 4
    assert GROUND not in {part.code for part in parts}
    picture = drawn([Layer(CODES.index(part.code) + 1, part.area) for part in parts], size)
    found = inspect(picture, MM_PER_PIXEL)
    assert found.score == 100, found.counts


@pytest.mark.parametrize("emoji", MOTIFS)
def test_limbs_and_tails_of_a_motif_are_kept(emoji: str) -> None:
    """Kept is the share of the medial axis of what is drawn that lies in what is laid, or within 60 mm of it."""
    size = 2.1
    motif = find_motif(emoji)
    assert motif is not None
    plain = drawn([Layer(1, scale(motif.silhouette, size * 1000, size * 1000, origin=(0, 0)))], size) > 0
    kept = drawn([Layer(1, outline(emoji, size).buffer(60))], size) > 0
    axis = np.zeros_like(plain)
    box = bounding_box(plain)
    axis[box] = skeletonize(plain[box])
    assert (axis & kept).sum() >= 0.9 * axis.sum()


@pytest.mark.parametrize(("emoji", "too_small", "large"), [("🐪", 2.1, 3.2), ("🐒", 2.1, 3.2), ("🦒", 2.1, 3.2)])
def test_a_motif_knows_the_size_at_which_its_legs_stand_apart(emoji: str, too_small: float, large: float) -> None:
    assert too_small < smallest_size_m(emoji) <= large


def test_a_motif_smaller_than_an_island_is_never_asked_for() -> None:
    for emoji in "🌙🐢🏰":
        size = least_size_m(emoji)
        assert max(piece.area for piece in [outline(emoji, size)]) >= 0.3e6


def test_the_colour_of_the_ground_is_never_a_motifs() -> None:
    for ground in CODES:
        for emoji in "🐋🐢🚒🌳☁🐘":
            for codes in (CODES, ("RH20", "RH31", ground), (ground, "RH41", "RH02")):
                assert ground not in motif_colours(emoji, codes, ground).values()


def test_hue_comes_first() -> None:
    colours = motif_colours("🚒", ("RH50", "RH01", "RH60", "RH31"), "RH31")
    assert colours["#dd2e44"] == "RH01"
    assert set(motif_colours("🐋", ("RH20", "RH70", "RH60"), "RH31").values()) >= {"RH20"}
    assert motif_colours("🐸", CODES, "RH31", "RH90")["#77b255"] == "RH90"


@pytest.mark.parametrize(("letter", "size"), [("A", 1.5), ("6", 2.1), ("8", 1.5)])
def test_the_counters_of_a_letter_stay_open_and_can_be_laid(letter: str, size: float) -> None:
    """As in the letters of a stencil: a slit makes ground of what is smaller than an island."""
    motif = find_motif(letter)
    assert motif is not None
    filled = shapely.union_all([shapely.Polygon(piece.exterior) for piece in shapely.get_parts(motif.silhouette)])
    counters = scale(filled.difference(motif.silhouette), size * 1000, size * 1000, origin=(0, 0))
    made = outline(letter, size)
    assert counters.difference(made).area >= 0.6 * counters.area
    assert inspect(drawn([Layer(1, made)], size), MM_PER_PIXEL).score == 100


@pytest.mark.parametrize("radius", [330.0, 450.0, 620.0])
def test_a_disc_that_can_be_laid_has_no_corners(radius: float) -> None:
    disc = shapely.Point(0, 0).buffer(radius, quad_segs=32)
    assert shapely.hausdorff_distance(layable(disc).boundary, disc.boundary) < 8
