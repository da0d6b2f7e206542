"""One write, then publish, then clear: what a crash or an outage at each point leaves behind."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from studio_chassis.errors import JobConflict, JobExists, JobNotFound, Unavailable, UnreadableJob
from studio_chassis.persistence import job_service
from studio_chassis.persistence.job_service import MAX_CONFLICTS, JobService
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.brief import Brief
from studio_contracts.events import Event
from studio_contracts.job import Job, Limits
from studio_contracts.topology import STENCIL_JOB_CREATED
from studio_domain.domain_events import CancelRequested, DeadlinePassed, Reopened, RescueRequested, WorkFailed
from studio_domain.lifecycle import Transition, accept, transition

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
CREATED, CANCELED = "j:job.created.v1", "j:job.canceled.v1"


class Store(SimulatedJobStore):
    """The job store in memory; `rivals` are committed by others between our load and our commit."""

    def __init__(self) -> None:
        self.database = SimulatedDatabase()
        super().__init__(self.database)
        self.rivals: list[RescueRequested] = []
        self.reads = 0
        self.clearings = 0

    @property
    def job(self) -> Job:
        """The one job of these tests."""
        return self.database.jobs["j"]

    @property
    def outbox(self) -> list[str]:
        """Ids of its events that are not known to be published."""
        return [event.id for event in self.database.outboxes["j"]]

    async def clear_outboxes(self, published: Mapping[str, Collection[str]]) -> None:
        self.clearings += 1
        await super().clear_outboxes(published)

    async def load(self, job_id: str) -> Job:
        self.reads += 1
        return await super().load(job_id)

    async def commit(self, change: Transition, published: Collection[str] = ()) -> bool:
        if self.rivals:
            rival = transition(self.job, self.rivals.pop(), now=NOW, by="rival")
            assert rival is not None
            self.database.write(rival)
        return await super().commit(change, published)


class Wire:
    """A broker that keeps what is published, or fails with `trouble`, or waits for `gate`."""

    def __init__(self) -> None:
        self.published: list[str] = []
        self.trouble: BaseException | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def publish(self, event: Event) -> None:
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        self.published.append(event.id)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def jobs(store: Store, wire: Wire) -> JobService:
    return JobService(store, wire.publish, lambda: NOW, "test")


async def _accept(jobs: JobService, job_id: str = "j") -> Job:
    return await jobs.accept(Brief(prompt="waves"), job_id=job_id, seed=1, traceparent="", limits=Limits())


async def test_a_change_is_committed_then_published_then_cleared(jobs: JobService, store: Store, wire: Wire) -> None:
    await _accept(jobs)
    await jobs.flush_publishing()
    done = await jobs.apply("j", CancelRequested())
    assert (done.changed, done.job.status, store.job) == (True, "canceled", done.job)
    assert (wire.published, store.outbox) == ([CREATED, CANCELED], [CANCELED])
    await jobs.flush_publishing()
    assert (wire.published, store.outbox) == ([CREATED, CANCELED], [])


async def test_what_changes_nothing_writes_and_publishes_nothing(jobs: JobService, store: Store, wire: Wire) -> None:
    job = await _accept(jobs)
    await jobs.flush_publishing()
    assert await jobs.apply("j", DeadlinePassed()) == (job, False)
    assert (store.job, wire.published) == (job, [CREATED])


async def test_a_late_read_does_not_pass_for_nothing_to_do(jobs: JobService, store: Store) -> None:
    await _accept(jobs)
    await jobs.apply("j", WorkFailed("set_aside", "Set aside", "kept", replayable=True))
    store.database.lags = lambda: True
    assert (await jobs.load("j")).status == "pending"
    assert (await jobs.apply("j", Reopened())).changed
    assert (store.job.status, store.job.version) == ("pending", 3)


async def test_a_concurrent_change_is_kept_and_ours_is_applied_to_it(jobs: JobService, store: Store) -> None:
    await _accept(jobs)
    store.rivals = [RescueRequested(), RescueRequested()]
    done = await jobs.apply("j", CancelRequested())
    assert (done.job.status, done.job.rescues, done.job.version) == ("canceled", 2, 4)


async def test_a_handled_event_is_taken_out_of_the_outbox_by_the_commit_and_no_other_is(
    jobs: JobService, store: Store, wire: Wire
) -> None:
    wire.trouble = Unavailable("broker: not connected")
    await _accept(jobs)
    await jobs.apply("j", RescueRequested())  # its event has the same id
    await jobs.apply("j", WorkFailed("set_aside", "Set aside", "kept", replayable=True))
    created, again, failed = store.database.outboxes["j"]
    assert created.id == again.id == CREATED
    with jobs.taking(created):
        await jobs.apply("j", Reopened())
    assert store.outbox == [failed.id, CREATED], "the handled one is gone, the new one and the others are not"


async def test_a_handled_event_is_taken_out_of_its_own_jobs_outbox_alone(
    jobs: JobService, store: Store, wire: Wire
) -> None:
    wire.trouble = Unavailable("broker: not connected")
    await _accept(jobs)
    await _accept(jobs, "other")
    with jobs.taking(store.database.outboxes["other"][0]):
        await jobs.apply("j", CancelRequested())
    assert store.outbox == [CREATED, CANCELED]


async def test_what_is_published_of_many_jobs_is_cleared_by_one_write(jobs: JobService, store: Store) -> None:
    for number in range(5):
        await _accept(jobs, f"j{number}")
    await jobs.flush_publishing()
    assert (list(store.database.outboxes.values()), store.clearings) == ([[]] * 5, 1)


async def test_what_is_published_while_others_are_cleared_is_cleared_too(
    jobs: JobService, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def clear_and_publish(published: Mapping[str, Collection[str]]) -> None:
        if "j" in published:
            await _accept(jobs, "late")
            await asyncio.sleep(0.01)  # its event is published by then
        await clear(published)
        if "late" in published:
            cleared.set()

    cleared = asyncio.Event()
    clear = store.clear_outboxes
    monkeypatch.setattr(store, "clear_outboxes", clear_and_publish)
    monkeypatch.setattr(job_service, "CLEAR_SECONDS", 0)
    await _accept(jobs)
    async with asyncio.timeout(10):
        await cleared.wait()
    assert (store.outbox, store.database.outboxes["late"]) == ([], [])


async def test_a_loaded_job_is_changed_without_reading_it_again(jobs: JobService, store: Store) -> None:
    job = await _accept(jobs)
    done = await jobs.apply(job, CancelRequested())
    assert (done.job, done.changed, store.reads) == (store.job, True, 0)


async def test_a_loaded_job_that_has_changed_since_is_loaded_again(jobs: JobService, store: Store) -> None:
    job = await _accept(jobs)
    await jobs.apply("j", RescueRequested())
    done = await jobs.apply(job, CancelRequested())
    assert (done.job.status, done.job.rescues, done.job.version) == ("canceled", 1, 3)


async def test_a_loaded_job_does_not_decide_that_there_is_nothing_to_do(jobs: JobService, store: Store) -> None:
    job = await _accept(jobs)
    await jobs.apply("j", WorkFailed("set_aside", "Set aside", "kept", replayable=True))
    assert (await jobs.apply(job, Reopened())).changed
    assert (store.job.status, store.job.version) == ("pending", 3)


async def test_conflicts_without_end_are_given_up_changing_nothing(jobs: JobService, store: Store) -> None:
    await _accept(jobs)
    store.rivals = [RescueRequested()] * MAX_CONFLICTS
    with pytest.raises(JobConflict):
        await jobs.apply("j", CancelRequested())
    assert store.job.status == "pending"


async def test_a_job_that_is_not_there_or_there_twice_is_an_error(jobs: JobService) -> None:
    with pytest.raises(JobNotFound):
        await jobs.apply("j", CancelRequested())
    await _accept(jobs)
    with pytest.raises(JobExists):
        await _accept(jobs)


async def test_while_the_broker_is_down_jobs_are_accepted_and_the_relay_sends_them_on(store: Store, wire: Wire) -> None:
    wire.trouble = Unavailable("broker: not connected")
    clock = [NOW]
    jobs = JobService(store, wire.publish, lambda: clock[0], "test")
    await _accept(jobs)
    await jobs.flush_publishing()
    assert store.outbox == [CREATED]
    clock[0] += timedelta(seconds=10)
    assert await jobs.relay(timedelta(seconds=5), limit=10) == 0
    assert store.outbox == [CREATED]
    wire.trouble = None
    assert await jobs.relay(timedelta(seconds=5), limit=10) == 1
    assert (wire.published, store.outbox) == ([CREATED], [])
    assert await jobs.relay(timedelta(seconds=5), limit=10) == 0


async def test_the_relay_leaves_alone_what_was_committed_a_moment_ago(
    jobs: JobService, store: Store, wire: Wire
) -> None:
    wire.trouble = Unavailable("broker: not connected")
    await _accept(jobs)
    await jobs.flush_publishing()
    wire.trouble = None
    assert await jobs.relay(timedelta(seconds=5), limit=10) == 0


async def test_a_crash_between_commit_and_publishing_leaves_the_events_to_the_relay(
    jobs: JobService, store: Store, wire: Wire
) -> None:
    await _accept(jobs)
    await jobs.flush_publishing()
    wire.trouble = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await jobs.apply("j", CancelRequested())
    assert store.job.status == "canceled"
    assert store.outbox == [CANCELED]


async def test_apply_returns_before_the_publishing_where_nobody_waits_for_it(
    jobs: JobService, store: Store, wire: Wire
) -> None:
    await _accept(jobs)
    await jobs.flush_publishing()
    wire.gate.clear()
    done = await jobs.apply("j", CancelRequested(), wait_for_publish=False)
    assert done.job.status == store.job.status == "canceled"
    assert CANCELED not in wire.published
    wire.gate.set()
    await jobs.flush_publishing()
    assert (wire.published, store.outbox) == ([CREATED, CANCELED], [])


async def test_in_a_flood_what_cannot_be_published_soon_is_left_to_the_relay(
    jobs: JobService, store: Store, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.persistence.job_service.MAX_PUBLISHING", 1)
    wire.gate.clear()
    await _accept(jobs)
    await jobs.apply("j", CancelRequested(), wait_for_publish=False)
    wire.gate.set()
    await jobs.flush_publishing()
    assert (wire.published, store.outbox) == ([CREATED], [CANCELED])


async def test_an_event_that_cannot_be_put_into_a_message_does_not_hold_up_the_relay(store: Store) -> None:
    async def publish(event: Event) -> None:
        if event.subject == "bad":
            raise ValueError("message id of 300 bytes")
        published.append(event.subject)

    published: list[str] = []
    clock = [NOW]
    jobs = JobService(store, publish, lambda: clock[0], "test")
    for job_id in ("bad", "good"):
        change = accept(
            Brief(prompt="waves"), job_id=job_id, seed=1, traceparent="", limits=Limits(), now=clock[0], by="test"
        )
        store.database.write(change)
        clock[0] += timedelta(seconds=1)
    clock[0] += timedelta(seconds=10)
    assert await jobs.relay(timedelta(seconds=5), limit=10) == 1
    assert published == ["good"]


async def test_an_unreadable_outbox_and_job_do_not_hold_up_the_others(jobs: JobService, store: Store) -> None:
    await _accept(jobs)
    store.database.unreadable.add("j")
    with pytest.raises(UnreadableJob):
        await jobs.apply("j", CancelRequested())
    await jobs.dead_lettered(store.database.outboxes["j"][0], STENCIL_JOB_CREATED)
