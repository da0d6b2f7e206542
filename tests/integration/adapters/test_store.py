"""What every job store does."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from studio_chassis.errors import JobExists, JobNotFound, Unavailable, UnreadableJob
from studio_chassis.persistence.access import AuditFilter
from studio_chassis.persistence.listing import Cursor, JobFilter, Order, ProjectCount
from studio_chassis.persistence.mongo import MongoJobStore
from studio_chassis.persistence.store import AttemptRef, IdempotencyRecord, JobDuration, JobStore, JobVersion
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.access import LOCAL_OWNER, ApiKey, AuditEntry, ShareLink
from studio_contracts.brief import Brief
from studio_contracts.callbacks import Callback
from studio_contracts.job import Job, Limits
from studio_contracts.slot import GenerationRequest
from studio_domain.domain_events import (
    CallbackAttempted,
    CancelRequested,
    DeletionRequested,
    DomainEvent,
    PredictionReported,
    Reopened,
    RescueRequested,
    SlotClaimed,
    SlotPlan,
    SlotsPlanned,
    StencilDrawn,
    WorkFailed,
)
from studio_domain.lifecycle import Transition, accept, transition
from studio_domain.prediction import PredictionReport, PredictionStatus
from studio_support.plans import make_plan

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _accepted(job_id: str = "a", now: datetime = NOW, owner: str = LOCAL_OWNER) -> Transition:
    limits, brief = Limits(deadline_seconds=600, retention_days=1), Brief(prompt="waves")
    return accept(brief, job_id=job_id, seed=1, traceparent="00-1", limits=limits, now=now, by="test", owner=owner)


def _version(number: int) -> JobVersion:
    return JobVersion(number, LOCAL_OWNER)


_GENERATION = GenerationRequest(model="sdxl", version="v", cents_per_picture=3, input={})


def _after(job: Job, event: DomainEvent, now: datetime = NOW) -> Transition:
    change = transition(job, event, now=now, by="test")
    assert change is not None
    return change


async def _ids(jobs: AsyncIterator[Job]) -> list[str]:
    return [job.id async for job in jobs]


async def test_a_job_comes_back_as_it_was_stored(store: JobStore) -> None:
    first = _accepted()
    await store.insert(first)
    assert await store.load("a") == first.job
    assert await store.load_linearizable("a") == first.job


async def test_a_job_is_stored_once(store: JobStore) -> None:
    await store.insert(_accepted())
    with pytest.raises(JobExists):
        await store.insert(_accepted())


async def test_a_missing_job_is_an_error(store: JobStore) -> None:
    with pytest.raises(JobNotFound):
        await store.load("nowhere")
    with pytest.raises(JobNotFound):
        await store.load_linearizable("nowhere")
    assert not await store.commit(_after(_accepted().job, RescueRequested()))


async def test_of_two_changes_of_the_same_version_one_is_made(store: JobStore) -> None:
    first = _accepted()
    await store.insert(first)
    changes = [_after(first.job, CancelRequested()), _after(first.job, RescueRequested())]
    made = await asyncio.gather(*(store.commit(change) for change in changes))
    assert sorted(made) == [False, True]
    assert await store.load("a") == changes[made.index(True)].job


async def test_events_stay_in_the_outbox_until_they_are_cleared(store: JobStore) -> None:
    first = _accepted()
    await store.insert(first)
    change = _after(first.job, CancelRequested(), NOW + timedelta(seconds=1))
    assert await store.commit(change)
    later = NOW + timedelta(seconds=2)
    (outbox,) = await store.unpublished(later, 10)
    assert (outbox.job_id, outbox.events) == ("a", (*first.events, *change.events))
    await store.clear_outbox("a", (first.events[0].id, "unknown"))
    (outbox,) = await store.unpublished(later, 10)
    assert outbox.events == change.events
    await store.clear_outbox("a", (change.events[0].id,))
    assert await store.unpublished(later, 10) == ()


async def test_a_change_writes_no_more_than_it_changes(store: JobStore) -> None:
    first = _accepted()
    await store.insert(first)
    canceled = _after(first.job, CancelRequested())
    assert canceled.changed_fields == {"status", "stage", "version", "timeline", "finished_at", "expires_at"}
    assert await store.commit(canceled)
    assert await store.load("a") == canceled.job


async def test_unpublished_events_are_listed_oldest_job_first_and_not_too_early(store: JobStore) -> None:
    for seconds, job_id in ((2, "c"), (0, "a"), (1, "b")):
        await store.insert(_accepted(job_id, NOW + timedelta(seconds=seconds)))
    found = await store.unpublished(NOW + timedelta(seconds=2), 10)
    assert [outbox.job_id for outbox in found] == ["a", "b"]
    assert [outbox.job_id for outbox in await store.unpublished(NOW + timedelta(seconds=9), 1)] == ["a"]


async def test_unfinished_jobs_are_listed_by_their_last_change(store: JobStore) -> None:
    for job_id in ("a", "b", "final"):
        await store.insert(_accepted(job_id))
    await store.commit(_after(await store.load("a"), RescueRequested(), NOW + timedelta(seconds=5)))
    await store.commit(_after(await store.load("final"), CancelRequested(), NOW + timedelta(seconds=1)))
    assert await _ids(store.unfinished(NOW + timedelta(seconds=9))) == ["b", "a"]
    assert await _ids(store.unfinished(NOW + timedelta(seconds=5))) == ["b"]


async def test_overdue_are_the_unfinished_jobs_past_their_deadline(store: JobStore) -> None:
    for job_id in ("a", "final"):
        await store.insert(_accepted(job_id))
    await store.commit(_after(await store.load("final"), CancelRequested()))
    assert await _ids(store.overdue(NOW + timedelta(seconds=599))) == []
    assert await _ids(store.overdue(NOW + timedelta(seconds=600))) == ["a"]


async def test_calls_to_clients_are_found_by_state_and_by_when_they_are_due(store: JobStore) -> None:
    await store.insert(_accepted("silent"))
    for job_id in ("waiting", "given up", "done"):
        called = accept(
            Brief(prompt="waves"),
            job_id=job_id,
            seed=1,
            traceparent="00-1",
            limits=Limits(),
            now=NOW,
            by="test",
            callback=Callback(url="https://client.example/"),
            metadata={"order": "66"},
        )
        await store.insert(called)
        ended = _after(called.job, CancelRequested())
        await store.commit(ended)
        if job_id != "waiting":
            error = None if job_id == "done" else "answered 410"
            await store.commit(_after(ended.job, CallbackAttempted(ended.job.version, error, is_permanent=True)))
    assert await _ids(store.with_calls("open")) == await _ids(store.with_calls("open", NOW + timedelta(seconds=1)))
    assert await _ids(store.with_calls("open")) == ["waiting"]
    assert await _ids(store.with_calls("open", NOW)) == []
    assert await _ids(store.with_calls("failed")) == ["given up"]
    assert (await store.load("waiting")).metadata == {"order": "66"}


async def test_expired_are_the_final_jobs_whose_time_is_over(store: JobStore) -> None:
    for job_id in ("a", "final"):
        await store.insert(_accepted(job_id))
    await store.commit(_after(await store.load("final"), CancelRequested()))
    assert await _ids(store.expired(NOW + timedelta(hours=23))) == []
    assert await _ids(store.expired(NOW + timedelta(hours=24))) == ["final"]


async def test_a_job_is_removed_only_as_it_was_seen(store: JobStore) -> None:
    first = _accepted()
    await store.insert(first)
    await store.commit(_after(first.job, RescueRequested()))
    assert not await store.remove(first.job)
    assert await store.remove(await store.load("a"))
    assert not await store.remove(first.job)
    with pytest.raises(JobNotFound):
        await store.load("a")


async def test_a_lease_has_one_holder_until_it_runs_out(store: JobStore) -> None:
    soon, later = NOW + timedelta(seconds=10), NOW + timedelta(seconds=20)
    assert await store.take_lease("reconciler", "one", NOW, soon)
    assert not await store.take_lease("reconciler", "two", NOW, soon)
    assert await store.take_lease("another", "two", NOW, soon)
    assert await store.take_lease("reconciler", "one", NOW, later)
    assert not await store.take_lease("reconciler", "two", soon, later)
    assert await store.take_lease("reconciler", "two", later + timedelta(seconds=1), later + timedelta(seconds=9))


async def test_of_two_processes_only_one_gets_a_free_lease(store: JobStore) -> None:
    until = NOW + timedelta(seconds=10)
    got = await asyncio.gather(*(store.take_lease("reconciler", holder, NOW, until) for holder in ("one", "two")))
    assert sorted(got) == [False, True]


async def test_the_first_claim_of_a_key_stands(store: JobStore) -> None:
    claims = [IdempotencyRecord("key", f"brief {number}", f"job-{number}", NOW) for number in range(3)]
    standing = await asyncio.gather(*(store.claim(claim) for claim in claims))
    assert set(standing) <= set(claims)
    assert len(set(standing)) == 1
    assert await store.claim(IdempotencyRecord("other key", "brief 0", "job-9", NOW)) == (
        "other key",
        "brief 0",
        "job-9",
        NOW,
        LOCAL_OWNER,
    )


async def test_owners_do_not_meet_in_an_idempotency_key(store: JobStore) -> None:
    claims = [
        IdempotencyRecord("key", f"brief of {owner}", f"job of {owner}", NOW, owner)
        for owner in (LOCAL_OWNER, "ada", "bea")
    ]
    for claim in claims:
        assert await store.claim(claim) == claim
    for claim in claims:
        assert await store.claim(claim._replace(job_id="another", fingerprint="another")) == claim


async def test_an_owner_is_given_its_own_jobs_alone(store: JobStore) -> None:
    for seconds, (job_id, owner) in enumerate({"a": "ada", "b": "bea", "c": "ada", "d": LOCAL_OWNER}.items()):
        await store.insert(_accepted(job_id, NOW + timedelta(seconds=seconds), owner))
    assert await store.commit(_after(await store.load("a"), CancelRequested()))
    assert [job.id for job in await store.recent_of("ada", 9)] == ["c", "a"]
    assert [job.id for job in await store.recent_of("ada", 9, JobFilter("canceled"))] == ["a"]
    assert [job.id for job in await store.recent_of("ada", 9, after=Cursor(NOW + timedelta(seconds=2), "c"))] == ["a"]
    assert [job.id for job in await store.recent_of(LOCAL_OWNER, 9)] == ["d"]
    assert await store.recent_of("nobody", 9) == ()
    assert await store.versions(["b", "d"]) == {"b": JobVersion(1, "bea"), "d": JobVersion(1, LOCAL_OWNER)}
    assert (await store.load("a")).owner == "ada"


async def test_slots_under_way_are_those_of_the_owner_that_are_claimed_and_not_finished(store: JobStore) -> None:
    generation = GenerationRequest(model="sdxl", version="v", cents_per_picture=1, input={})
    for job_id, owner in (("a", "acme"), ("b", "acme"), ("c", "other"), ("d", LOCAL_OWNER)):
        added = _accepted(job_id, owner=owner)
        await store.insert(added)
        drawn = _after(added.job, StencilDrawn(make_plan(job_id), 0.1))
        planned = _after(drawn.job, SlotsPlanned(generation, tuple(SlotPlan(0, 1) for _ in range(3))))
        claimed = _after(_after(planned.job, SlotClaimed(0, 1)).job, SlotClaimed(2, 1))
        for change in (drawn, planned, _after(planned.job, SlotClaimed(0, 1)), claimed):
            await store.commit(change)
    assert [await store.slots_under_way(owner) for owner in ("acme", "other", LOCAL_OWNER, "nobody")] == [4, 2, 2, 0]
    await store.commit(_after(await store.load("a"), CancelRequested()))
    assert await store.slots_under_way("acme") == 2


async def test_a_key_is_found_by_its_hash_and_revoked_once(store: JobStore) -> None:
    key = ApiKey(id="k1", name="site", owner="ada", scopes=frozenset({"jobs:read", "ops"}), created_at=NOW)
    other = key.model_copy(update={"id": "k2", "created_at": NOW + timedelta(seconds=1), "expires_at": NOW})
    for one, digest in ((other, "hash 2"), (key, "hash 1")):
        await store.add_key(one, digest)
    assert await store.keys() == (key, other)
    assert await store.key_by_hash("hash 1") == key
    assert await store.key_by_hash("no such hash") is None
    assert await store.key_by_id("k2") == other
    assert await store.key_by_id("k3") is None
    await store.key_used("k1", NOW + timedelta(hours=1))
    revoked = await store.revoke_key("k1", NOW + timedelta(hours=2))
    assert revoked == key.model_copy(
        update={"last_used_at": NOW + timedelta(hours=1), "revoked_at": NOW + timedelta(hours=2)}
    )
    assert await store.revoke_key("k1", NOW + timedelta(hours=3)) == revoked
    assert await store.revoke_key("k3", NOW) is None


async def test_a_session_is_found_until_it_ends_and_forgotten_when_it_is_ended(store: JobStore) -> None:
    key = ApiKey(id="k1", name="site", owner="ada", scopes=frozenset({"jobs:read"}), created_at=NOW)
    await store.add_key(key, "hash of the key")
    await store.add_session("hash", "k1", NOW + timedelta(hours=1))
    await store.add_session("of no key", "k2", NOW + timedelta(hours=1))
    assert await store.session_key("hash", NOW) == key
    assert await store.session_key("hash", NOW + timedelta(hours=1)) is None
    assert await store.session_key("of no key", NOW) is None
    for _ in range(2):
        await store.end_session("hash")
        assert await store.session_key("hash", NOW) is None


async def test_a_link_is_found_by_its_hash_and_revoked_once_by_its_job_alone(store: JobStore) -> None:
    link = ShareLink(id="s1", job_id="a", owner="ada", key_id="k1", created_at=NOW, expires_at=NOW + timedelta(days=1))
    later = link.model_copy(update={"id": "s2", "created_at": NOW + timedelta(seconds=1)})
    for one, digest in ((later, "hash 2"), (link, "hash 1")):
        await store.add_share(one, digest)
    assert await store.shares_of("a") == (link, later)
    assert await store.shares_of("b") == ()
    assert await store.share_by_hash("hash 1") == link
    assert await store.share_by_hash("no such hash") is None
    assert await store.revoke_share("b", "s1", NOW) is None
    revoked = await store.revoke_share("a", "s1", NOW + timedelta(hours=1))
    assert revoked == link.model_copy(update={"revoked_at": NOW + timedelta(hours=1)})
    assert await store.revoke_share("a", "s1", NOW + timedelta(hours=2)) == revoked


async def test_audit_entries_are_listed_newest_first_and_filtered_by_any_field(store: JobStore) -> None:
    first = AuditEntry(at=NOW, action="job.created", actor="k1", owner="ada", target="a", address="10.0.0.1")
    entries = [
        first,
        first.model_copy(update={"at": NOW + timedelta(seconds=1), "action": "job.canceled", "actor": "k2"}),
        first.model_copy(update={"at": NOW + timedelta(seconds=2), "owner": "bea", "target": "b"}),
    ]
    for entry in entries:
        await store.append_audit(entry)
    assert await store.audit(AuditFilter(), 9) == tuple(reversed(entries))
    assert await store.audit(AuditFilter(), 1) == (entries[2],)
    for wanted, found in (
        (AuditFilter(action="job.canceled"), [1]),
        (AuditFilter(actor="k1"), [2, 0]),
        (AuditFilter(owner="ada"), [1, 0]),
        (AuditFilter(target="a", since=NOW + timedelta(seconds=1)), [1]),
        (AuditFilter(target="nothing"), []),
    ):
        assert await store.audit(wanted, 9) == tuple(entries[place] for place in found)


async def test_final_jobs_without_owner_are_given_one_and_others_keep_theirs(store: JobStore) -> None:
    for job_id, owner in {"a": LOCAL_OWNER, "b": LOCAL_OWNER, "c": "ada", "d": LOCAL_OWNER}.items():
        await store.insert(_accepted(job_id, owner=owner))
    for job_id in ("a", "b", "c"):
        assert await store.commit(_after(await store.load(job_id), CancelRequested()))
    given = [await store.assign_owner("bea", 1) for _ in range(3)]
    assert sorted(given) == [(), ("a",), ("b",)]
    owners = {job_id: (await store.load(job_id)).owner for job_id in "abcd"}
    assert owners == {"a": "bea", "b": "bea", "c": "ada", "d": LOCAL_OWNER}, "the unfinished one waits"
    assert {job.id for job in await store.recent_of("bea", 9)} == {"a", "b"}


async def test_an_owner_survives_a_concurrent_change_by_an_older_release(store: JobStore) -> None:
    event = _accepted().events[0]
    await store.insert(_accepted())
    failed = _after(await store.load("a"), WorkFailed("broken", "t", "d", replayable=True))
    assert await store.commit(failed)
    reopened = _after(await store.load("a"), Reopened(event))
    assert reopened.job.owner == LOCAL_OWNER
    assert await store.assign_owner("ada", 9) == ("a",)
    assert await store.commit(reopened)
    assert (await store.load("a")).owner == "ada"


async def _stored_in_a_row(store: JobStore) -> None:
    """Of five jobs, two were created at the same moment and two were cancelled."""
    for seconds, job_id in ((0, "a"), (1, "c"), (1, "b"), (2, "d"), (3, "e")):
        await store.insert(_accepted(job_id, NOW + timedelta(seconds=seconds)))
    for job_id in ("b", "d"):
        assert await store.commit(_after(await store.load(job_id), CancelRequested(), NOW + timedelta(seconds=9)))


async def test_recent_jobs_are_listed_newest_first_page_by_page(store: JobStore) -> None:
    await _stored_in_a_row(store)
    pages, after = [], None
    while page := await store.recent(2, after=after):
        pages.append([job.id for job in page])
        after = Cursor(page[-1].created_at, page[-1].id)
    assert pages == [["e", "d"], ["c", "b"], ["a"]]


async def test_recent_jobs_are_filtered_by_status(store: JobStore) -> None:
    await _stored_in_a_row(store)
    assert [job.id for job in await store.recent(9, JobFilter("canceled"))] == ["d", "b"]
    assert [
        job.id for job in await store.recent(9, JobFilter("canceled"), Cursor(NOW + timedelta(seconds=2), "d"))
    ] == ["b"]
    assert [job.id for job in await store.recent(9, JobFilter("pending"), Cursor(NOW + timedelta(seconds=1), "c"))] == [
        "a"
    ]
    assert await store.recent(9, JobFilter("completed")) == ()


async def test_a_list_is_filtered_by_words_kind_and_time(store: JobStore) -> None:
    for number, (prompt, kind) in enumerate((("Frösche im Teich (3)", "painted"), ("A POND with Frogs", "draft"))):
        brief = Brief(prompt=prompt, kind=kind)
        accepted = accept(
            brief, job_id=f"j{number}", seed=7, traceparent="", limits=Limits(),
            now=NOW + timedelta(seconds=number), by="gateway",
        )  # fmt: skip
        await store.insert(accepted)

    async def found(**wanted: Any) -> list[str]:
        return [job.id for job in await store.recent(9, JobFilter(**wanted))]

    assert await found(text="frogs pond") == ["j1"]
    assert await found(text="frösche (3)") == ["j0"]
    assert await found(text=".*") == []
    assert await found(kind="draft") == ["j1"]
    assert await found(since=NOW + timedelta(seconds=1)) == ["j1"]
    assert await found(before=NOW + timedelta(seconds=1)) == ["j0"]


async def test_an_owner_s_jobs_are_found_by_name_project_favourite_and_metadata(store: JobStore) -> None:
    pairs: tuple[dict[str, str], ...] = ({"order": "1", "a.b": "$x"}, {"order": "2"}, {})
    for number, metadata in enumerate(pairs):
        await store.insert(
            accept(
                Brief(prompt="waves"), job_id=f"j{number}", seed=7, traceparent="", limits=Limits(), owner="ada",
                now=NOW + timedelta(seconds=number), by="gateway", metadata=metadata,
                name="Kita" if number == 1 else "", project=("Parks", "Schools", "")[number],
            )
        )  # fmt: skip
    await store.insert(_accepted("other", NOW, "bea"))
    assert await store.commit(_after(await store.load("j2"), CancelRequested()))

    async def found(order: Order = "newest", **wanted: Any) -> list[str]:
        return [job.id for job in await store.recent_of("ada", 9, JobFilter(**wanted), order=order)]

    assert await found("oldest") == ["j0", "j1", "j2"]
    after = Cursor(NOW, "j0")
    assert [job.id for job in await store.recent_of("ada", 1, after=after, order="oldest")] == ["j1"]
    assert await found(text="kita waves") == ["j1"]
    assert (await found(project="Parks"), await found(project="")) == (["j0"], ["j2"])
    assert await found(metadata=(("a.b", "$x"), ("order", "1"))) == ["j0"]
    assert await found(metadata=(("a.b", "1"),)) == []
    assert (await found(has_favourites=True), await found(has_favourites=False)) == ([], ["j2", "j1", "j0"])
    assert await store.count_of("ada", JobFilter("pending")) == {"pending": 2, "canceled": 1}
    assert await store.count_of("ada", JobFilter(project="Parks")) == {"pending": 1}
    newest = [NOW, NOW + timedelta(seconds=1)]
    assert await store.projects_of("ada") == (
        ProjectCount("Parks", 1, newest[0]),
        ProjectCount("Schools", 1, newest[1]),
    )
    assert await store.commit(_after(await store.load("j1"), CancelRequested()))
    assert await store.commit(_after(await store.load("j1"), DeletionRequested()))
    assert await found() == ["j2", "j0"]
    assert [project.name for project in await store.projects_of("ada")] == ["Parks"]
    assert await store.versions(["j1"]) == {"j1": JobVersion(3, "ada", is_deleted=True)}


async def test_durations_are_of_the_latest_jobs_that_completed(store: JobStore) -> None:
    for number, job_id in enumerate(("a", "b", "c", "d")):
        await store.insert(_accepted(job_id, NOW + timedelta(seconds=number)))
    for job_id, seconds in (("a", 5), ("b", 7.5), ("c", 9)):
        job = await store.load(job_id)
        done = job.model_copy(
            update={
                "version": 2, "status": "completed", "finished_at": job.created_at + timedelta(seconds=seconds),
                "generation": GenerationRequest(model="m", version="1", cents_per_picture=1, input={}),
            }
        )  # fmt: skip
        assert await store.commit(Transition(done, ()))
    count = (await store.load("a")).brief.count
    assert await store.recent_durations(2) == (
        JobDuration("painted", "m", count, 9),
        JobDuration("painted", "m", count, 7.5),
    )


async def test_versions_are_given_for_the_jobs_that_exist(store: JobStore) -> None:
    for job_id in ("a", "b", "c"):
        await store.insert(_accepted(job_id))
    await store.commit(_after(await store.load("b"), RescueRequested()))
    assert await store.versions(["a", "b", "nowhere"]) == {"a": _version(1), "b": _version(2)}
    assert await store.versions([]) == {}


async def test_a_prediction_is_found_by_the_slot_that_waits_for_it(store: JobStore) -> None:
    await store.insert(_accepted("other"))
    first = _accepted()
    await store.insert(first)
    job = first.job
    running = PredictionReport(id="p1", status=PredictionStatus.PROCESSING)
    for event in (
        StencilDrawn(make_plan("a"), 0.1),
        SlotsPlanned(_GENERATION, (SlotPlan(0, 4), SlotPlan(0, 2))),
        PredictionReported(1, 1, running),
    ):
        change = _after(job, event)
        assert await store.commit(change)
        job = change.job
    assert await store.awaiting("p1") == AttemptRef("a", 1, 1)
    assert await store.awaiting("p2") is None
    assert await store.load("a") == job


@pytest.mark.parametrize("kind", ["real"])
async def test_a_document_that_is_full_is_unavailable_until_its_events_are_published(store: JobStore) -> None:
    first = _accepted()
    await store.insert(first)

    async def fill(change: Transition) -> Transition:
        """Add an event of 4 MB."""
        after = _after(change.job, RescueRequested(), change.job.updated_at + timedelta(hours=1))
        large = after.events[0].model_copy(update={"data": {"report": "x" * 4 * 2**20}})
        assert await store.commit(after._replace(events=(large,)))
        return after

    full = await fill(await fill(await fill(first)))
    with pytest.raises(Unavailable, match="full of events"):
        await fill(full)
    (outbox,) = await store.unpublished(NOW + timedelta(days=1), 10)
    await store.clear_outbox("a", tuple(event.id for event in outbox.events))
    await fill(full)


async def _damage(store: JobStore, job_id: str) -> None:
    """Its document gets a field that only a later release knows."""
    if isinstance(store, SimulatedJobStore):
        store._database.unreadable.add(job_id)
    else:
        assert isinstance(store, MongoJobStore)
        await store._jobs.update_one({"_id": job_id}, {"$set": {"brief.of_a_later_release": "something"}})


async def test_one_unreadable_document_is_an_error_of_its_own_and_left_out_of_every_list(store: JobStore) -> None:
    for job_id in ("a", "b", "c", "final", "kept"):
        await store.insert(_accepted(job_id))
    for job_id in ("final", "kept"):
        await store.commit(_after(await store.load(job_id), CancelRequested()))
    for job_id in ("a", "final"):
        await _damage(store, job_id)
        with pytest.raises(UnreadableJob, match=job_id):
            await store.load(job_id)
        with pytest.raises(UnreadableJob, match=job_id):
            await store.load_linearizable(job_id)
    later = NOW + timedelta(days=2)
    assert await _ids(store.unfinished(later)) == ["b", "c"]
    assert sorted(await _ids(store.overdue(later))) == ["b", "c"]
    assert await _ids(store.expired(later)) == ["kept"]
    assert [job.id for job in await store.recent(2)] == ["kept", "c"], "a page is full all the same"
    assert len(await store.recent(9)) == 3
    assert (await store.versions(["a", "b"])) == {"a": _version(1), "b": _version(1)}
    assert (await store.backlog_stats()).unfinished["pending"].jobs == 3


async def test_a_rescue_is_no_progress_in_the_statistics(store: JobStore) -> None:
    first, later = _accepted(), NOW + timedelta(minutes=27)
    await store.insert(first)
    rescued = _after(first.job, RescueRequested(), later)
    await store.commit(rescued)
    assert rescued.job.updated_at == later
    assert rescued.job.progressed_at == NOW
    assert (await store.backlog_stats()).unfinished["pending"].oldest == NOW


async def test_jobs_from_the_future_are_counted_while_they_are_ahead(store: JobStore) -> None:
    for minutes, job_id in enumerate(("now", "ahead", "later")):
        await store.insert(_accepted(job_id, NOW + timedelta(minutes=minutes)))
    assert await store.jobs_after(NOW) == 2
    assert await store.jobs_after(NOW + timedelta(minutes=2)) == 0


async def test_a_service_whose_clock_is_ahead_hides_no_standstill(store: JobStore) -> None:
    first = _accepted()
    ahead = _after(first.job, StencilDrawn(make_plan("a"), 0.1), NOW + timedelta(minutes=10))
    await store.insert(first)
    await store.commit(ahead)
    moved = _after(ahead.job, SlotsPlanned(_GENERATION, (SlotPlan(0, 4),)), NOW + timedelta(seconds=1))
    await store.commit(moved)
    assert (await store.backlog_stats()).unfinished[moved.job.status].oldest == NOW + timedelta(seconds=1)
    assert await store.jobs_after(NOW + timedelta(minutes=1)) == 1


async def test_the_volume_s_fill_level_is_a_share_where_the_database_has_one(store: JobStore) -> None:
    used = await store.used_ratio()
    assert used is None or 0 < used < 1


@pytest.mark.parametrize("kind", ["real"], indirect=True)
async def test_a_damaged_outbox_holds_up_no_other_and_is_named(store: JobStore) -> None:
    assert isinstance(store, MongoJobStore)
    for seconds, job_id in enumerate(("a", "b", "c")):
        await store.insert(_accepted(job_id, NOW + timedelta(seconds=seconds)))
    await store._jobs.update_one({"_id": "a"}, {"$set": {"outbox": [{"id": 1}]}})
    await store._jobs.update_one({"_id": "c"}, {"$unset": {"updated_at": 1, "version": 1, "brief": 1}})
    assert [one.job_id for one in await store.unpublished(NOW + timedelta(minutes=1), 1)] == ["b"]
    assert await store.versions(["a", "c"]) == {"a": _version(1)}
    assert (await store.backlog_stats()).oldest_outbox == NOW
    assert [job_id for job_id, _ in await store.unreadable(100)] == ["c", "a"]


@pytest.mark.parametrize("kind", ["real"], indirect=True)
async def test_each_index_is_made_by_itself_and_what_conflicts_is_named(store: JobStore) -> None:
    assert isinstance(store, MongoJobStore)
    assert await store.index_problems() == ()
    jobs, claims = store._database["jobs"], store._database["claims"]
    for collection in (jobs, claims):
        await collection.drop_indexes()
    await jobs.create_index([("updated_at", 1)], name="unfinished")  # without its filter
    await jobs.create_index([("created_at", -1), ("_id", -1)], name="by_hand")  # under another name
    await claims.create_index([("claimed_at", 1)], name="kept", expireAfterSeconds=60)
    problems = await store.create_indexes()
    assert [problem.split()[0] for problem in problems] == ["jobs.unfinished", "jobs.recent"]
    assert all("dropIndex" in problem for problem in problems)
    names = set(await jobs.index_information())
    assert names >= {"overdue", "expired", "unpublished", "recent_of_status", "awaiting"}
    assert (await claims.index_information())["kept"]["expireAfterSeconds"] == 24 * 3600
    assert await store.index_problems() == problems
    await jobs.drop_index("unfinished")
    await jobs.drop_index("by_hand")
    assert await store.create_indexes() == ()


@pytest.mark.parametrize("kind", ["real"], indirect=True)
async def test_a_claim_of_a_later_release_is_read_by_this_one(store: JobStore) -> None:
    assert isinstance(store, MongoJobStore)
    first = IdempotencyRecord("key", "brief", "job", NOW)
    await store.claim(first)
    await store._claims.update_one({"_id": "key"}, {"$set": {"owner": "somebody"}})
    assert await store.claim(first._replace(job_id="other")) == first
