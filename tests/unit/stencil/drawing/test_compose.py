"""Every strategy on four surfaces, as an installer sees it."""

from typing import get_args

import numpy as np
import pytest

from studio_contracts.brief import Strategy
from studio_postprocess.installable.rules import inspect
from studio_stencil.drawing.compose import Composition, painted, sketched
from studio_stencil.drawing.directions import NAMES, Direction, choose_directions
from studio_stencil.motifs.palette import with_motif_colours
from studio_stencil.planning.palette_choice import choose_palette
from studio_stencil.planning.reading import read_brief
from studio_stencil.planning.roles import in_role_order

SURFACES = ((3, 3), (10, 3), (20, 8), (2, 8))
WHALE = "underwater world with a whale and three turtles"
CODES = ("RH20", "RH22", "RH26", "RH31", "RH41", "RH11")


def size_px(width_m: float, height_m: float) -> tuple[int, int]:
    scale = 1024 / (width_m * height_m) ** 0.5
    return round(width_m * scale / 8) * 8, round(height_m * scale / 8) * 8


def drawn(brief: str, surface: tuple[float, float], strategy: Strategy, seed: int = 3) -> Composition:
    direction = Direction(NAMES[strategy], strategy, "a test")
    return painted(sketched(read_brief(brief), CODES, *surface, size_px(*surface), direction, seed))


def score(composition: Composition, surface: tuple[float, float]) -> int:
    rows, columns = composition.indices.shape
    return inspect(composition.indices, max(surface[0] * 1000 / columns, surface[1] * 1000 / rows)).score


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("strategy", get_args(Strategy))
def test_a_stencil_can_be_laid_as_it_is(strategy: Strategy, surface: tuple[float, float]) -> None:
    composition = drawn(WHALE, surface, strategy)
    assert composition.indices.shape == size_px(*surface)[::-1]
    assert composition.indices.max() < len(CODES)
    assert score(composition, surface) == 100


@pytest.mark.parametrize("strategy", get_args(Strategy))
def test_the_seed_decides(strategy: Strategy) -> None:
    first, again, other = (drawn(WHALE, (10, 3), strategy, seed) for seed in (1, 1, 2))
    assert (first.indices == again.indices).all()
    assert first.drawn == again.drawn
    if strategy in ("scattered", "flowing", "bands", "maze"):
        assert (first.indices != other.indices).any()


@pytest.mark.parametrize("strategy", ["hero", "scattered", "flowing", "panorama"])
@pytest.mark.parametrize("surface", [(10, 3), (20, 8)])
def test_motifs_are_as_many_as_the_brief_says(strategy: Strategy, surface: tuple[float, float]) -> None:
    composition = drawn(WHALE, surface, strategy)
    assert dict(composition.drawn) == {"🐋": 1, "🐢": 3}
    assert composition.left_out == ()


def test_what_has_no_room_is_reported() -> None:
    composition = drawn("12 elephants and a whale", (3, 3), "scattered")
    shown = dict(composition.drawn)
    assert set(shown) == {"🐘", "🐋"}
    assert composition.left_out == (("🐘", 12 - shown["🐘"], "no room in which it could be laid"),)


def test_what_is_refused_is_never_drawn() -> None:
    composition = drawn("a whale, but no turtles please", (10, 3), "scattered")
    assert dict(composition.drawn) == {"🐋": 1}


@pytest.mark.parametrize("strategy", ["stripes", "hexagons", "circles", "scattered"])
@pytest.mark.parametrize("surface", SURFACES)
def test_the_base_covers_half_or_more(strategy: Strategy, surface: tuple[float, float]) -> None:
    assert np.mean(drawn("blue", surface, strategy).indices == 0) >= 0.45


@pytest.mark.parametrize(
    ("brief", "first"),
    [
        ("a red racing car track", "track"),
        ("letters and numbers hopscotch", "hopscotch"),
        ("snakes and ladders", "snakes"),
        ("compass rose, navy and white", "compass"),
        ("football pitch", "pitch"),
        ("no fish please, only waves", "bands"),
        ("a maze", "maze"),
        ("concentric circles", "circles"),
        ("hexagons", "hexagons"),
        ("a path through the forest", "path"),
        ("a dragon", "hero"),
        ("ok", None),
    ],
)
def test_the_brief_suggests_three_directions_that_differ(brief: str, first: Strategy | None) -> None:
    directions = choose_directions(read_brief(brief), 5, 5, 0)
    assert len({direction.strategy for direction in directions}) == len(directions) == 3
    assert first is None or directions[0].strategy is first
    assert all(direction.reason and direction.name == NAMES[direction.strategy] for direction in directions)


def test_a_strategy_that_is_asked_for_is_the_only_one() -> None:
    assert [d.strategy for d in choose_directions(read_brief(WHALE), 5, 5, 0, "grid")] == ["grid"]


@pytest.mark.parametrize("surface", [(5, 5), (3, 12)])
def test_directions_of_a_subject_show_it(surface: tuple[float, float]) -> None:
    for direction in choose_directions(read_brief("three turtles"), *surface, 1):
        composition = painted(sketched(read_brief("three turtles"), CODES, *surface, size_px(*surface), direction, 1))
        assert dict(composition.drawn).get("🐢", 0) >= 1, direction


def test_a_palette_of_our_own_has_the_motifs_colours() -> None:
    reading = read_brief("a farm with pigs and a red tractor")
    codes = with_motif_colours(in_role_order(choose_palette(reading).codes), reading)
    assert {"RH90"} <= set(codes)
    assert len(codes) <= 6
    fire = read_brief("fire engine")
    codes = with_motif_colours(in_role_order(choose_palette(fire).codes), fire)
    assert codes[0] not in ("RH01", "RH02", "RH50")
    assert "RH02" in codes


@pytest.mark.parametrize("surface", [(10, 3), (20, 8)])
def test_footprints_go_along_a_path_and_can_be_laid(surface: tuple[float, float]) -> None:
    composition = drawn("jungle trail with footprints and leaves", surface, "path")
    assert dict(composition.drawn).get("👣", 0) >= 2
    assert score(composition, surface) == 100
