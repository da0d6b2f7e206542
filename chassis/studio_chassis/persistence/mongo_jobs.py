"""Job documents and their outboxes in MongoDB: a part of the job store, which gives them the database."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from studio_chassis.errors import JobExists, JobNotFound, UnreadableJob
from studio_chassis.persistence.documents import (
    events_from,
    from_document,
    of_ids,
    skip_unreadable,
    to_document,
)
from studio_chassis.persistence.id_range import EVERY_ID, IdRange
from studio_chassis.persistence.mongo_outages import outages_as_unavailable, translated
from studio_chassis.persistence.store import AttemptRef, JobVersion, Outbox
from studio_chassis.runtime.combined import Combined
from studio_contracts.access import LOCAL_OWNER
from studio_contracts.callbacks import CallState
from studio_contracts.job import Job
from studio_domain.lifecycle import Transition


class MongoJobs:
    """Jobs in `jobs`, each with its outbox."""

    def __init__(self, database: Any) -> None:
        self._jobs = database["jobs"]
        self._newest_jobs = self._jobs.with_options(read_concern=ReadConcern("linearizable"))
        self._document = Combined(self._documents)

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
    async def _documents(self, job_ids: Sequence[str]) -> list[dict[str, Any] | None]:
        """The documents of those jobs, without their outboxes; None for one that is not there."""
        found = self._jobs.find({"_id": {"$in": list(dict.fromkeys(job_ids))}}, {"outbox": 0})
        by_id = {document["_id"]: document for document in await found.to_list(None)}
        return [by_id.get(job_id) for job_id in job_ids]

    async def load(self, job_id: str) -> Job:
        document = await self._document(job_id)
        # after an election the majority's view may lag: ask what was acknowledged by now
        return await self.load_linearizable(job_id) if document is None else from_document(document)

    @translated
    async def load_linearizable(self, job_id: str) -> Job:
        document = await self._newest_jobs.find_one({"_id": job_id}, {"outbox": 0})
        if document is None:
            raise JobNotFound(job_id)
        return from_document(document)

    @translated
    async def commit(self, change: Transition, published: Collection[str] = ()) -> bool:
        unchanged = {"_id": change.job.id, "version": change.job.version - 1}
        result = await self._jobs.update_one(unchanged, commit_update(change, published))
        return bool(result.matched_count)

    def unfinished(self, before: datetime, ids: IdRange = EVERY_ID) -> AsyncIterator[Job]:
        return self._oldest_first("updated_at", {"final": False, "updated_at": {"$lt": before}, **of_ids(ids)})

    def overdue(self, now: datetime, ids: IdRange = EVERY_ID) -> AsyncIterator[Job]:
        return self._oldest_first("deadline_at", {"final": False, "deadline_at": {"$lte": now}, **of_ids(ids)})

    def expired(self, now: datetime, ids: IdRange = EVERY_ID) -> AsyncIterator[Job]:
        return self._oldest_first("expires_at", {"final": True, "expires_at": {"$lte": now}, **of_ids(ids)})

    def with_calls(
        self, state: CallState, due_before: datetime | None = None, ids: IdRange = EVERY_ID
    ) -> AsyncIterator[Job]:
        due = {} if due_before is None else {"due_at": {"$lt": due_before}}
        calls = {"$elemMatch": {"state": state, **due}}
        return self._oldest_first("updated_at", {"callback.calls": calls, **of_ids(ids)})

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
    async def clear_outboxes(self, published: Mapping[str, Collection[str]]) -> None:
        ids = [event_id for event_ids in published.values() for event_id in event_ids]  # each begins with its job's id
        gone = {"id": {"$in": ids}}
        await self._jobs.update_many(
            {"_id": {"$in": list(published)}, "outbox": {"$elemMatch": gone}}, {"$pull": {"outbox": gone}}
        )

    @translated
    async def unpublished(self, before: datetime, limit: int, ids: IdRange = EVERY_ID) -> tuple[Outbox, ...]:
        found = self._jobs.find(
            {"outbox.0": {"$exists": True}, "updated_at": {"$lt": before}, **of_ids(ids)},
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


def _outbox(change: Transition) -> list[dict[str, Any]]:
    return [event.model_dump() for event in change.events]


def commit_update(change: Transition, published: Collection[str]) -> dict[str, Any] | list[dict[str, Any]]:
    """The update that writes a change. One that adds to the outbox and takes from it has to be a pipeline."""
    fields, events = to_document(change.job, change.changed_fields), _outbox(change)
    if not published:
        return {"$set": fields, "$push": {"outbox": {"$each": events}}} if events else {"$set": fields}
    if not events:
        return {"$set": fields, "$pull": {"outbox": {"id": {"$in": list(published)}}}}
    left = {
        "input": {"$ifNull": ["$outbox", []]},
        "cond": {"$not": {"$in": ["$$this.id", {"$literal": list(published)}]}},
    }
    stages = {name: {"$literal": value} for name, value in fields.items()}
    return [{"$set": {**stages, "outbox": {"$concatArrays": [{"$filter": left}, {"$literal": events}]}}}]
