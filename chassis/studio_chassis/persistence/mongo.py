"""The job store in MongoDB. The only module that knows motor, so that another driver is a change of one file."""

from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import IndexModel
from pymongo.errors import (
    ConnectionFailure,
    DocumentTooLarge,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    PyMongoError,
    WriteError,
    WTimeoutError,
)
from pymongo.read_concern import ReadConcern

from studio_chassis.errors import JobExists, JobNotFound, Unavailable
from studio_chassis.persistence.documents import from_document, to_document
from studio_chassis.persistence.store import (
    IDEMPOTENCY_HOURS,
    AttemptRef,
    BacklogStats,
    Cursor,
    IdempotencyRecord,
    Outbox,
    StatusStats,
)
from studio_contracts.events import Event
from studio_contracts.job import Job, Status
from studio_domain.lifecycle import Transition

OPERATION_SECONDS = 10
P = ParamSpec("P")
R = TypeVar("R")
_OUTAGES = (ConnectionFailure, NetworkTimeout, ExecutionTimeout, WTimeoutError)
_TOO_LARGE = (10334, 17419, 17420)
"""The server's codes for a document that would exceed 16 MB."""


def _translated(operation: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    @wraps(operation)
    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with _outages_told():
            return await operation(*args, **kwargs)

    return run


@contextmanager
def _outages_told() -> Iterator[None]:
    try:
        yield
    except _OUTAGES as error:
        raise Unavailable(f"database: {type(error).__name__}") from error
    except (DocumentTooLarge, WriteError) as error:
        if isinstance(error, WriteError) and error.code not in _TOO_LARGE:
            raise
        # its events are published and taken out; then there is room again
        raise Unavailable("database: the job's document is full of events to be published") from error
    except PyMongoError as error:
        if error.timeout or error.has_error_label("RetryableWriteError"):
            raise Unavailable(f"database: {type(error).__name__}") from error
        raise


_NEWEST_FIRST = [("created_at", -1), ("_id", -1)]
_INDEXES = {
    "jobs": [
        IndexModel([("updated_at", 1)], name="unfinished", partialFilterExpression={"final": False}),
        IndexModel([("deadline_at", 1)], name="overdue", partialFilterExpression={"final": False}),
        IndexModel([("expires_at", 1)], name="expired", partialFilterExpression={"final": True}),
        IndexModel([("updated_at", 1)], name="unpublished", partialFilterExpression={"outbox.0": {"$exists": True}}),
        IndexModel(_NEWEST_FIRST, name="recent"),
        IndexModel([("status", 1), *_NEWEST_FIRST], name="recent_of_status"),
        IndexModel([("predictions.provider_id", 1)], name="awaiting", sparse=True),
    ],
    "claims": [IndexModel([("claimed_at", 1)], name="kept", expireAfterSeconds=IDEMPOTENCY_HOURS * 3600)],
}


class MongoJobStore:
    """Jobs in `jobs`, leases in `leases`, idempotency keys in `claims`.

    Writes are acknowledged by a majority and journaled.
    """

    def __init__(self, database: "AsyncIOMotorDatabase[dict[str, Any]]") -> None:
        self._database = database
        self._jobs = database["jobs"]
        self._newest_jobs = self._jobs.with_options(read_concern=ReadConcern("linearizable"))
        self._leases = database["leases"]
        self._claims = database["claims"]

    @_translated
    async def create_indexes(self) -> None:
        """The indexes the questions below need; safe to repeat."""
        for collection, indexes in _INDEXES.items():
            await self._database[collection].create_indexes(indexes)

    @_translated
    async def missing_indexes(self) -> tuple[str, ...]:
        """Names of the indexes that are not there (yet)."""
        missing: list[str] = []
        for collection, indexes in _INDEXES.items():
            known = await self._database[collection].index_information()
            missing += [index.document["name"] for index in indexes if index.document["name"] not in known]
        return tuple(missing)

    @_translated
    async def insert(self, first: Transition) -> None:
        document = {"_id": first.job.id, **to_document(first.job), "outbox": _outbox(first)}
        try:
            await self._jobs.insert_one(document)
        except DuplicateKeyError as error:
            raise JobExists(first.job.id) from error

    @_translated
    async def load(self, job_id: str) -> Job:
        document = await self._jobs.find_one({"_id": job_id}, {"outbox": 0})
        # after an election the majority's view may lag: ask what was acknowledged by now
        return await self.load_linearizable(job_id) if document is None else from_document(document)

    @_translated
    async def load_linearizable(self, job_id: str) -> Job:
        document = await self._newest_jobs.find_one({"_id": job_id}, {"outbox": 0})
        if document is None:
            raise JobNotFound(job_id)
        return from_document(document)

    @_translated
    async def commit(self, change: Transition) -> bool:
        result = await self._jobs.update_one(
            {"_id": change.job.id, "version": change.job.version - 1},
            {"$set": to_document(change.job), "$push": {"outbox": {"$each": _outbox(change)}}},
        )
        return bool(result.matched_count)

    @_translated
    async def clear_outbox(self, job_id: str, event_ids: tuple[str, ...]) -> None:
        await self._jobs.update_one({"_id": job_id}, {"$pull": {"outbox": {"id": {"$in": list(event_ids)}}}})

    @_translated
    async def unpublished(self, before: datetime, limit: int) -> tuple[Outbox, ...]:
        found = self._jobs.find(
            {"outbox.0": {"$exists": True}, "updated_at": {"$lt": before}},
            {"outbox": 1},
            sort=[("updated_at", 1)],
            limit=limit,
        )
        return tuple(
            [
                Outbox(document["_id"], tuple(Event.model_validate(event) for event in document["outbox"]))
                async for document in found
            ]
        )

    def unfinished(self, before: datetime) -> AsyncIterator[Job]:
        return self._oldest_first("updated_at", {"final": False, "updated_at": {"$lt": before}})

    def overdue(self, now: datetime) -> AsyncIterator[Job]:
        return self._oldest_first("deadline_at", {"final": False, "deadline_at": {"$lte": now}})

    def expired(self, now: datetime) -> AsyncIterator[Job]:
        return self._oldest_first("expires_at", {"final": True, "expires_at": {"$lte": now}})

    async def _oldest_first(self, by: str, query: dict[str, Any]) -> AsyncIterator[Job]:
        with _outages_told():
            async for document in self._jobs.find(query, {"outbox": 0}, sort=[(by, 1)], batch_size=100):
                yield from_document(document)

    @_translated
    async def remove(self, job: Job) -> bool:
        result = await self._jobs.delete_one({"_id": job.id, "version": job.version})
        return bool(result.deleted_count)

    @_translated
    async def claim(self, claim: IdempotencyRecord) -> IdempotencyRecord:
        document = claim._asdict()
        document["_id"] = document.pop("key")
        try:
            await self._claims.insert_one(document)
        except DuplicateKeyError:
            known = await self._claims.find_one({"_id": claim.key})
            # None: it ran out this very moment, so the one at hand takes its place
            return await self.claim(claim) if known is None else IdempotencyRecord(known.pop("_id"), **known)
        return claim

    @_translated
    async def recent(self, limit: int, status: Status | None = None, after: Cursor | None = None) -> tuple[Job, ...]:
        query: dict[str, Any] = {} if status is None else {"status": status}
        if after is not None:
            query["$or"] = [
                {"created_at": {"$lt": after.created_at}},
                {"created_at": after.created_at, "_id": {"$lt": after.job_id}},
            ]
        found = self._jobs.find(query, {"outbox": 0}, sort=[("created_at", -1), ("_id", -1)], limit=limit)
        return tuple([from_document(document) async for document in found])

    @_translated
    async def versions(self, job_ids: Collection[str]) -> dict[str, int]:
        found = self._jobs.find({"_id": {"$in": list(job_ids)}}, {"version": 1})
        return {document["_id"]: document["version"] async for document in found}

    @_translated
    async def awaiting(self, provider_id: str) -> AttemptRef | None:
        slot_of_it = {"predictions": {"$elemMatch": {"provider_id": provider_id}}}
        document = await self._jobs.find_one({"predictions.provider_id": provider_id}, slot_of_it)
        if document is None:
            return None
        slot = document["predictions"][0]
        return AttemptRef(document["_id"], slot["number"], slot["attempt"])

    @_translated
    async def take_lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        free = {"_id": name, "$or": [{"holder": holder}, {"until": {"$lt": now}}]}
        try:
            await self._leases.update_one(free, {"$set": {"holder": holder, "until": until}}, upsert=True)
        except DuplicateKeyError:
            return False  # the filter missed a lease that exists: somebody else holds it
        return True

    @_translated
    async def census(self) -> BacklogStats:
        grouped = self._jobs.aggregate(
            [
                {"$match": {"final": False}},
                {"$group": {"_id": "$status", "jobs": {"$sum": 1}, "oldest": {"$min": "$updated_at"}}},
            ]
        )
        unfinished = {group["_id"]: StatusStats(group["jobs"], group["oldest"]) async for group in grouped}
        waiting = await self._jobs.find_one(
            {"outbox.0": {"$exists": True}}, {"updated_at": 1}, sort=[("updated_at", 1)]
        )
        return BacklogStats(unfinished, None if waiting is None else waiting["updated_at"])

    @_translated
    async def ping(self) -> None:
        await self._database.command("ping")


def _outbox(change: Transition) -> list[dict[str, Any]]:
    return [event.model_dump() for event in change.events]


@asynccontextmanager
async def open_mongo_store(url: str, database: str, service: str) -> AsyncIterator[MongoJobStore]:
    """The store behind a MongoDB URL. Connects on first use; every operation ends within OPERATION_SECONDS."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        url,
        appname=f"studio-{service}",
        tz_aware=True,
        uuidRepresentation="standard",
        w="majority",
        journal=True,
        readConcernLevel="majority",
        timeoutMS=OPERATION_SECONDS * 1000,
        serverSelectionTimeoutMS=5000,
    )
    try:
        yield MongoJobStore(client[database])
    finally:
        client.close()
