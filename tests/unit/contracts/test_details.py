"""Names, notes, projects, favourites and deletion: they change the job and neither its progress nor its messages."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from studio_contracts.details import MAX_NOTES, Name, Notes
from studio_contracts.job import Job
from studio_domain.allowed_transitions import change_violations
from studio_domain.domain_events import DeletionRequested, DetailsChanged, Reopened
from studio_domain.invariants import job_violations
from studio_domain.lifecycle import transition
from studio_domain.lifecycle.details import DELETION_GRACE
from studio_support.job_shapes import LATER, SHAPES

FINISHED = SHAPES["finished"]
FIRST = FINISHED.concepts[0].id


def changed(job: Job, **details: Any) -> Job:
    change = transition(job, DetailsChanged(**details), now=LATER, by="test")
    assert change is not None
    assert change.events == ()
    assert change_violations(job, change.job) == job_violations(change.job) == []
    return change.job


@pytest.mark.parametrize("state", SHAPES)
def test_a_job_is_named_in_every_state_and_that_is_no_progress(state: str) -> None:
    job = SHAPES[state]
    named = changed(job, name="Kita", notes="for Monday", project="Schools")
    assert (named.name, named.notes, named.project, named.version) == ("Kita", "for Monday", "Schools", job.version + 1)
    assert (named.status, named.updated_at, named.timeline) == (job.status, job.updated_at, job.timeline)
    assert changed(named, notes="").name == "Kita"
    assert transition(named, DetailsChanged(name="Kita"), now=LATER, by="test") is None


def test_concepts_are_marked_and_unmarked_one_by_one() -> None:
    ids = [concept.id for concept in FINISHED.concepts]
    starred = changed(changed(FINISHED, favourites={ids[1]: True}), favourites={ids[0]: True})
    assert starred.favourites == tuple(ids[:2])
    assert changed(starred, favourites={ids[1]: False}).favourites == (ids[0],)
    assert transition(FINISHED, DetailsChanged(favourites={"9-9": True, ids[0]: False}), now=LATER, by="test") is None


@pytest.mark.parametrize(
    ("after", "kept"), [(timedelta(0), DELETION_GRACE), (timedelta(days=2), timedelta(days=2))], ids=["soon", "later"]
)
def test_a_deleted_job_is_kept_until_what_was_under_way_has_ended(after: timedelta, kept: timedelta) -> None:
    ended = FINISHED.finished_at
    assert ended is not None
    change = transition(FINISHED, DeletionRequested(), now=ended + after, by="test")
    assert change is not None
    assert change.events == ()
    assert (change.job.deleted_at, change.job.expires_at) == (ended + after, ended + kept)
    assert change_violations(FINISHED, change.job) == job_violations(change.job) == []
    for event in (DeletionRequested(), DetailsChanged(name="x"), DetailsChanged(favourites={FIRST: True})):
        assert transition(change.job, event, now=LATER, by="test") is None


def test_deletion_never_keeps_a_job_longer() -> None:
    assert FINISHED.finished_at is not None
    brief = FINISHED.model_copy(update={"expires_at": FINISHED.finished_at + timedelta(minutes=1)})
    change = transition(brief, DeletionRequested(), now=FINISHED.finished_at, by="test")
    assert change is not None
    assert change.job.expires_at == brief.expires_at


def test_a_deleted_job_is_not_reopened_and_its_deletion_stands() -> None:
    failed = SHAPES["replayable"]
    assert failed.finished_at is not None
    gone = transition(failed, DeletionRequested(), now=failed.finished_at, by="test")
    assert gone is not None
    assert transition(gone.job, Reopened(), now=failed.finished_at, by="test") is None
    back = gone.job.model_copy(update={"version": gone.job.version + 1, "deleted_at": None})
    assert change_violations(gone.job, back)


def test_a_job_that_runs_and_favourites_that_are_none_break_a_promise() -> None:
    assert job_violations(SHAPES["running"].model_copy(update={"deleted_at": LATER}))
    assert job_violations(FINISHED.model_copy(update={"favourites": (FIRST, FIRST)}))
    assert job_violations(FINISHED.model_copy(update={"favourites": ("9-9",)}))


def test_texts_are_plain_lines() -> None:
    name, notes = TypeAdapter[str](Name), TypeAdapter[str](Notes)
    assert name.validate_python("  Kita\tSonnenschein\n") == "Kita Sonnenschein"
    assert name.validate_python(" \n") == ""
    assert notes.validate_python("\n first  line\r\n\r\nsecond\n\n") == "first line\n\nsecond"
    for adapter, text in ((name, "x" * 101), (name, "a\x00b"), (notes, "a\x1bb"), (notes, "x" * (MAX_NOTES + 1))):
        with pytest.raises(ValidationError):
            adapter.validate_python(text)
