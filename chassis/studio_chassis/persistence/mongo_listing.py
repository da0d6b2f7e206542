"""Lists of jobs in MongoDB: a part of the job store, which gives it the database."""

import re
from typing import Any

from studio_chassis.persistence.documents import from_document, skip_unreadable, stored_owner
from studio_chassis.persistence.listing import EVERY_JOB, MAX_PROJECTS, Cursor, JobFilter, Order, ProjectCount
from studio_chassis.persistence.mongo_outages import translated
from studio_contracts.job import Job, Status


class MongoListing:
    """The jobs in `jobs`, by time and by project."""

    def __init__(self, database: Any) -> None:
        self._jobs = database["jobs"]

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
