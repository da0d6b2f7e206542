"""How a job stood at each entry of its timeline: the entries tell it, so that it is not stored beside them."""

from typing import NamedTuple

from studio_contracts.errors import Stage
from studio_contracts.job import Job, Status

_ENDS: dict[str, Status] = {"job.completed": "completed", "job.failed": "failed", "job.canceled": "canceled"}
_BEGINS = frozenset({"prediction.started", "prediction.succeeded", "prediction.failed", "pictures.made"})
_PREDICTED = frozenset({"prediction.succeeded", "prediction.failed", "pictures.made"})


class JobState(NamedTuple):
    """Status and stage of a job at one moment."""

    status: Status
    stage: Stage


def states_of(job: Job) -> tuple[JobState, ...]:
    """The state with each entry of the timeline, in its order.

    Of a timeline whose first entries were dropped, the states before an entry that tells one are as at the start.
    """
    status: Status = "pending"
    stage: Stage = "stencil"
    before = JobState(status, stage)
    is_draft = job.brief.kind == "draft"
    predicted: set[int | None] = set()
    found: list[JobState] = []
    for entry in job.timeline:
        if entry.event in _ENDS:
            before = JobState(status, stage) if stage != "finished" else before
            status, stage = _ENDS[entry.event], "finished"
        elif entry.event == "job.reopened":
            status, stage = before
        elif entry.event == "stencil.ready":
            status, stage = ("running", "postprocess") if is_draft else ("queued", "prediction")
        elif entry.event in _BEGINS:
            status = "running"
            predicted |= {entry.slot} if entry.event in _PREDICTED else set()
            stage = "postprocess" if is_draft or len(predicted) >= len(job.predictions) else "prediction"
        found.append(JobState(status, stage))
    return tuple(found)
