"""A document written by a later release: what is new and empty is overlooked, what says something is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from studio_chassis.persistence.documents import from_document, to_document
from studio_contracts.job import Job
from tests.unit.contracts.lives import accepted, live, planned

JOB = live(accepted(2), planned((1, 1)))


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
def test_an_unknown_field_that_says_something_is_refused(something: object) -> None:
    document = _document(JOB)
    document["predictions"][1].update(new=something, newer=None)
    with pytest.raises(ValidationError, match=r"predictions\.1\.new\n"):
        from_document(document)


def test_an_empty_field_excuses_nothing_else() -> None:
    document = _document(JOB) | {"new": None, "status": "unheard of"}
    with pytest.raises(ValidationError, match="status"):
        from_document(document)
