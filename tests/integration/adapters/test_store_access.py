"""What every job store keeps of owners: their jobs, idempotency keys, API keys, sessions, links and the audit log."""

import asyncio
from datetime import timedelta

from studio_chassis.persistence.access import AuditFilter
from studio_chassis.persistence.listing import Cursor, JobFilter
from studio_chassis.persistence.store import IdempotencyRecord, JobStore, JobVersion
from studio_contracts.access import LOCAL_OWNER, ApiKey, AuditEntry, ShareLink
from studio_contracts.slot import GenerationRequest
from studio_domain.domain_events import (
    CancelRequested,
    Reopened,
    SlotClaimed,
    SlotPlan,
    SlotsPlanned,
    StencilDrawn,
    WorkFailed,
)
from studio_support.plans import make_plan
from studio_support.stored_jobs import NOW, accepted, changed_by


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
        await store.insert(accepted(job_id, NOW + timedelta(seconds=seconds), owner))
    assert await store.commit(changed_by(await store.load("a"), CancelRequested()))
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
        added = accepted(job_id, owner=owner)
        await store.insert(added)
        drawn = changed_by(added.job, StencilDrawn(make_plan(job_id), 0.1))
        planned = changed_by(drawn.job, SlotsPlanned(generation, tuple(SlotPlan(0, 1) for _ in range(3))))
        claimed = changed_by(changed_by(planned.job, SlotClaimed(0, 1)).job, SlotClaimed(2, 1))
        for change in (drawn, planned, changed_by(planned.job, SlotClaimed(0, 1)), claimed):
            await store.commit(change)
    assert [await store.slots_under_way(owner) for owner in ("acme", "other", LOCAL_OWNER, "nobody")] == [4, 2, 2, 0]
    await store.commit(changed_by(await store.load("a"), CancelRequested()))
    assert await store.slots_under_way("acme") == 2


async def test_final_jobs_without_owner_are_given_one_and_others_keep_theirs(store: JobStore) -> None:
    for job_id, owner in {"a": LOCAL_OWNER, "b": LOCAL_OWNER, "c": "ada", "d": LOCAL_OWNER}.items():
        await store.insert(accepted(job_id, owner=owner))
    for job_id in ("a", "b", "c"):
        assert await store.commit(changed_by(await store.load(job_id), CancelRequested()))
    given = [await store.assign_owner("bea", 1) for _ in range(3)]
    assert sorted(given) == [(), ("a",), ("b",)]
    owners = {job_id: (await store.load(job_id)).owner for job_id in "abcd"}
    assert owners == {"a": "bea", "b": "bea", "c": "ada", "d": LOCAL_OWNER}, "the unfinished one waits"
    assert {job.id for job in await store.recent_of("bea", 9)} == {"a", "b"}


async def test_an_owner_survives_a_concurrent_change_by_an_older_release(store: JobStore) -> None:
    event = accepted().events[0]
    await store.insert(accepted())
    failed = changed_by(await store.load("a"), WorkFailed("broken", "t", "d", replayable=True))
    assert await store.commit(failed)
    reopened = changed_by(await store.load("a"), Reopened(event))
    assert reopened.job.owner == LOCAL_OWNER
    assert await store.assign_owner("ada", 9) == ("a",)
    assert await store.commit(reopened)
    assert (await store.load("a")).owner == "ada"


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
        first.model_copy(
            update={"at": NOW + timedelta(seconds=3), "actor": "k3", "owner": "eve", "action": "of.later"}
        ),
    ]
    for entry in entries:
        await store.append_audit(entry)
    assert await store.audit(AuditFilter(), 9) == tuple(reversed(entries))
    assert await store.audit(AuditFilter(), 1) == (entries[3],), "another release's action is shown, too"
    for wanted, found in (
        (AuditFilter(action="job.canceled"), [1]),
        (AuditFilter(actor="k1"), [2, 0]),
        (AuditFilter(owner="ada"), [1, 0]),
        (AuditFilter(target="a", since=NOW + timedelta(seconds=1)), [3, 1]),
        (AuditFilter(target="nothing"), []),
    ):
        assert await store.audit(wanted, 9) == tuple(entries[place] for place in found)
