"""What every job store does with a job, its events and a lease."""

import asyncio
from datetime import timedelta

import pytest

from studio_chassis.errors import JobExists, JobNotFound, Unavailable
from studio_chassis.persistence.store import AttemptRef, JobStore
from studio_domain.domain_events import (
    CancelRequested,
    PredictionReported,
    Reopened,
    RescueRequested,
    SlotPlan,
    SlotsPlanned,
    StencilDrawn,
    WorkFailed,
)
from studio_domain.lifecycle import Transition
from studio_domain.prediction import PredictionReport, PredictionStatus
from studio_support.job_fixtures import GENERATION
from studio_support.plans import make_plan
from studio_support.stored_jobs import NOW, accepted, changed_by


async def test_a_job_comes_back_as_it_was_stored(store: JobStore) -> None:
    first = accepted()
    await store.insert(first)
    assert await store.load("a") == first.job
    assert await store.load_linearizable("a") == first.job


async def test_a_job_is_stored_once(store: JobStore) -> None:
    await store.insert(accepted())
    with pytest.raises(JobExists):
        await store.insert(accepted())


async def test_a_missing_job_is_an_error(store: JobStore) -> None:
    with pytest.raises(JobNotFound):
        await store.load("nowhere")
    with pytest.raises(JobNotFound):
        await store.load_linearizable("nowhere")
    assert not await store.commit(changed_by(accepted().job, RescueRequested()))


async def test_of_two_changes_of_the_same_version_one_is_made(store: JobStore) -> None:
    first = accepted()
    await store.insert(first)
    changes = [changed_by(first.job, CancelRequested()), changed_by(first.job, RescueRequested())]
    made = await asyncio.gather(*(store.commit(change) for change in changes))
    assert sorted(made) == [False, True]
    assert await store.load("a") == changes[made.index(True)].job


async def test_events_stay_in_the_outbox_until_they_are_cleared(store: JobStore) -> None:
    first = accepted()
    await store.insert(first)
    change = changed_by(first.job, CancelRequested(), NOW + timedelta(seconds=1))
    assert await store.commit(change)
    later = NOW + timedelta(seconds=2)
    (outbox,) = await store.unpublished(later, 10)
    assert (outbox.job_id, outbox.events) == ("a", (*first.events, *change.events))
    await store.clear_outboxes({"a": (first.events[0].id, "unknown")})
    (outbox,) = await store.unpublished(later, 10)
    assert outbox.events == change.events
    await store.clear_outboxes({"a": (change.events[0].id,)})
    assert await store.unpublished(later, 10) == ()


async def test_a_commit_takes_what_is_published_out_of_the_outbox_and_nothing_else(store: JobStore) -> None:
    first = accepted()
    await store.insert(first)
    failed = changed_by(first.job, WorkFailed("set_aside", "$Set aside", "kept", replayable=True))
    assert await store.commit(failed)
    created = (event.id for event in first.events)
    reopened = changed_by(failed.job, Reopened())
    assert await store.commit(reopened, tuple(created))
    assert reopened.events[0].id == first.events[0].id, "the same id, and not published yet"
    (outbox,) = await store.unpublished(NOW + timedelta(seconds=9), 10)
    assert outbox.events == (*failed.events, *reopened.events)
    rescued = changed_by(reopened.job, RescueRequested())
    assert await store.commit(rescued._replace(events=()), ("unknown", failed.events[0].id))
    (outbox,) = await store.unpublished(NOW + timedelta(seconds=9), 10)
    assert outbox.events == reopened.events
    assert await store.load("a") == rescued.job


async def test_the_outboxes_of_many_jobs_are_cleared_together(store: JobStore) -> None:
    jobs = {job_id: accepted(job_id) for job_id in ("a", "b", "c")}
    for first in jobs.values():
        await store.insert(first)
    await store.clear_outboxes({job_id: [jobs[job_id].events[0].id] for job_id in ("a", "c")} | {"gone": ["gone:x"]})
    assert [outbox.job_id for outbox in await store.unpublished(NOW + timedelta(seconds=9), 10)] == ["b"]


async def test_a_change_writes_no_more_than_it_changes(store: JobStore) -> None:
    first = accepted()
    await store.insert(first)
    canceled = changed_by(first.job, CancelRequested())
    assert canceled.changed_fields == {"status", "stage", "version", "timeline", "finished_at", "expires_at"}
    assert await store.commit(canceled)
    assert await store.load("a") == canceled.job


async def test_a_job_is_removed_only_as_it_was_seen(store: JobStore) -> None:
    first = accepted()
    await store.insert(first)
    await store.commit(changed_by(first.job, RescueRequested()))
    assert not await store.remove(first.job)
    assert await store.remove(await store.load("a"))
    assert not await store.remove(first.job)
    with pytest.raises(JobNotFound):
        await store.load("a")


async def test_a_lease_is_held_until_it_runs_out(store: JobStore) -> None:
    soon, later = NOW + timedelta(seconds=10), NOW + timedelta(seconds=20)
    assert await store.renew_lease("reconciler", "two", NOW, soon) == ("two",)
    assert await store.renew_lease("reconciler", "one", NOW, soon) == ("one", "two")
    assert await store.renew_lease("another", "three", NOW, soon) == ("three",)
    assert await store.renew_lease("reconciler", "one", soon, later) == ("one", "two")
    assert await store.renew_lease("reconciler", "one", soon + timedelta(seconds=1), later) == ("one",)


async def test_all_who_take_a_lease_at_the_same_time_know_of_each_other(store: JobStore) -> None:
    until, names = NOW + timedelta(seconds=10), tuple("abcde")
    await asyncio.gather(*(store.renew_lease("reconciler", name, NOW, until) for name in names))
    assert await store.renew_lease("reconciler", "a", NOW, until) == names


async def test_a_prediction_is_found_by_the_slot_that_waits_for_it(store: JobStore) -> None:
    await store.insert(accepted("other"))
    first = accepted()
    await store.insert(first)
    job = first.job
    running = PredictionReport(id="p1", status=PredictionStatus.PROCESSING)
    for event in (
        StencilDrawn(make_plan("a"), 0.1),
        SlotsPlanned(GENERATION, (SlotPlan(0, 4), SlotPlan(0, 2))),
        PredictionReported(1, 1, running),
    ):
        change = changed_by(job, event)
        assert await store.commit(change)
        job = change.job
    assert await store.awaiting("p1") == AttemptRef("a", 1, 1)
    assert await store.awaiting("p2") is None
    assert await store.load("a") == job


@pytest.mark.parametrize("kind", ["real"])
async def test_a_document_that_is_full_is_unavailable_until_its_events_are_published(store: JobStore) -> None:
    first = accepted()
    await store.insert(first)

    async def fill(change: Transition) -> Transition:
        """Add an event of 4 MB."""
        after = changed_by(change.job, RescueRequested(), change.job.updated_at + timedelta(hours=1))
        large = after.events[0].model_copy(update={"data": {"report": "x" * 4 * 2**20}})
        assert await store.commit(after._replace(events=(large,)))
        return after

    full = await fill(await fill(await fill(first)))
    with pytest.raises(Unavailable, match="full of events"):
        await fill(full)
    (outbox,) = await store.unpublished(NOW + timedelta(days=1), 10)
    await store.clear_outboxes({"a": [event.id for event in outbox.events]})
    await fill(full)
