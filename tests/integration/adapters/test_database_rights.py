"""Each service with a database user of its own: it does its work, and reads or changes nothing that is another's."""

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from studio_chassis.errors import Unavailable
from studio_chassis.persistence.access import AuditFilter
from studio_chassis.persistence.indexes import INDEXES
from studio_chassis.persistence.listing import EVERY_JOB
from studio_chassis.persistence.mongo import MongoJobStore, open_mongo_store
from studio_chassis.persistence.store import IdempotencyRecord, JobStore
from studio_contracts.access import ApiKey, AuditEntry, ShareLink
from studio_contracts.database_rights import RIGHTS
from studio_contracts.services import SERVICES
from studio_contracts.spending import Budgets, Charge, day_of
from studio_domain.domain_events import CancelRequested
from studio_domain.rate_limit import Rate
from studio_domain.spending import Outcome
from studio_support.guarded_database import DATABASE, GuardedDatabase, guarded_database
from studio_support.stored_jobs import accepted, changed_by

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
DAY = day_of(NOW)
ENTRY: dict[str, Any] = {
    "at": NOW, "action": "job.created", "actor": "key", "owner": "ada", "target": "a", "address": "192.0.2.1",
}  # fmt: skip
KEY = ApiKey(id="key", name="laptop", owner="ada", scopes=frozenset({"ops"}), created_at=NOW)
UNAUTHORISED = 13
COLLECTIONS = sorted({index.collection for index in INDEXES} | {name for of in RIGHTS.values() for name in of if name})

ACTIONS: dict[str, Callable[[Any], object]] = {
    "find": lambda collection: collection.find_one({}),
    "insert": lambda collection: collection.insert_one({"hash": uuid.uuid4().hex}),
    "update": lambda collection: collection.update_one({"_id": "nobody"}, {"$set": {"x": 1}}),
    "remove": lambda collection: collection.delete_one({"_id": "nobody"}),
    "createIndex": lambda collection: collection.create_index("x", expireAfterSeconds=10**9),
    "listIndexes": lambda collection: list(collection.list_indexes()),
    "dropCollection": lambda collection: collection.drop(),
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedDatabase]:
    with guarded_database(tmp_path_factory.mktemp("guarded")) as found:
        yield found


@pytest.fixture
async def stores(guarded: GuardedDatabase) -> AsyncIterator[dict[str, JobStore]]:
    """The store of each service, and `operator`'s, on an empty database with its indexes made by all."""
    with MongoClient[dict[str, Any]](guarded.operator) as client:
        for name in client[DATABASE].list_collection_names():
            client[DATABASE][name].drop()
    async with AsyncExitStack() as stack:
        urls = {**guarded.urls, "operator": guarded.operator}
        opened = {
            name: await stack.enter_async_context(open_mongo_store(url, DATABASE, name)) for name, url in urls.items()
        }
        assert [await opened[name].create_indexes() for name in SERVICES] == [()] * len(SERVICES)
        yield dict(opened)


async def test_the_services_make_all_indexes_together(stores: dict[str, JobStore]) -> None:
    operator = stores["operator"]
    assert isinstance(operator, MongoJobStore)
    assert await operator.index_problems() == ()


async def test_every_service_loads_changes_and_relays_jobs(stores: dict[str, JobStore]) -> None:
    for name in SERVICES:
        await stores["gateway"].insert(accepted(name))
        job = await stores[name].load_linearizable(name)
        assert await stores[name].commit(changed_by(job, CancelRequested()))
        (outbox,) = [one for one in await stores[name].unpublished(LATER, 99) if one.job_id == name]
        await stores[name].clear_outboxes({name: [event.id for event in outbox.events]})


async def test_the_gateway_keeps_clients_and_adds_to_the_audit_log(stores: dict[str, JobStore]) -> None:
    gateway, operator = stores["gateway"], stores["operator"]
    await operator.add_key(KEY, "hash")
    assert await gateway.key_by_hash("hash") == KEY
    await gateway.key_used(KEY.id, NOW)
    await gateway.add_session("session", KEY.id, LATER)
    assert await gateway.session_key("session", NOW) is not None
    await gateway.end_session("session")
    link = ShareLink(id="link", job_id="a", owner="ada", key_id=KEY.id, created_at=NOW, expires_at=LATER)
    await gateway.add_share(link, "hash")
    assert await gateway.share_by_hash("hash") == link
    assert await gateway.revoke_share("a", "link", NOW) is not None
    claim = IdempotencyRecord("key", "brief", "a", NOW, "ada")
    assert [await gateway.claim(claim) for _ in range(2)] == [claim] * 2
    assert (await gateway.take_tokens("bucket", Rate("creates", 1, 1), 1, NOW)).granted
    await gateway.append_audit(AuditEntry(**ENTRY))
    with pytest.raises(Unavailable, match="not authorized"):
        await gateway.audit(AuditFilter(), 9)
    assert [entry.actor for entry in await operator.audit(AuditFilter(), 9)] == ["key"]
    await gateway.insert(accepted("a", owner="ada"))
    assert await gateway.open_jobs("ada", 9) == 1
    assert await gateway.recent_of("ada", 9)
    assert await gateway.count_of("ada", EVERY_JOB)
    assert await gateway.versions(["a"])
    assert await gateway.projects_of("ada") == ()
    assert await gateway.recent_durations(9) == ()
    assert await gateway.awaiting("prediction") is None
    assert await gateway.spending(DAY, DAY) == ()
    assert not (await gateway.spending_control()).stopped


async def test_the_predictor_and_the_reconciler_hold_and_settle_money(stores: dict[str, JobStore]) -> None:
    predictor, reconciler = stores["predictor"], stores["reconciler"]
    await stores["operator"].limit_spending(None, 100)
    for job_id in ("a", "b"):
        charge = Charge(
            job_id=job_id, slot=0, attempt=1, day=DAY, key_id="k", pictures=4, cents_per_picture=3, reserved_at=NOW
        )
        assert await predictor.reserve(charge, Budgets(day_cents=100, key_day_cents=40)) is None
    assert await predictor.slots_under_way("ada") == 0
    assert await predictor.settle({"a/0/1": Outcome(3)})
    assert [charge.job_id async for charge in reconciler.held_charges(LATER)] == ["b"]
    assert await reconciler.settle({"b/0/1": Outcome(0)})
    assert sum(one.spent_cents for one in await reconciler.spending(DAY, DAY, [None])) == 9
    assert not (await reconciler.spending_control()).stopped


async def test_the_reconciler_leads_counts_rescues_and_removes(stores: dict[str, JobStore]) -> None:
    reconciler = stores["reconciler"]
    assert [await reconciler.renew_lease("reconciler", holder, NOW, LATER) for holder in "ab"] == [("a",), ("a", "b")]
    await stores["gateway"].insert(accepted("a"))
    assert (await reconciler.backlog_stats()).unfinished
    assert await reconciler.jobs_after(LATER) == 0
    assert await reconciler.recent(9)
    assert await reconciler.used_ratio() is not None
    assert (await stores["operator"].rotate_callback_secret("ada", LATER)).number == 1
    assert (await reconciler.callback_rotation("ada")).number == 1
    for found in (reconciler.unfinished(LATER), reconciler.overdue(LATER), reconciler.expired(LATER)):
        assert [job.is_final async for job in found] in ([], [False])
    assert [job async for job in reconciler.with_calls("open")] == []
    assert await reconciler.remove(await reconciler.load("a"))


@pytest.mark.usefixtures("stores")
@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_may_not_is_refused_in_every_collection(guarded: GuardedDatabase, name: str) -> None:
    with MongoClient[dict[str, Any]](guarded.urls[name]) as client:
        for collection in COLLECTIONS:
            done = {action for action, act in ACTIONS.items() if _is_allowed(act, client[DATABASE][collection])}
            assert done == set(RIGHTS[name].get(collection, ())) & set(ACTIONS), collection
        for command in ("usersInfo", "listCollections", "dropDatabase"):
            assert not _is_allowed(partial(_run, command), client[DATABASE])
        assert not _is_allowed(ACTIONS["find"], client["another"]["jobs"])


def _run(command: str, database: Any) -> object:
    return database.command(command, 1)


def _is_allowed(act: Callable[[Any], object], target: Any) -> bool:
    try:
        act(target)
    except OperationFailure as error:
        if error.code != UNAUTHORISED:
            raise
        return False
    return True
