"""What the stencil service makes of a new job: directions of its own, or those of another job."""

import pytest

from studio_contracts.brief import Source, Surface
from studio_contracts.concept import ColourShare, Concept, Quality
from studio_contracts.edits import Recolour, Turn
from studio_contracts.job import Job
from studio_contracts.object_keys import job_prefix
from studio_stencil.drawing import motif_layers
from studio_stencil.handlers import warm_up
from studio_stencil.motifs.inlays import laid
from studio_stencil.motifs.letters import letter
from studio_stencil.motifs.library import find_motif
from studio_support.stencil_service import StencilStudio


async def test_six_pictures_have_three_different_directions_that_are_stored() -> None:
    studio = StencilStudio()
    job = await studio.draw("a", count=6)
    assert job.plan is not None
    assert len({direction.name for direction in job.plan.directions}) == 3
    assert len({direction.stencil.sha256 for direction in job.plan.directions}) == 3
    assert {direction.stencil.key for direction in job.plan.directions} == set(studio.bucket)
    assert all(direction.reason for direction in job.plan.directions)
    assert job.plan.reading is not None
    assert job.plan.reading.language == "en"


async def test_what_is_shown_and_what_is_not_is_recorded() -> None:
    job = await StencilStudio().draw(
        "a", prompt="a whale, a dragon and a castle", surface=Surface(width_m=2, height_m=2)
    )
    assert job.plan is not None
    assert job.plan.directions[0].subjects_shown == pytest.approx(1 / 3)
    assert job.plan.not_drawn == ("dragon", "castle")
    assert [warning.code for warning in job.warnings] == ["not_drawn"]


def test_warming_up_reads_words_and_draws_motifs_and_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(motif_layers, "MOTIFS", motif_layers.Motifs())
    for cached in (find_motif, letter, laid):
        cached.cache_clear()
    warm_up()
    assert min(cached.cache_info().currsize for cached in (find_motif, letter, laid)) > 0


async def test_a_draft_varies_the_strategy_that_was_asked_for_as_far_as_that_makes_a_difference() -> None:
    studio = StencilStudio()
    hero = (await studio.draw("a", kind="draft", strategy="hero", prompt="two fish")).plan
    compass = (await studio.draw("b", kind="draft", strategy="compass", prompt="two fish")).plan
    painted = (await studio.draw("c", strategy="hero", prompt="two fish")).plan
    assert hero is not None
    assert compass is not None
    assert painted is not None
    assert [(one.name, one.strategy, one.seed) for one in hero.directions] == [
        ("Hero", "hero", 7),
        ("Hero 2", "hero", 8),
        ("Hero 3", "hero", 9),
    ]
    assert len({one.stencil.sha256 for one in hero.directions}) == 3
    assert [one.name for one in compass.directions] == ["Compass"]
    assert [one.stencil.sha256 for one in painted.directions] == [hero.directions[0].stencil.sha256]


async def test_the_colour_that_covers_most_is_the_base() -> None:
    job = await StencilStudio().draw("a", prompt="a fish", palette=["RH31", "RH20", "RH50", "RH41"], strategy="bands")
    assert job.plan is not None
    for direction in job.plan.directions:
        colours = sorted(direction.colours, key=lambda colour: -colour.share)
        assert [colour.role for colour in colours] == ["base", "accent", "accent", "highlight"][: len(colours)]


async def test_one_picture_has_one_direction_but_a_draft_of_one_has_three() -> None:
    studio = StencilStudio()
    painted, draft = await studio.draw("a", count=1), await studio.draw("b", count=1, kind="draft")
    assert painted.plan is not None
    assert draft.plan is not None
    assert (len(painted.plan.directions), len(draft.plan.directions)) == (1, 3)
    assert draft.status == "running"
    assert [slot.state for slot in draft.predictions] == ["succeeded"] * 3


async def test_the_chosen_directions_are_copied_in_the_order_asked_for_and_outlive_their_draft() -> None:
    studio = StencilStudio()
    draft = await studio.draw("draft", kind="draft")
    painted = await studio.draw("painted", source=Source(job="draft", directions=(2, 0)))
    assert draft.plan is not None
    assert painted.plan is not None
    chosen = [draft.plan.directions[number] for number in (2, 0)]
    assert [(one.name, one.seed, one.stencil.sha256) for one in painted.plan.directions] == [
        (one.name, one.seed, one.stencil.sha256) for one in chosen
    ]
    await studio.objects.delete_under(job_prefix("draft"))
    assert {one.stencil.key for one in painted.plan.directions} == set(studio.bucket)
    assert painted.plan.model_copy(update={"directions": ()}) == draft.plan.model_copy(update={"directions": ()})


async def test_all_directions_are_copied_where_none_are_named() -> None:
    studio = StencilStudio()
    await studio.draw("draft", kind="draft")
    painted = await studio.draw("painted", source=Source(job="draft"))
    assert painted.plan is not None
    assert len(painted.plan.directions) == 3


async def test_a_draft_that_was_removed_ends_the_job_with_the_reason() -> None:
    studio = StencilStudio()
    await studio.draw("draft", kind="draft")
    del studio.database.jobs["draft"]
    job = await studio.draw("painted", source=Source(job="draft"))
    assert job.error is not None
    assert (job.error.code, job.error.replayable) == ("source_gone", False)
    assert "draft" in job.error.detail


def with_concept(studio: StencilStudio, job: Job) -> None:
    """The job has one concept, which is laid as its first stencil is drawn."""
    assert job.plan is not None
    laid = job.plan.directions[0].stencil
    concept = Concept(
        id="0-0",
        slot=0,
        index=0,
        pictures={"installable": laid},
        quality=Quality(score=0.5, fidelity=1, flatness=1, contrast=1, balance=1, mean_delta_e=0),
        palette_used=tuple(ColourShare(code=c.code, share=c.share) for c in job.plan.directions[0].colours),
    )
    studio.database.jobs[job.id] = job.model_copy(update={"concepts": (concept,)})


async def test_an_edited_concept_is_the_one_direction_of_its_job() -> None:
    studio = StencilStudio()
    draft = await studio.draw("draft", kind="draft")
    assert draft.plan is not None
    base = draft.plan.directions[0].codes[0]
    with_concept(studio, draft)
    edits = (Recolour(colour=base, to="RH70"), Turn(quarters=1))
    turned = Surface(width_m=3, height_m=10)
    job = await studio.draw(
        "edited", kind="draft", surface=turned, source=Source(job="draft", concept="0-0", edits=edits)
    )
    assert job.plan is not None
    (direction,) = job.plan.directions
    assert base not in direction.codes
    assert "RH70" in direction.codes
    assert (job.plan.width_px, job.plan.height_px) == (draft.plan.height_px, draft.plan.width_px)
    assert job.plan.mm_per_pixel == pytest.approx(3000 / job.plan.width_px)
    assert studio.bucket[direction.stencil.key] != studio.bucket[draft.plan.directions[0].stencil.key]


async def test_a_concept_whose_picture_was_removed_ends_the_job_with_the_reason() -> None:
    studio = StencilStudio()
    draft = await studio.draw("draft", kind="draft")
    with_concept(studio, draft)
    await studio.objects.delete_under(job_prefix("draft"))
    job = await studio.draw("edited", kind="draft", source=Source(job="draft", concept="0-0"))
    assert job.error is not None
    assert job.error.code == "source_gone"
