"""The client learns what the model's prompt had no room for."""

from dataclasses import replace

from studio_domain.domain_events import SlotsPlanned
from studio_support.job_shapes import SHAPES, job_after, planned


def _planned(*not_sent: str) -> SlotsPlanned:
    event = list(planned([2]))[-1]
    assert isinstance(event, SlotsPlanned)
    return replace(event, generation=event.generation.model_copy(update={"not_sent": not_sent}))


def test_words_that_were_not_sent_are_a_warning_of_the_job() -> None:
    job = job_after(SHAPES["drawn"], [_planned("two foxes", "carousel")])
    assert [(warning.code, warning.text) for warning in job.warnings] == [
        ("not_sent", "The model's prompt has no room for: two foxes, carousel.")
    ]


def test_where_all_was_sent_there_is_no_warning() -> None:
    assert job_after(SHAPES["drawn"], [_planned()]).warnings == ()
