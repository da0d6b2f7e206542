"""A document written by a later release: what is new and empty is overlooked, what says something is refused."""

from typing import Any

import pytest
import structlog.testing

from studio_chassis.errors import UnreadableJob
from studio_chassis.persistence import documents
from studio_chassis.persistence.documents import events_from, from_document, skip_unreadable, to_document
from studio_contracts.job import Job
from studio_support.job_shapes import accepted, job_after, planned

JOB = job_after(accepted(2), planned((1, 1)))


def _document(job: Job) -> dict[str, Any]:
    return {"_id": job.id, **to_document(job)}


def test_a_job_survives_the_round_trip() -> None:
    assert from_document(_document(JOB)) == JOB


@pytest.mark.parametrize("nothing", [None, False, 0, "", [], {}])
def test_unknown_fields_that_say_nothing_are_overlooked_at_any_depth(nothing: object) -> None:
    document = _document(JOB)
    document["new"] = document["brief"]["new"] = nothing
    for slot in document["predictions"] + document["timeline"]:
        slot["new"] = nothing
    assert from_document(document) == JOB


@pytest.mark.parametrize("something", [True, 1, "x", [0]])
def test_an_unknown_field_with_a_value_is_refused(something: object) -> None:
    document = _document(JOB)
    document["predictions"][1].update(new=something, newer=None)
    with pytest.raises(UnreadableJob, match=r"predictions\.1\.new: "):
        from_document(document)


def test_an_empty_field_excuses_nothing_else() -> None:
    document = _document(JOB) | {"new": None, "status": "unheard of"}
    with pytest.raises(UnreadableJob, match="status"):
        from_document(document)


DAMAGED: dict[str, dict[str, Any]] = {
    "no brief": {"brief": None},
    "a list for a job's slots": {"predictions": [None]},
    "a text for a time": {"updated_at": "yesterday"},
    "a number for its timeline": {"timeline": 7},
    "an endless version": {"version": float("inf")},
    "a field of a later release": {"panels": [1]},
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_whatever_is_wrong_with_a_document_it_is_one_error_that_names_the_job(damage: dict[str, Any]) -> None:
    with pytest.raises(UnreadableJob, match=JOB.id):
        from_document(_document(JOB) | damage)


def test_a_document_without_its_outbox_or_with_a_strange_one_is_unreadable() -> None:
    for outbox in ({}, {"outbox": None}, {"outbox": [{"id": 1}]}, {"outbox": [7]}):
        with pytest.raises(UnreadableJob):
            events_from({"_id": JOB.id, **outbox})


def test_an_unreadable_document_is_skipped_and_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_named", set())
    with structlog.testing.capture_logs() as logs:
        read = [skip_unreadable(from_document, _document(JOB) | extra) for extra in ({}, {"x": 1}, {"x": 1})]
    assert read == [JOB, None, None]
    assert [(line["event"], line["job_id"]) for line in logs] == [("unreadable job skipped", JOB.id)]
    assert "x: Extra inputs are not permitted" in logs[0]["reason"]


def test_the_reason_does_not_repeat_what_the_document_says() -> None:
    with pytest.raises(UnreadableJob) as raised:
        from_document(_document(JOB) | {"status": "a client's secret"})
    assert "secret" not in str(raised.value)
