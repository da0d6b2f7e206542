"""A release that knows no owners and this one, side by side: who reads and changes whose documents."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import create_model

from studio_chassis.errors import UnreadableJob
from studio_chassis.persistence import documents
from studio_chassis.persistence.documents import from_document, to_document
from studio_contracts.access import LOCAL_OWNER
from studio_contracts.job import Job
from studio_domain.lifecycle import transition
from studio_support.job_shapes import START, accepted, made, planned, shapes, slot_path

SINCE_OWNERS = {"owner", "key_id"}
_FIELDS: dict[str, Any] = {
    name: (field.annotation, field) for name, field in Job.model_fields.items() if name not in SINCE_OWNERS
}
OlderJob = create_model("OlderJob", __config__=Job.model_config, **_FIELDS)
LIFE = (*planned([2, 2]), *slot_path("succeeded", 0), *slot_path("succeeded", 1), made(2), made(2, slot=1))


@contextmanager
def older_release(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Documents are read as by a release whose jobs have no owner."""
    with monkeypatch.context() as patch:
        patch.setattr(documents, "Job", OlderJob)
        yield


def stored(job: Any) -> dict[str, Any]:
    """What this release writes of its own jobs, and the older one of those that it knows."""
    if isinstance(job, Job):
        return {"_id": job.id, **to_document(job)}
    return {"_id": job.id, **job.model_dump(exclude={"id"}), "final": False}


def test_both_releases_take_turns_on_a_job_without_an_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """The older one reads what this one wrote and writes it again; this one goes on from there, to the end."""
    job = accepted(4)
    for event in LIFE:
        with older_release(monkeypatch):
            read_by_older: Any = from_document(stored(job))
        assert not hasattr(read_by_older, "owner")
        again = from_document(stored(read_by_older))
        assert again == job
        change = transition(again, event, now=START, by="test")
        assert change is not None
        job = change.job
    assert (job.status, job.owner, job.key_id) == ("completed", LOCAL_OWNER, "")


def test_an_unfinished_or_ended_job_of_the_older_release_is_the_local_owner_s() -> None:
    for shape, left in shapes().items():
        document = stored(left)
        assert not SINCE_OWNERS & {name for name, value in document.items() if value}, shape
        job = from_document({name: value for name, value in document.items() if name not in SINCE_OWNERS})
        assert (job.owner, job.key_id) == (LOCAL_OWNER, ""), shape


def test_the_older_release_sets_aside_a_job_that_has_an_owner_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It neither works on the job nor writes it: this release finds the job as it left it."""
    job = accepted(2).model_copy(update={"owner": "acme", "key_id": "k1"})
    document = stored(job)
    with older_release(monkeypatch), pytest.raises(UnreadableJob, match="owner"):
        from_document(document)
    assert from_document(document) == job
