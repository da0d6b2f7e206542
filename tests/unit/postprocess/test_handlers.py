"""What the handler decides by itself: which colours a concept's palette must have, and how its subjects weigh."""

from typing import Any

import pytest

from studio_contracts.brief import Brief, OwnPicture
from studio_contracts.job import Job
from studio_contracts.plan import Plan
from studio_contracts.reading import Reading, Subject
from studio_domain.lifecycle.ending import ranked
from studio_postprocess.handlers import palette_fit
from studio_postprocess.results import PaletteFit, weighed
from studio_support.job_shapes import PLAN, accepted, concept

FISH = Subject(word="fish", name="fish", motif="🐟", colour="RH50")


def decided(reading: Reading | None, **brief: Any) -> tuple[Job, Plan]:
    job = accepted(2).model_copy(update={"brief": Brief(prompt="an orange fish", **brief)})
    return job, PLAN.model_copy(update={"reading": reading})


def test_a_fitted_palette_has_the_colours_that_the_brief_and_its_subjects_name_each_once() -> None:
    reading = Reading(language="en", subjects=(FISH,), colours=("RH20", "RH50"), refused_colours=("RH90",))
    assert palette_fit(*decided(reading)) == PaletteFit(("RH20", "RH50"), ("RH90",))


def test_no_more_colours_are_asked_for_than_a_palette_holds() -> None:
    colours = ("RH20", "RH22", "RH23", "RH26", "RH31", "RH41", "RH01")
    assert palette_fit(*decided(Reading(language="en", colours=colours))) == PaletteFit(colours[:6], ())


@pytest.mark.parametrize("brief", [{"palette": ["RH20", "RH31"]}, {"kind": "draft"}])
def test_what_the_client_chose_and_what_a_draft_shows_is_not_fitted(brief: dict[str, Any]) -> None:
    assert palette_fit(*decided(Reading(language="en", colours=("RH20",)), **brief)) is None


def test_a_picture_that_the_client_brought_has_its_colours_fitted_as_a_model_s_has() -> None:
    own = OwnPicture(sha256="0" * 64)
    assert palette_fit(*decided(None, kind="draft", picture=own)) == PaletteFit((), ())
    assert palette_fit(*decided(None, kind="draft", picture=own, palette=["RH20"])) is None


def test_a_brief_that_wants_its_colours_only_gets_no_others() -> None:
    assert palette_fit(*decided(Reading(language="en", colours=("RH20",), only_colours=True))) is None


def test_a_plan_without_a_reading_leaves_all_to_the_picture() -> None:
    assert palette_fit(*decided(None)) == PaletteFit((), ())


def test_of_two_equal_concepts_the_one_that_shows_the_subjects_is_ranked_first() -> None:
    bands, fish = concept(0, 0, 0.9), concept(1, 0, 0.8)
    made = tuple(
        one.model_copy(update={"quality": weighed(one.quality, shown)}) for one, shown in ((bands, 0.0), (fish, 1.0))
    )
    assert [one.id for one in ranked(made)] == [fish.id, bands.id]
    assert [one.quality.subjects for one in ranked(made)] == [1.0, 0.0]


def test_where_the_brief_names_nothing_the_score_stays() -> None:
    quality = concept(0, 0, 0.7).quality
    assert weighed(quality, None) is quality
    assert weighed(quality, 1.0).score == quality.score
    assert weighed(quality, 0.5).score == pytest.approx(0.75 * quality.score)
