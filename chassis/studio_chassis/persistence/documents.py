"""A job as a document of the database, also as a later release wrote it."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

import structlog
from pydantic import ValidationError

from studio_chassis.errors import UnreadableJob
from studio_chassis.observability import metrics
from studio_chassis.persistence.id_range import EVERY_ID, IdRange
from studio_contracts.access import LOCAL_OWNER
from studio_contracts.events import Event
from studio_contracts.job import TERMINAL, Job

MAX_REASON_CHARS = 300
MAX_NAMED = 1000
"""Unreadable documents a process names in its log; each is named once, and counted each time it is met."""
FIELDS = frozenset(Job.model_fields)
Stored = TypeVar("Stored")
T = TypeVar("T")
log = structlog.get_logger()
_named: set[str] = set()


def to_document(job: Job, fields: Collection[str] = FIELDS) -> dict[str, Any]:
    """Those fields of the job, all but its id by default, and whether it is final, for the indexes.

    The owner of a studio without keys is not stored, so a release that knows no owners reads its documents; such a
    document is found by an owner of null (`stored_owner`).
    """
    left_out = {"id", "owner"} if job.owner == LOCAL_OWNER else {"id"}
    return {**job.model_dump(include=set(fields) - left_out), "final": job.status in TERMINAL}


def stored_owner(owner: str) -> str | None:
    """What a query compares `owner` with: null finds the documents that have none."""
    return None if owner == LOCAL_OWNER else owner


def from_document(document: dict[str, Any]) -> Job:
    """The job of a document. An unknown field is accepted if it has no value: null, false, zero, empty.

    So a release that adds a field which is not used yet can run beside the one before it, and be rolled back. A field
    that says something is refused: what is done in ignorance of it could be wrong, and the write would lose it.

    Raises UnreadableJob.
    """
    try:
        return _from_document(document)
    except Exception as error:  # a foreign document may make the code raise anything; only that document is set aside
        raise UnreadableJob(str(document.get("_id")), _reason(error)) from error


def events_from(document: dict[str, Any]) -> tuple[Event, ...]:
    """The events in the outbox of a document. Raises UnreadableJob."""
    try:
        return tuple(Event.model_validate(event) for event in document["outbox"])
    except Exception as error:
        raise UnreadableJob(str(document.get("_id")), f"outbox: {_reason(error)}") from error


def skip_unreadable(read: Callable[[Stored], T], document: Stored) -> T | None:
    """What `read` makes of a document, or None after naming one that it cannot read: the others go on without it."""
    try:
        return read(document)
    except UnreadableJob as error:
        metrics.unreadable.inc()
        if error.job_id not in _named and len(_named) < MAX_NAMED:
            _named.add(error.job_id)
            log.error("unreadable job skipped", job_id=error.job_id, reason=error.reason)
        return None


def _reason(error: Exception) -> str:
    """Which fields are at fault, or the error itself; without the values, which are a client's."""
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_input=False, include_context=False)
        reason = "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in found)
    else:
        reason = f"{type(error).__name__}: {error}"
    return reason[:MAX_REASON_CHARS]


def _from_document(document: dict[str, Any]) -> Job:
    stored = {key: value for key, value in document.items() if key not in ("_id", "final")}
    stored["id"] = document["_id"]
    try:
        return Job.model_validate(stored)
    except ValidationError as error:
        for problem in error.errors():
            if problem["type"] != "extra_forbidden" or problem["input"]:
                raise
            _remove(stored, *problem["loc"])
        return Job.model_validate(stored)


def _remove(tree: Any, *path: int | str) -> None:
    for step in path[:-1]:
        tree = tree[step]
    del tree[path[-1]]


def of_ids(ids: IdRange, field: str = "_id") -> dict[str, Any]:
    """The part of a query that asks for documents of these jobs."""
    if ids == EVERY_ID:
        return {}
    return {field: {"$gte": ids.first} if ids.end is None else {"$gte": ids.first, "$lt": ids.end}}
