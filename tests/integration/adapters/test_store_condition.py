"""What every job store tells of its condition, and what it does with damaged documents and indexes."""

from datetime import timedelta

import pytest

from studio_chassis.errors import UnreadableJob
from studio_chassis.persistence.mongo import MongoJobStore
from studio_chassis.persistence.store import IdempotencyRecord, JobStore
from studio_chassis.testing.store import SimulatedJobStore
from studio_domain.domain_events import CancelRequested, RescueRequested, SlotPlan, SlotsPlanned, StencilDrawn
from studio_support.job_fixtures import GENERATION
from studio_support.plans import make_plan
from studio_support.stored_jobs import NOW, accepted, changed_by, ids_of, version


async def test_a_rescue_is_no_progress_in_the_statistics(store: JobStore) -> None:
    first, later = accepted(), NOW + timedelta(minutes=27)
    await store.insert(first)
    rescued = changed_by(first.job, RescueRequested(), later)
    await store.commit(rescued)
    assert rescued.job.updated_at == later
    assert rescued.job.progressed_at == NOW
    assert (await store.backlog_stats()).unfinished["pending"].oldest == NOW


async def test_jobs_from_the_future_are_counted_while_they_are_ahead(store: JobStore) -> None:
    for minutes, job_id in enumerate(("now", "ahead", "later")):
        await store.insert(accepted(job_id, NOW + timedelta(minutes=minutes)))
    assert await store.jobs_after(NOW) == 2
    assert await store.jobs_after(NOW + timedelta(minutes=2)) == 0


async def test_a_service_whose_clock_is_ahead_hides_no_standstill(store: JobStore) -> None:
    first = accepted()
    ahead = changed_by(first.job, StencilDrawn(make_plan("a"), 0.1), NOW + timedelta(minutes=10))
    await store.insert(first)
    await store.commit(ahead)
    moved = changed_by(ahead.job, SlotsPlanned(GENERATION, (SlotPlan(0, 4),)), NOW + timedelta(seconds=1))
    await store.commit(moved)
    assert (await store.backlog_stats()).unfinished[moved.job.status].oldest == NOW + timedelta(seconds=1)
    assert await store.jobs_after(NOW + timedelta(minutes=1)) == 1


async def test_the_volume_s_fill_level_is_a_share_where_the_database_has_one(store: JobStore) -> None:
    used = await store.used_ratio()
    assert used is None or 0 < used < 1


async def _damage(store: JobStore, job_id: str) -> None:
    """Its document gets a field that only a later release knows."""
    if isinstance(store, SimulatedJobStore):
        store._database.unreadable.add(job_id)
    else:
        assert isinstance(store, MongoJobStore)
        await store._jobs.update_one({"_id": job_id}, {"$set": {"brief.of_a_later_release": "something"}})


async def test_one_unreadable_document_is_an_error_of_its_own_and_left_out_of_every_list(store: JobStore) -> None:
    for job_id in ("a", "b", "c", "final", "kept"):
        await store.insert(accepted(job_id))
    for job_id in ("final", "kept"):
        await store.commit(changed_by(await store.load(job_id), CancelRequested()))
    for job_id in ("a", "final"):
        await _damage(store, job_id)
        with pytest.raises(UnreadableJob, match=job_id):
            await store.load(job_id)
        with pytest.raises(UnreadableJob, match=job_id):
            await store.load_linearizable(job_id)
    later = NOW + timedelta(days=2)
    assert await ids_of(store.unfinished(later)) == ["b", "c"]
    assert sorted(await ids_of(store.overdue(later))) == ["b", "c"]
    assert await ids_of(store.expired(later)) == ["kept"]
    assert [job.id for job in await store.recent(2)] == ["kept", "c"], "a page is full all the same"
    assert len(await store.recent(9)) == 3
    assert (await store.versions(["a", "b"])) == {"a": version(1), "b": version(1)}
    assert (await store.backlog_stats()).unfinished["pending"].jobs == 3


@pytest.mark.parametrize("kind", ["real"], indirect=True)
async def test_a_damaged_outbox_holds_up_no_other_and_is_named(store: JobStore) -> None:
    assert isinstance(store, MongoJobStore)
    for seconds, job_id in enumerate(("a", "b", "c")):
        await store.insert(accepted(job_id, NOW + timedelta(seconds=seconds)))
    await store._jobs.update_one({"_id": "a"}, {"$set": {"outbox": [{"id": 1}]}})
    await store._jobs.update_one({"_id": "c"}, {"$unset": {"updated_at": 1, "version": 1, "brief": 1}})
    assert [one.job_id for one in await store.unpublished(NOW + timedelta(minutes=1), 1)] == ["b"]
    assert await store.versions(["a", "c"]) == {"a": version(1)}
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
