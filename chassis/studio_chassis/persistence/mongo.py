"""The job store in MongoDB. The only module that knows motor, so that another driver is a change of one file."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

import structlog
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo.errors import DuplicateKeyError, OperationFailure
from pymongo.read_concern import ReadConcern

from studio_chassis.errors import JobExists, JobNotFound, UnreadableJob
from studio_chassis.observability import metrics
from studio_chassis.persistence.documents import (
    events_from,
    from_document,
    skip_unreadable,
    stored_owner,
    to_document,
)
from studio_chassis.persistence.indexes import INDEXES, Index, problems
from studio_chassis.persistence.mongo_access import MongoAccessStore
from studio_chassis.persistence.mongo_outages import OUTAGES, outages_as_unavailable, translated
from studio_chassis.persistence.store import (
    AttemptRef,
    BacklogStats,
    Cursor,
    IdempotencyRecord,
    JobVersion,
    Outbox,
    StatusStats,
)
from studio_contracts.access import LOCAL_OWNER
from studio_contracts.job import Job, Status
from studio_domain.lifecycle import Transition

OPERATION_SECONDS = 10
log = structlog.get_logger()
_CONFLICTS = (85, 86)  # IndexOptionsConflict, IndexKeySpecsConflict


class MongoJobStore(MongoAccessStore):
    """Jobs in `jobs`, leases in `leases`, idempotency keys in `claims`; who may use them in other collections.

    Writes are acknowledged by a majority and journaled.
    """

    def __init__(self, database: "AsyncIOMotorDatabase[dict[str, Any]]") -> None:
        super().__init__(database)
        self._database = database
        self._jobs = database["jobs"]
        self._newest_jobs = self._jobs.with_options(read_concern=ReadConcern("linearizable"))
        self._leases = database["leases"]
        self._claims = database["claims"]

    @translated
    async def create_indexes(self) -> tuple[str, ...]:
        """Create the indexes the questions below need, each by itself; safe to repeat. What is wrong with them after.

        An index of the same name with another time to live gets ours. Any other difference is left to a person: to
        build a large index anew takes its time.
        """
        for index in INDEXES:
            await self._create_index(index)
        found = await self._index_problems()
        metrics.index_problems.set(len(found))
        for problem in found:
            log.error("index problem", problem=problem)
        return found

    async def _create_index(self, index: Index) -> None:
        try:
            await self._database[index.collection].create_index(index.keys, name=index.name, **index.options)
        except OUTAGES:
            raise
        except OperationFailure as error:
            log.error("index refused", index=index.name, reason=str(error))
            if error.code in _CONFLICTS and index.time_to_live is not None:
                change = {"name": index.name, "expireAfterSeconds": index.time_to_live}
                with suppress(OperationFailure):  # no such index, or one of another key: it shows as a problem
                    await self._database.command("collMod", index.collection, index=change)

    @translated
    async def index_problems(self) -> tuple[str, ...]:
        """Indexes that are missing or defined otherwise than here, each with how to mend it."""
        return await self._index_problems()

    async def _index_problems(self) -> tuple[str, ...]:
        found: list[str] = []
        for collection in dict.fromkeys(index.collection for index in INDEXES):
            found += problems(collection, await self._database[collection].list_indexes().to_list(None))
        return tuple(found)

    @translated
    async def unreadable(self, limit: int) -> tuple[tuple[str, str], ...]:
        """Id and reason of job documents that this release cannot read, among that many, unfinished ones first."""
        found: list[tuple[str, str]] = []
        async for document in self._jobs.find({}, sort=[("final", 1), ("created_at", -1)], limit=limit):
            try:
                from_document({key: value for key, value in document.items() if key != "outbox"})
                events_from(document)
            except UnreadableJob as error:
                found.append((error.job_id, error.reason))
        return tuple(found)

    @translated
    async def insert(self, first: Transition) -> None:
        document = {"_id": first.job.id, **to_document(first.job), "outbox": _outbox(first)}
        try:
            await self._jobs.insert_one(document)
        except DuplicateKeyError as error:
            raise JobExists(first.job.id) from error

    @translated
    async def load(self, job_id: str) -> Job:
        document = await self._jobs.find_one({"_id": job_id}, {"outbox": 0})
        # after an election the majority's view may lag: ask what was acknowledged by now
        return await self.load_linearizable(job_id) if document is None else from_document(document)

    @translated
    async def load_linearizable(self, job_id: str) -> Job:
        document = await self._newest_jobs.find_one({"_id": job_id}, {"outbox": 0})
        if document is None:
            raise JobNotFound(job_id)
        return from_document(document)

    @translated
    async def commit(self, change: Transition) -> bool:
        result = await self._jobs.update_one(
            {"_id": change.job.id, "version": change.job.version - 1},
            {"$set": to_document(change.job), "$push": {"outbox": {"$each": _outbox(change)}}},
        )
        return bool(result.matched_count)

    @translated
    async def clear_outbox(self, job_id: str, event_ids: tuple[str, ...]) -> None:
        await self._jobs.update_one({"_id": job_id}, {"$pull": {"outbox": {"id": {"$in": list(event_ids)}}}})

    @translated
    async def unpublished(self, before: datetime, limit: int) -> tuple[Outbox, ...]:
        found = self._jobs.find(
            {"outbox.0": {"$exists": True}, "updated_at": {"$lt": before}},
            {"outbox": 1},
            sort=[("updated_at", 1)],
            batch_size=limit,
        )
        outboxes: list[Outbox] = []
        async for document in found:
            if (events := skip_unreadable(events_from, document)) is not None:
                outboxes.append(Outbox(document["_id"], events))
            if len(outboxes) == limit:
                break
        return tuple(outboxes)

    def unfinished(self, before: datetime) -> AsyncIterator[Job]:
        return self._oldest_first("updated_at", {"final": False, "updated_at": {"$lt": before}})

    def overdue(self, now: datetime) -> AsyncIterator[Job]:
        return self._oldest_first("deadline_at", {"final": False, "deadline_at": {"$lte": now}})

    def expired(self, now: datetime) -> AsyncIterator[Job]:
        return self._oldest_first("expires_at", {"final": True, "expires_at": {"$lte": now}})

    async def _oldest_first(self, by: str, query: dict[str, Any]) -> AsyncIterator[Job]:
        with outages_as_unavailable():
            async for document in self._jobs.find(query, {"outbox": 0}, sort=[(by, 1)], batch_size=100):
                if (job := skip_unreadable(from_document, document)) is not None:
                    yield job

    @translated
    async def remove(self, job: Job) -> bool:
        result = await self._jobs.delete_one({"_id": job.id, "version": job.version})
        return bool(result.deleted_count)

    @translated
    async def claim(self, claim: IdempotencyRecord) -> IdempotencyRecord:
        owner = stored_owner(claim.owner)
        place = claim.key if owner is None else {"owner": owner, "key": claim.key}
        document = {name: getattr(claim, name) for name in ("fingerprint", "job_id", "claimed_at")}
        try:
            await self._claims.insert_one({"_id": place, **document})
        except DuplicateKeyError:
            known = await self._claims.find_one({"_id": place})
            if known is None:  # it ran out this very moment, so this one takes its place
                return await self.claim(claim)
            return claim._replace(**{name: known[name] for name in document})
        return claim

    async def recent(self, limit: int, status: Status | None = None, after: Cursor | None = None) -> tuple[Job, ...]:
        return await self._recent({}, limit, status, after)

    async def recent_of(
        self, owner: str, limit: int, status: Status | None = None, after: Cursor | None = None
    ) -> tuple[Job, ...]:
        return await self._recent({"owner": stored_owner(owner)}, limit, status, after)

    @translated
    async def _recent(
        self, query: dict[str, Any], limit: int, status: Status | None, after: Cursor | None
    ) -> tuple[Job, ...]:
        if status is not None:
            query["status"] = status
        if after is not None:
            query["$or"] = [
                {"created_at": {"$lt": after.created_at}},
                {"created_at": after.created_at, "_id": {"$lt": after.job_id}},
            ]
        found = self._jobs.find(query, {"outbox": 0}, sort=[("created_at", -1), ("_id", -1)], batch_size=limit)
        jobs: list[Job] = []
        async for document in found:
            if (job := skip_unreadable(from_document, document)) is not None:
                jobs.append(job)
            if len(jobs) == limit:
                break
        return tuple(jobs)

    @translated
    async def versions(self, job_ids: Collection[str]) -> dict[str, JobVersion]:
        found = self._jobs.find({"_id": {"$in": list(job_ids)}}, {"version": 1, "owner": 1})
        return {
            document["_id"]: JobVersion(document["version"], document.get("owner") or LOCAL_OWNER)
            async for document in found
            if "version" in document
        }

    @translated
    async def awaiting(self, provider_id: str) -> AttemptRef | None:
        slot_of_it = {"predictions": {"$elemMatch": {"provider_id": provider_id}}}
        document = await self._jobs.find_one({"predictions.provider_id": provider_id}, slot_of_it)
        if document is None:
            return None
        try:
            slot = document["predictions"][0]
            return AttemptRef(document["_id"], slot["number"], slot["attempt"])
        except (LookupError, TypeError) as error:
            raise UnreadableJob(str(document["_id"]), f"{type(error).__name__}: {error}") from error

    @translated
    async def take_lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        free = {"_id": name, "$or": [{"holder": holder}, {"until": {"$lt": now}}]}
        try:
            await self._leases.update_one(free, {"$set": {"holder": holder, "until": until}}, upsert=True)
        except DuplicateKeyError:
            return False  # the filter missed a lease that exists: somebody else holds it
        return True

    @translated
    async def backlog_stats(self) -> BacklogStats:
        grouped = self._jobs.aggregate(
            [
                {"$match": {"final": False, "updated_at": {"$type": "date"}}},
                {"$group": {"_id": "$status", "jobs": {"$sum": 1}, "oldest": {"$min": "$updated_at"}}},
            ]
        )
        unfinished = {group["_id"]: StatusStats(group["jobs"], group["oldest"]) async for group in grouped}
        waiting = await self._jobs.find_one(
            {"outbox.0": {"$exists": True}, "updated_at": {"$type": "date"}},
            {"updated_at": 1},
            sort=[("updated_at", 1)],
        )
        return BacklogStats(unfinished, None if waiting is None else waiting["updated_at"])

    @translated
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
