"""A job as a document of the database, also as a later release wrote it."""

from typing import Any

from pydantic import ValidationError

from studio_contracts.job import TERMINAL, Job


def to_document(job: Job) -> dict[str, Any]:
    """All of the job but its id, and whether it is final, for the indexes."""
    return {**job.model_dump(exclude={"id"}), "final": job.status in TERMINAL}


def from_document(document: dict[str, Any]) -> Job:
    """The job of a document. An unknown field may be there if it says nothing: null, false, zero, empty.

    So a release that adds a field which is not used yet can run beside the one before it, and be rolled back. A field
    that says something is refused: what is done in ignorance of it could be wrong, and the write would lose it.

    Raises pydantic.ValidationError.
    """
    job_id, _ = document.pop("_id"), document.pop("final")
    stored = {"id": job_id, **document}
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
