import pytest

from studio_contracts.pictures import StoredPicture
from studio_contracts.plan import Direction
from studio_stencil.handlers import _attributions
from studio_stencil.motifs import letters, library
from studio_stencil.planning.plan import make_plan


def direction(strategy: str) -> Direction:
    stencil = StoredPicture(key="k", sha256="0" * 64, media_type="image/png", width=8, height=8)
    return Direction(name="n", reason="r", strategy=strategy, seed=1, colours=(), stencil=stencil)


@pytest.mark.parametrize(
    ("brief", "strategy", "named"),
    [
        ("a whale", "hero", (library.ATTRIBUTION,)),
        ("a compass rose", "compass", (letters.ATTRIBUTION,)),
        ("snakes and ladders", "snakes", (library.ATTRIBUTION,)),
        ("the letters of the alphabet and a cat", "scattered", (library.ATTRIBUTION, letters.ATTRIBUTION)),
        ("blue", "stripes", ()),
    ],
)
def test_a_plan_names_the_works_of_others_that_it_shows(brief: str, strategy: str, named: tuple[str, ...]) -> None:
    plan = make_plan(brief, 5, 5, None, None, 1)
    assert _attributions(plan, [direction(strategy)]) == named
    assert all("CC BY 4.0" in one or "SIL Open Font License" in one for one in named)
