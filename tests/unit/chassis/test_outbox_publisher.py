"""One write, then publish, then clear: what a crash or an outage at each point leaves behind."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import timedelta

import pytest

from studio_chassis.errors import Unavailable
from studio_chassis.persistence import outbox_publisher
from studio_chassis.persistence.job_service import JobService
from studio_contracts.brief import Brief
from studio_contracts.events import Event
from studio_contracts.job import Limits
from studio_domain.domain_events import CancelRequested, Reopened, RescueRequested, WorkFailed
from studio_domain.lifecycle import accept
from studio_support.one_job import CANCELED, CREATED, NOW, Store, Wire, accept_job


async def test_a_handled_event_is_taken_out_of_the_outbox_by_the_commit_and_no_other_is(
    jobs: JobService, store: Store, wire: Wire
) -> None:
    wire.trouble = Unavailable("broker: not connected")
    await accept_job(jobs)
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
    await accept_job(jobs)
    await accept_job(jobs, "other")
    with jobs.taking(store.database.outboxes["other"][0]):
        await jobs.apply("j", CancelRequested())
    assert store.outbox == [CREATED, CANCELED]


async def test_what_is_published_of_many_jobs_is_cleared_by_one_write(jobs: JobService, store: Store) -> None:
    for number in range(5):
        await accept_job(jobs, f"j{number}")
    await jobs.outbox.flush()
    assert (list(store.database.outboxes.values()), store.clearings) == ([[]] * 5, 1)


async def test_what_is_published_while_others_are_cleared_is_cleared_too(
    jobs: JobService, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def clear_and_publish(published: Mapping[str, Collection[str]]) -> None:
        if "j" in published:
            await accept_job(jobs, "late")
            await asyncio.sleep(0.01)  # its event is published by then
        await clear(published)
        if "late" in published:
            cleared.set()

    cleared = asyncio.Event()
    clear = store.clear_outboxes
    monkeypatch.setattr(store, "clear_outboxes", clear_and_publish)
    monkeypatch.setattr(outbox_publisher, "CLEAR_SECONDS", 0)
    await accept_job(jobs)
    async with asyncio.timeout(10):
        await cleared.wait()
    assert (store.outbox, store.database.outboxes["late"]) == ([], [])


async def test_while_the_broker_is_down_jobs_are_accepted_and_the_relay_sends_them_on(store: Store, wire: Wire) -> None:
    wire.trouble = Unavailable("broker: not connected")
    clock = [NOW]
    jobs = JobService(store, wire.publish, lambda: clock[0], "test")
    await accept_job(jobs)
    await jobs.outbox.flush()
    assert store.outbox == [CREATED]
    clock[0] += timedelta(seconds=10)
    assert await jobs.outbox.relay(timedelta(seconds=5), limit=10) == 0
    assert store.outbox == [CREATED]
    wire.trouble = None
    assert await jobs.outbox.relay(timedelta(seconds=5), limit=10) == 1
    assert (wire.published, store.outbox) == ([CREATED], [])
    assert await jobs.outbox.relay(timedelta(seconds=5), limit=10) == 0


async def test_the_relay_leaves_alone_what_was_committed_a_moment_ago(
    jobs: JobService, store: Store, wire: Wire
) -> None:
    wire.trouble = Unavailable("broker: not connected")
    await accept_job(jobs)
    await jobs.outbox.flush()
    wire.trouble = None
    assert await jobs.outbox.relay(timedelta(seconds=5), limit=10) == 0


async def test_a_crash_between_commit_and_publishing_leaves_the_events_to_the_relay(
    jobs: JobService, store: Store, wire: Wire
) -> None:
    await accept_job(jobs)
    await jobs.outbox.flush()
    wire.trouble = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await jobs.apply("j", CancelRequested())
    assert store.job.status == "canceled"
    assert store.outbox == [CANCELED]


async def test_in_a_flood_what_cannot_be_published_soon_is_left_to_the_relay(
    jobs: JobService, store: Store, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.persistence.outbox_publisher.MAX_PUBLISHING", 1)
    wire.gate.clear()
    await accept_job(jobs)
    await jobs.apply("j", CancelRequested(), wait_for_publish=False)
    wire.gate.set()
    await jobs.outbox.flush()
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
    assert await jobs.outbox.relay(timedelta(seconds=5), limit=10) == 1
    assert published == ["good"]
