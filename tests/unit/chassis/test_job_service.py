"""One way to change a job: conflicts, late reads, and what a crash leaves behind."""

import pytest

from studio_chassis.errors import JobConflict, JobExists, JobNotFound, UnreadableJob
from studio_chassis.persistence.job_service import MAX_CONFLICTS, JobService
from studio_contracts.topology import STENCIL_JOB_CREATED
from studio_domain.domain_events import CancelRequested, DeadlinePassed, Reopened, RescueRequested, WorkFailed
from studio_support.one_job import CANCELED, CREATED, Store, Wire, accept_job


async def test_a_change_is_committed_then_published_then_cleared(jobs: JobService, store: Store, wire: Wire) -> None:
    await accept_job(jobs)
    await jobs.outbox.flush()
    done = await jobs.apply("j", CancelRequested())
    assert (done.changed, done.job.status, store.job) == (True, "canceled", done.job)
    assert (wire.published, store.outbox) == ([CREATED, CANCELED], [CANCELED])
    await jobs.outbox.flush()
    assert (wire.published, store.outbox) == ([CREATED, CANCELED], [])


async def test_what_changes_nothing_writes_and_publishes_nothing(jobs: JobService, store: Store, wire: Wire) -> None:
    job = await accept_job(jobs)
    await jobs.outbox.flush()
    assert await jobs.apply("j", DeadlinePassed()) == (job, False)
    assert (store.job, wire.published) == (job, [CREATED])


async def test_a_late_read_does_not_pass_for_nothing_to_do(jobs: JobService, store: Store) -> None:
    await accept_job(jobs)
    await jobs.apply("j", WorkFailed("set_aside", "Set aside", "kept", replayable=True))
    store.database.lags = lambda: True
    assert (await jobs.load("j")).status == "pending"
    assert (await jobs.apply("j", Reopened())).changed
    assert (store.job.status, store.job.version) == ("pending", 3)


async def test_a_concurrent_change_is_kept_and_ours_is_applied_to_it(jobs: JobService, store: Store) -> None:
    await accept_job(jobs)
    store.rivals = [RescueRequested(), RescueRequested()]
    done = await jobs.apply("j", CancelRequested())
    assert (done.job.status, done.job.rescues, done.job.version) == ("canceled", 2, 4)


async def test_a_loaded_job_is_changed_without_reading_it_again(jobs: JobService, store: Store) -> None:
    job = await accept_job(jobs)
    done = await jobs.apply(job, CancelRequested())
    assert (done.job, done.changed, store.reads) == (store.job, True, 0)


async def test_a_loaded_job_that_has_changed_since_is_loaded_again(jobs: JobService, store: Store) -> None:
    job = await accept_job(jobs)
    await jobs.apply("j", RescueRequested())
    done = await jobs.apply(job, CancelRequested())
    assert (done.job.status, done.job.rescues, done.job.version) == ("canceled", 1, 3)


async def test_a_loaded_job_does_not_decide_that_there_is_nothing_to_do(jobs: JobService, store: Store) -> None:
    job = await accept_job(jobs)
    await jobs.apply("j", WorkFailed("set_aside", "Set aside", "kept", replayable=True))
    assert (await jobs.apply(job, Reopened())).changed
    assert (store.job.status, store.job.version) == ("pending", 3)


async def test_a_job_that_was_seen_is_not_read_for_the_next_change(jobs: JobService, store: Store) -> None:
    await accept_job(jobs)
    with jobs.taking(store.database.outboxes["j"][0]):
        assert not (await jobs.apply("j", DeadlinePassed())).changed
        assert (await jobs.apply("j", CancelRequested())).changed
    assert store.reads == 1


async def test_conflicts_without_end_are_given_up_changing_nothing(jobs: JobService, store: Store) -> None:
    await accept_job(jobs)
    store.rivals = [RescueRequested()] * MAX_CONFLICTS
    with pytest.raises(JobConflict):
        await jobs.apply("j", CancelRequested())
    assert store.job.status == "pending"


async def test_a_job_that_is_not_there_or_there_twice_is_an_error(jobs: JobService) -> None:
    with pytest.raises(JobNotFound):
        await jobs.apply("j", CancelRequested())
    await accept_job(jobs)
    with pytest.raises(JobExists):
        await accept_job(jobs)


async def test_apply_returns_before_the_publishing_where_nobody_waits_for_it(
    jobs: JobService, store: Store, wire: Wire
) -> None:
    await accept_job(jobs)
    await jobs.outbox.flush()
    wire.gate.clear()
    done = await jobs.apply("j", CancelRequested(), wait_for_publish=False)
    assert done.job.status == store.job.status == "canceled"
    assert CANCELED not in wire.published
    wire.gate.set()
    await jobs.outbox.flush()
    assert (wire.published, store.outbox) == ([CREATED, CANCELED], [])


async def test_an_unreadable_outbox_and_job_do_not_hold_up_the_others(jobs: JobService, store: Store) -> None:
    await accept_job(jobs)
    store.database.unreadable.add("j")
    with pytest.raises(UnreadableJob):
        await jobs.apply("j", CancelRequested())
    await jobs.dead_lettered(store.database.outboxes["j"][0], STENCIL_JOB_CREATED)
