"""The job document: all that is known of one brief on its way to ranked concepts."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from studio_contracts.access import LOCAL_OWNER
from studio_contracts.base import FrozenModel, UtcDatetime
from studio_contracts.brief import MAX_DIRECTIONS, Brief
from studio_contracts.callbacks import Callback, Metadata
from studio_contracts.concept import Concept
from studio_contracts.errors import JobError, JobWarning, Stage
from studio_contracts.plan import Plan
from studio_contracts.slot import GenerationRequest, Slot

Status = Literal["pending", "queued", "running", "completed", "failed", "canceled"]
TERMINAL: frozenset[Status] = frozenset({"completed", "failed", "canceled"})
TimelineEvent = Literal[
    "job.created", "stencil.ready", "slots.planned",
    "prediction.started", "prediction.retried", "prediction.succeeded", "prediction.failed", "pictures.made",
    "job.rescued", "job.reopened", "job.completed", "job.failed", "job.canceled",
]  # fmt: skip
"""The events of a timeline. One that is also published has the same name on the wire."""


class TimelineEntry(FrozenModel):
    """What happened, when, in which service, and how many seconds the work took where that is known.

    `event` is a `TimelineEvent`, or one of another release.
    """

    at: UtcDatetime
    event: str
    service: str
    slot: int | None = None
    detail: str | None = None
    seconds: float | None = None


class Limits(FrozenModel):
    """What a job may cost and how long it may take."""

    attempts_per_slot: int = Field(3, ge=1)
    cents: int = Field(200, ge=1)
    deadline_seconds: int = Field(1800, ge=1)
    retention_days: int = Field(30, ge=1)


class Job(FrozenModel):
    """The whole document. Changed only by the functions of `lifecycle`; `version` counts those changes.

    `owner` is whose key made it, `key_id` which key that was ("" where no keys are used). `name`, `notes`, `project`
    and `favourites`, ids of concepts, are the owner's own. A deleted job is shown to nobody until it is removed.
    """

    id: str
    owner: str = LOCAL_OWNER
    key_id: str = ""
    version: int = 1
    status: Status = "pending"
    stage: Stage = "stencil"
    brief: Brief
    limits: Limits
    seed: int
    traceparent: str
    plan: Plan | None = None
    generation: GenerationRequest | None = None
    predictions: tuple[Slot, ...] = ()
    concepts: tuple[Concept, ...] = ()
    error: JobError | None = None
    warnings: tuple[JobWarning, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    rescues: int = 0
    callback: Callback | None = None
    metadata: Metadata = Field(default_factory=dict)
    name: str = ""
    notes: str = ""
    project: str = ""
    favourites: tuple[str, ...] = ()
    deleted_at: UtcDatetime | None = None
    created_at: UtcDatetime
    updated_at: UtcDatetime
    started_at: UtcDatetime | None = None
    finished_at: UtcDatetime | None = None
    deadline_at: UtcDatetime
    expires_at: UtcDatetime | None = None

    @property
    def pictures_wanted(self) -> int:
        """How many pictures were promised: what the client asked for, or one for each direction of a draft."""
        if self.brief.kind == "draft":
            return len(self.plan.directions) if self.plan is not None else MAX_DIRECTIONS
        return self.brief.count

    @property
    def progressed_at(self) -> datetime:
        """The time of the last timeline entry that is not a rescue."""
        moves = (line.at for line in reversed(self.timeline) if line.event != "job.rescued")
        return next(moves, self.updated_at)

    @property
    def is_final(self) -> bool:
        """Whether the job has reached a state it never leaves by itself."""
        return self.status in TERMINAL

    def slot(self, number: int) -> Slot | None:
        """The slot of that number, or None when there is no such slot."""
        return self.predictions[number] if 0 <= number < len(self.predictions) else None
