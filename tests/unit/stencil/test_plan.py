import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_contracts.palette import BY_CODE
from studio_stencil.drawing.draw import draw, encode
from studio_stencil.planning.plan import choose_strategy, make_plan
from studio_stencil.planning.scale import Strategy


@pytest.mark.parametrize(
    ("brief", "strategy", "word"),
    [
        ("calm flowing bands of blue", Strategy.BANDS, "'flowing'"),
        ("Stripes!", Strategy.BANDS, "'stripes'"),
        ("rolling waves", Strategy.BANDS, "'waves'"),
        ("geometric tiles", Strategy.GRID, "'geometric'"),
        ("a hopscotch court", Strategy.GRID, "'hopscotch'"),
        ("something cheerful", Strategy.VORONOI, "no word"),
        ("a husband and wife, reptiles", Strategy.VORONOI, "no word"),
    ],
)
def test_the_brief_says_which_strategy(brief: str, strategy: str, word: str) -> None:
    chosen, reason = choose_strategy(brief)
    assert chosen is strategy
    assert word in reason


def test_a_given_strategy_wins_over_the_words_of_the_brief() -> None:
    plan = make_plan("flowing bands", 5, 5, None, "grid", 1)
    assert (plan.strategy, plan.strategy_reason) == (Strategy.GRID, "asked for by the client")


def test_a_plan_states_all_that_was_decided() -> None:
    plan = make_plan("ocean", 10, 3, None, None, 7)
    assert plan.codes[0] == "RH20"
    assert "'ocean'" in plan.palette_reason
    assert (plan.width, plan.height, plan.layout, plan.seed) == (1152, 648, "framed", 7)
    assert plan.width_mm == pytest.approx(5333, abs=1)
    assert len(plan.coverage) == len(plan.codes)


def test_the_clients_colours_are_used_and_no_others() -> None:
    chosen = ["RH41", "RH50", "RH60"]
    plan = make_plan("ocean", 5, 5, chosen, None, 1)
    assert sorted(plan.codes) == sorted(chosen)


def test_unknown_codes_are_refused_with_the_valid_ones() -> None:
    with pytest.raises(ValueError, match=r"RH99.*valid are RH30, .*RH70"):
        make_plan("ocean", 5, 5, ["RH20", "RH99"], None, 1)


@pytest.mark.parametrize("codes", [[], list(BY_CODE)[:7]])
def test_no_colour_and_seven_colours_are_refused(codes: list[str]) -> None:
    with pytest.raises(ValueError, match="1 to 6 colours"):
        make_plan("ocean", 5, 5, codes, None, 1)


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(ValueError, match="zigzag"):
        make_plan("ocean", 5, 5, None, "zigzag", 1)


@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_surface_too_small_for_its_colours_gets_fewer_and_says_so(strategy: str) -> None:
    plan = make_plan("ocean", 0.5, 0.5, list(BY_CODE)[:6], strategy, 1)
    assert len(plan.codes) < 6
    assert f"only {len(plan.codes)} of 6 fit" in plan.palette_reason


@pytest.mark.parametrize("colours", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("side", [2, 3, 5, 10, 20, 100])
def test_a_voronoi_plan_has_six_to_ten_regions(colours: int, side: float) -> None:
    assert 6 <= make_plan("", side, side, list(BY_CODE)[:colours], "voronoi", 1).regions <= 10


@settings(max_examples=60, deadline=None)
@given(
    prompt=st.text(max_size=80) | st.sampled_from(["ocean with three fish", "flowing stars", "tiles and a whale"]),
    width=st.floats(0.1, 100),
    height=st.floats(0.1, 100),
    codes=st.none() | st.lists(st.sampled_from(list(BY_CODE)), min_size=1, max_size=6),
    strategy=st.none() | st.sampled_from(list(Strategy)),
    seed=st.integers(0, 2**63 - 1),
)
def test_any_valid_brief_becomes_a_picture(
    prompt: str, width: float, height: float, codes: list[str], strategy: str, seed: int
) -> None:
    plan = make_plan(prompt, width, height, codes, strategy, seed)
    indices = draw(plan)
    assert indices.shape == (plan.height, plan.width)
    assert indices.max() < len(plan.codes)
    assert encode(indices, plan).startswith(b"\x89PNG")


@pytest.mark.parametrize("prompt", ["no fish please, only waves", "without fish, just waves"])
def test_what_is_refused_decides_nothing(prompt: str) -> None:
    plan = make_plan(prompt, 5, 5, None, None, 1)
    assert (plan.strategy, plan.motifs) == (Strategy.BANDS, ())
