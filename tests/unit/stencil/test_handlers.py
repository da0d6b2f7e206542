"""What the stencil service makes of a new job: directions of its own, or those of another job."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from studio_chassis.persistence.job_service import JobService
from studio_chassis.runtime.process_pool import WorkLost
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.objects import SimulatedObjectStore
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.brief import Brief, OwnPicture, Source, Surface
from studio_contracts.concept import ColourShare, Concept, Quality
from studio_contracts.edits import Recolour, Turn
from studio_contracts.events import Event, JobCreated
from studio_contracts.job import Job, Limits
from studio_contracts.object_keys import fitted_picture_key, job_prefix, own_picture_key, stencil_key
from studio_stencil.handlers import StencilMaker, warm_up
from studio_stencil.motifs.inlays import laid
from studio_stencil.motifs.letters import letter
from studio_stencil.motifs.library import find_motif

T = TypeVar("T")


class Here:
    """Runs work in this process."""

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        return function(*arguments)


class Studio:
    """A store, and the stencil service's handler."""

    def __init__(self) -> None:
        self.published: list[Event] = []
        self.bucket: dict[str, bytes] = {}
        self.objects = SimulatedObjectStore(self.bucket)
        self.database = SimulatedDatabase()
        self.jobs = JobService(
            SimulatedJobStore(self.database), self._publish, lambda: datetime(2026, 3, 1, tzinfo=UTC), "stencil"
        )

    async def _publish(self, event: Event) -> None:
        self.published.append(event)

    async def draw(self, job_id: str, **brief: Any) -> Job:
        """A job of this brief after its stencils were drawn."""
        wanted = Brief(**{"prompt": "ocean energy", **brief})
        await self.jobs.accept(wanted, job_id=job_id, seed=7, traceparent="00-1", limits=Limits())
        await self.jobs.outbox.flush()
        await StencilMaker(self.jobs, self.objects, Here()).draw_stencils(await self.jobs.load(job_id), JobCreated())
        return await self.jobs.load(job_id)


async def test_six_pictures_have_three_different_directions_that_are_stored() -> None:
    studio = Studio()
    job = await studio.draw("a", count=6)
    assert job.plan is not None
    assert len({direction.name for direction in job.plan.directions}) == 3
    assert len({direction.stencil.sha256 for direction in job.plan.directions}) == 3
    assert {direction.stencil.key for direction in job.plan.directions} == set(studio.bucket)
    assert all(direction.reason for direction in job.plan.directions)
    assert job.plan.reading is not None
    assert job.plan.reading.language == "en"


async def test_what_is_shown_and_what_is_not_is_recorded() -> None:
    job = await Studio().draw("a", prompt="a whale, a dragon and a castle", surface=Surface(width_m=2, height_m=2))
    assert job.plan is not None
    assert job.plan.directions[0].subjects_shown == pytest.approx(1 / 3)
    assert job.plan.not_drawn == ("dragon", "castle")
    assert [warning.code for warning in job.warnings] == ["not_drawn"]


def test_warming_up_reads_words_and_draws_motifs_and_letters() -> None:
    for cached in (find_motif, letter, laid):
        cached.cache_clear()
    warm_up()
    assert min(cached.cache_info().currsize for cached in (find_motif, letter, laid)) > 0


async def test_a_draft_varies_the_strategy_that_was_asked_for_as_far_as_that_makes_a_difference() -> None:
    studio = Studio()
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
    job = await Studio().draw("a", prompt="a fish", palette=["RH31", "RH20", "RH50", "RH41"], strategy="bands")
    assert job.plan is not None
    for direction in job.plan.directions:
        colours = sorted(direction.colours, key=lambda colour: -colour.share)
        assert [colour.role for colour in colours] == ["base", "accent", "accent", "highlight"][: len(colours)]


async def test_one_picture_has_one_direction_but_a_draft_of_one_has_three() -> None:
    studio = Studio()
    painted, draft = await studio.draw("a", count=1), await studio.draw("b", count=1, kind="draft")
    assert painted.plan is not None
    assert draft.plan is not None
    assert (len(painted.plan.directions), len(draft.plan.directions)) == (1, 3)
    assert draft.status == "running"
    assert [slot.state for slot in draft.predictions] == ["succeeded"] * 3


async def test_the_chosen_directions_are_copied_in_the_order_asked_for_and_outlive_their_draft() -> None:
    studio = Studio()
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
    studio = Studio()
    await studio.draw("draft", kind="draft")
    painted = await studio.draw("painted", source=Source(job="draft"))
    assert painted.plan is not None
    assert len(painted.plan.directions) == 3


async def test_a_draft_that_was_removed_ends_the_job_with_the_reason() -> None:
    studio = Studio()
    await studio.draw("draft", kind="draft")
    del studio.database.jobs["draft"]
    job = await studio.draw("painted", source=Source(job="draft"))
    assert job.error is not None
    assert (job.error.code, job.error.replayable) == ("source_gone", False)
    assert "draft" in job.error.detail


def with_concept(studio: Studio, job: Job) -> None:
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
    studio = Studio()
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
    studio = Studio()
    draft = await studio.draw("draft", kind="draft")
    with_concept(studio, draft)
    await studio.objects.delete_under(job_prefix("draft"))
    job = await studio.draw("edited", kind="draft", source=Source(job="draft", concept="0-0"))
    assert job.error is not None
    assert job.error.code == "source_gone"


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><rect width="2" height="1" fill="#0075bc"/></svg>'
OWN = {"kind": "draft", "picture": OwnPicture(sha256="0" * 64), "surface": Surface(width_m=4, height_m=4)}


async def test_a_picture_of_the_client_is_the_one_direction_and_told_what_was_cut_off() -> None:
    studio = Studio()
    studio.bucket[own_picture_key("a")] = SVG
    job = await studio.draw("a", **OWN)
    assert job.plan is not None
    (direction,) = job.plan.directions
    assert (direction.name, direction.reason) == (
        "own picture",
        "the picture you brought: 50% cut off at left and right",
    )
    assert (direction.codes, job.plan.layout) == (("RH20",), "full")
    assert set(studio.bucket) == {own_picture_key("a"), fitted_picture_key("a"), stencil_key("a", 0)}
    assert [slot.state for slot in job.predictions] == ["succeeded"]


async def test_a_picture_that_is_to_be_painted_over_waits_for_the_model() -> None:
    studio = Studio()
    studio.bucket[own_picture_key("a")] = SVG
    job = await studio.draw("a", **{**OWN, "kind": "painted"})
    assert (job.status, job.predictions) == ("queued", ())
    assert job.plan is not None
    assert job.plan.reading is not None


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"GIF89a", "this is no PNG"), (None, "not there"), (b"\x89PNG\r\n\x1a\n", "truncated: the file ends")],
)
async def test_a_picture_that_cannot_be_used_fails_its_job_with_the_reason(data: bytes | None, why: str) -> None:
    studio = Studio()
    if data is not None:
        studio.bucket[own_picture_key("a")] = data
    job = await studio.draw("a", **OWN)
    assert job.error is not None
    assert (job.status, job.error.code) == ("failed", "unusable_picture")
    assert why in job.error.detail


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (WorkLost("its process ended with signal SIGKILL"), "it takes too much to work on"),
        (MemoryError(), "it takes too much to work on"),
        (ValueError("no such box"), "it cannot be worked on: no such box"),
    ],
)
async def test_a_picture_that_ends_its_work_fails_its_job_alone(
    error: Exception, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: object) -> None:
        raise error

    monkeypatch.setattr(Here, "run", die)
    studio = Studio()
    studio.bucket[own_picture_key("a")] = SVG
    job = await studio.draw("a", **OWN)
    assert job.error is not None
    assert why in job.error.detail
