"""Counts of jobs in MongoDB: a part of the job store, which gives it the database."""

from datetime import datetime
from typing import Any

from studio_chassis.persistence.documents import stored_owner
from studio_chassis.persistence.mongo_outages import translated
from studio_chassis.persistence.store import BacklogStats, JobDuration, StatusStats
from studio_contracts.slot import UNDER_WAY

_MOVES = {"$filter": {"input": "$timeline", "as": "line", "cond": {"$ne": ["$$line.event", "job.rescued"]}}}
_LAST_MOVE = {"$arrayElemAt": [{"$map": {"input": _MOVES, "as": "line", "in": "$$line.at"}}, -1]}
_PROGRESSED_AT = {"$cond": [{"$isArray": "$timeline"}, {"$ifNull": [_LAST_MOVE, "$updated_at"]}, "$updated_at"]}
"""As `Job.progressed_at`, also of a document that cannot be read."""


class MongoStatistics:
    """Counts of the jobs in `jobs`."""

    def __init__(self, database: Any) -> None:
        self._jobs = database["jobs"]

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
