"""Job documents and their outboxes in MongoDB: parts of the job store, which gives them the database."""

import re
from collections.abc import AsyncIterator, Collection
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from studio_chassis.errors import JobExists, JobNotFound, UnreadableJob
from studio_chassis.persistence.documents import (
    events_from,
    from_document,
    skip_unreadable,
    stored_owner,
    to_document,
)
from studio_chassis.persistence.listing import EVERY_JOB, MAX_PROJECTS, Cursor, JobFilter, Order, ProjectCount
from studio_chassis.persistence.mongo_outages import outages_as_unavailable, translated
from studio_chassis.persistence.store import AttemptRef, BacklogStats, JobDuration, JobVersion, Outbox, StatusStats
from studio_contracts.access import LOCAL_OWNER
from studio_contracts.callbacks import CallState
from studio_contracts.job import Job, Status
from studio_contracts.slot import UNDER_WAY
from studio_domain.lifecycle import Transition


class MongoJobs:
    """Jobs in `jobs`, each with its outbox."""

    def __init__(self, database: Any) -> None:
        self._jobs = database["jobs"]
        self._newest_jobs = self._jobs.with_options(read_concern=ReadConcern("linearizable"))

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
            {"$set": to_document(change.job, change.changed_fields), "$push": {"outbox": {"$each": _outbox(change)}}},
        )
        return bool(result.matched_count)

    def unfinished(self, before: datetime) -> AsyncIterator[Job]:
        return self._oldest_first("updated_at", {"final": False, "updated_at": {"$lt": before}})

    def overdue(self, now: datetime) -> AsyncIterator[Job]:
        return self._oldest_first("deadline_at", {"final": False, "deadline_at": {"$lte": now}})

    def expired(self, now: datetime) -> AsyncIterator[Job]:
        return self._oldest_first("expires_at", {"final": True, "expires_at": {"$lte": now}})

    def with_calls(self, state: CallState, due_before: datetime | None = None) -> AsyncIterator[Job]:
        due = {} if due_before is None else {"due_at": {"$lt": due_before}}
        return self._oldest_first("updated_at", {"callback.calls": {"$elemMatch": {"state": state, **due}}})

    async def _oldest_first(self, by: str, query: dict[str, Any]) -> AsyncIterator[Job]:
        with outages_as_unavailable():
            async for document in self._jobs.find(query, {"outbox": 0}, sort=[(by, 1)], batch_size=100):
                if (job := skip_unreadable(from_document, document)) is not None:
                    yield job

    @translated
    async def remove(self, job: Job) -> bool:
        result = await self._jobs.delete_one({"_id": job.id, "version": job.version})
        return bool(result.deleted_count)

    async def recent(self, limit: int, wanted: JobFilter = EVERY_JOB, after: Cursor | None = None) -> tuple[Job, ...]:
        return await self._recent({}, limit, wanted, after, "newest")

    async def recent_of(
        self,
        owner: str,
        limit: int,
        wanted: JobFilter = EVERY_JOB,
        after: Cursor | None = None,
        order: Order = "newest",
    ) -> tuple[Job, ...]:
        return await self._recent(_shown_to(owner), limit, wanted, after, order)

    @translated
    async def count_of(self, owner: str, wanted: JobFilter) -> dict[Status, int]:
        query = _shown_to(owner) | _conditions(wanted._replace(status=None))
        grouped = self._jobs.aggregate([{"$match": query}, {"$group": {"_id": "$status", "jobs": {"$sum": 1}}}])
        return {group["_id"]: group["jobs"] async for group in grouped}

    @translated
    async def projects_of(self, owner: str) -> tuple[ProjectCount, ...]:
        group = {"_id": "$project", "jobs": {"$sum": 1}, "newest": {"$max": "$created_at"}}
        found = self._jobs.aggregate(
            [
                {"$match": {**_shown_to(owner), "project": {"$gt": ""}}},
                {"$group": group},
                {"$sort": {"_id": 1}},
                {"$limit": MAX_PROJECTS},
            ]
        )
        return tuple([ProjectCount(each["_id"], each["jobs"], each["newest"]) async for each in found])

    @translated
    async def _recent(
        self, query: dict[str, Any], limit: int, wanted: JobFilter, after: Cursor | None, order: Order
    ) -> tuple[Job, ...]:
        query |= _conditions(wanted)
        beyond, direction = ("$lt", -1) if order == "newest" else ("$gt", 1)
        if after is not None:
            query["$or"] = [
                {"created_at": {beyond: after.created_at}},
                {"created_at": after.created_at, "_id": {beyond: after.job_id}},
            ]
        sort = [("created_at", direction), ("_id", direction)]
        found = self._jobs.find(query, {"outbox": 0}, sort=sort, batch_size=limit)
        jobs: list[Job] = []
        async for document in found:
            if (job := skip_unreadable(from_document, document)) is not None:
                jobs.append(job)
            if len(jobs) == limit:
                break
        return tuple(jobs)

    @translated
    async def assign_owner(self, owner: str, limit: int) -> tuple[str, ...]:
        unowned = {"final": True, "owner": None}
        ids = [document["_id"] async for document in self._jobs.find(unowned, {"_id": 1}, limit=limit)]
        await self._jobs.update_many({"_id": {"$in": ids}, **unowned}, {"$set": {"owner": owner}})
        return tuple(ids)

    @translated
    async def versions(self, job_ids: Collection[str]) -> dict[str, JobVersion]:
        found = self._jobs.find({"_id": {"$in": list(job_ids)}}, {"version": 1, "owner": 1, "deleted_at": 1})
        return {
            document["_id"]: JobVersion(
                document["version"], document.get("owner") or LOCAL_OWNER, document.get("deleted_at") is not None
            )
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

    @translated
    async def recent_durations(self, limit: int) -> tuple[JobDuration, ...]:
        wanted = {
            "_id": 0, "kind": "$brief.kind", "model": "$generation.model", "count": "$brief.count",
            "milliseconds": {"$subtract": ["$finished_at", "$created_at"]},
        }  # fmt: skip
        found = self._jobs.aggregate(
            [
                {"$match": {"status": "completed", "finished_at": {"$type": "date"}}},
                {"$sort": {"created_at": -1, "_id": -1}},
                {"$limit": limit},
                {"$project": wanted},
            ]
        )
        return tuple(
            [
                JobDuration(one.get("kind", "painted"), one.get("model"), one["count"], one["milliseconds"] / 1000)
                async for one in found
            ]
        )

    @translated
    async def open_jobs(self, owner: str, limit: int) -> int:
        mine = {"owner": stored_owner(owner), "final": False}
        return int(await self._jobs.count_documents(mine, limit=limit))

    @translated
    async def slots_under_way(self, owner: str) -> int:
        counted = self._jobs.aggregate(
            [
                {"$match": {"owner": stored_owner(owner), "final": False}},
                {"$project": {"predictions.state": 1}},
                {"$unwind": "$predictions"},
                {"$match": {"predictions.state": {"$in": list(UNDER_WAY)}}},
                {"$count": "slots"},
            ]
        )
        return sum([int(one["slots"]) async for one in counted])

    @translated
    async def jobs_after(self, moment: datetime) -> int:
        later = {"$gt": moment}
        open_ones = {"final": False, "updated_at": {"$type": "date"}, "timeline.at": later}
        return int(await self._jobs.count_documents({"$or": [{"created_at": later}, open_ones]}))

    @translated
    async def backlog_stats(self) -> BacklogStats:
        grouped = self._jobs.aggregate(
            [
                {"$match": {"final": False, "updated_at": {"$type": "date"}}},
                {"$group": {"_id": "$status", "jobs": {"$sum": 1}, "oldest": {"$min": _PROGRESSED_AT}}},
            ]
        )
        unfinished = {group["_id"]: StatusStats(group["jobs"], group["oldest"]) async for group in grouped}
        waiting = await self._jobs.find_one(
            {"outbox.0": {"$exists": True}, "updated_at": {"$type": "date"}},
            {"updated_at": 1},
            sort=[("updated_at", 1)],
        )
        return BacklogStats(unfinished, None if waiting is None else waiting["updated_at"])


_MOVES = {"$filter": {"input": "$timeline", "as": "line", "cond": {"$ne": ["$$line.event", "job.rescued"]}}}
_LAST_MOVE = {"$arrayElemAt": [{"$map": {"input": _MOVES, "as": "line", "in": "$$line.at"}}, -1]}
_PROGRESSED_AT = {"$cond": [{"$isArray": "$timeline"}, {"$ifNull": [_LAST_MOVE, "$updated_at"]}, "$updated_at"]}
"""As `Job.progressed_at`, also of a document that cannot be read."""


def _outbox(change: Transition) -> list[dict[str, Any]]:
    return [event.model_dump() for event in change.events]


def _shown_to(owner: str) -> dict[str, Any]:
    """The owner's jobs but those that it deleted."""
    return {"owner": stored_owner(owner), "deleted_at": None}


def _conditions(wanted: JobFilter) -> dict[str, Any]:
    """A filter as a query of MongoDB. Words are found without an index, among the jobs that an index has found."""
    query: dict[str, Any] = {}
    if wanted.status is not None:
        query["status"] = wanted.status
    if wanted.kind is not None:
        query["brief.kind"] = wanted.kind
    if wanted.project is not None:
        query["project"] = wanted.project
    if wanted.has_favourites is not None:
        query["favourites.0"] = {"$exists": wanted.has_favourites}
    patterns = ({"$regex": re.escape(word), "$options": "i"} for word in wanted.text.split())
    conditions: list[dict[str, Any]] = [{"$or": [{"brief.prompt": found}, {"name": found}]} for found in patterns]
    conditions += [{"$expr": {"$eq": [_metadata(key), {"$literal": value}]}} for key, value in wanted.metadata]
    if conditions:
        query["$and"] = conditions
    bounds = {"$gte": wanted.since, "$lt": wanted.before}
    if created := {operator: moment for operator, moment in bounds.items() if moment is not None}:
        query["created_at"] = created
    return query


def _metadata(key: str) -> dict[str, Any]:
    """The value of a pair. A key may hold dots, which a path would follow."""
    return {"$getField": {"field": {"$literal": key}, "input": "$metadata"}}
