"""The job document: all that is known of one brief on its way to ranked concepts."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, model_validator

from studio_contracts.access import LOCAL_OWNER
from studio_contracts.base import FrozenModel, UtcDatetime
from studio_contracts.brief import MAX_DIRECTIONS, Brief, Strategy
from studio_contracts.callbacks import Callback, Metadata
from studio_contracts.file_formats import VectorKind
from studio_contracts.installer import InstallerRule
from studio_contracts.reading import Reading

Status = Literal["pending", "queued", "running", "completed", "failed", "canceled"]
Stage = Literal["stencil", "prediction", "postprocess", "finished"]
SlotState = Literal["waiting", "submitting", "running", "succeeded", "finished", "failed"]
Role = Literal["base", "accent", "highlight"]
"""Base carries the surface (half or more), accents give it structure, highlights draw the eye."""
Layout = Literal["full", "framed", "tiled"]
"""How the picture meets the surface. The picture is only ever scaled evenly, never stretched.

full    the picture has the surface's shape; what hangs over, less than 8 pixels, is cropped evenly at both ends.
framed  scaled to fit inside the surface, centred; the rest of the surface is the base colour.
tiled   panels side by side along the surface, every other one mirrored, so that colours meet at the joints.
"""
PictureKind = Literal["original", "quantized", "thumbnail", "installable"]

TERMINAL: frozenset[Status] = frozenset({"completed", "failed", "canceled"})
SETTLED: frozenset[SlotState] = frozenset({"finished", "failed"})


class StoredPicture(FrozenModel):
    """A picture in the object store, found by its key and proven by its hash. In pixels, a vector in millimetres."""

    key: str
    sha256: str
    media_type: str
    width: int
    height: int


class PlanColour(FrozenModel):
    """A colour of a direction, its role and the share of the surface the stencil gives it (0 to 1)."""

    code: str
    role: Role
    share: float


class Direction(FrozenModel):
    """One composition of the brief: how its stencil is drawn, and the stencil itself.

    `subjects_shown` is the share, 0 to 1, of the things named in the brief that the stencil shows; null where it names
    none, and in older documents.
    """

    name: str
    reason: str
    strategy: Strategy
    seed: int
    subjects_shown: float | None = None
    colours: tuple[PlanColour, ...]
    stencil: StoredPicture

    @property
    def codes(self) -> tuple[str, ...]:
        """Colour codes in the order of the palette of the stencil and of every picture clamped to it."""
        return tuple(colour.code for colour in self.colours)


class Plan(FrozenModel):
    """What was decided before painting, and why. Directions are numbered from 0, the most fitting first.

    `reading` is what was understood of the brief. All stencils have one size, and meet the surface in one way.
    `attributions` name the works of others that the stencils show, and their licences. `not_drawn` are things that the
    brief names and no direction draws.
    """

    reading: Reading | None = None
    palette_reason: str
    width_px: int
    height_px: int
    layout: Layout
    mm_per_pixel: float
    attributions: tuple[str, ...] = ()
    not_drawn: tuple[str, ...] = ()
    directions: tuple[Direction, ...] = Field(min_length=1, max_length=MAX_DIRECTIONS)

    @property
    def codes(self) -> tuple[str, ...]:
        """The colour codes of all directions, those of the first before the others."""
        return tuple(dict.fromkeys(code for direction in self.directions for code in direction.codes))


class GenerationRequest(FrozenModel):
    """Which model makes the pictures and the input every slot shares (the slot adds its image, seed and count).

    `not_sent` is what the brief names and the model's prompt has no room for.
    """

    model: str
    version: str
    cents_per_picture: int
    input: dict[str, Any]
    not_sent: tuple[str, ...] = ()


class Slot(FrozenModel):
    """One provider call: at most one paid prediction per attempt. Of a draft: one direction, for which none is made.

    waiting → submitting (claimed) → running (known to the provider) → succeeded (outputs known) → finished (pictures
    stored), or failed. An infrastructure failure goes back to waiting under the next attempt number. `webhook_received`
    means that the provider reported on an attempt before its id was known here; the report is not interpreted yet.
    `reports` are digests of the reports kept of this attempt since the last rescue.
    """

    number: int
    direction: int = 0
    count: int
    state: SlotState = "waiting"
    attempt: int = 1
    claimed_at: UtcDatetime | None = None
    webhook_received: bool = False
    reports: tuple[str, ...] = ()
    provider_id: str | None = None
    prediction_ids: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    received: int = 0
    error: str | None = None
    predict_seconds: float | None = None


class Quality(FrozenModel):
    """Measured figures of one concept, 0 to 1 and higher is better; `mean_delta_e` alone is a CIEDE2000 difference.

    `subjects` is `subjects_shown` of the concept's direction, which the score follows.
    """

    score: float
    fidelity: float
    flatness: float
    contrast: float
    balance: float
    adherence: float | None = None
    installability: float | None = None
    subjects: float | None = None
    mean_delta_e: float


class ColourShare(FrozenModel):
    """How much of the final picture one colour covers (0 to 1)."""

    code: str
    share: float


class JobWarning(FrozenModel):
    """Something a person should know that did not stop the work."""

    code: str
    text: str
    slot: int | None = None


class Violation(FrozenModel):
    """A breach of an installer rule: the colour's code, and a box (left, top, width, height) in mm on the surface."""

    rule: InstallerRule
    code: str
    box: tuple[float, float, float, float]


class InstallabilityReport(FrozenModel):
    """What an installer would say: score 0 to 100 before and after cleaning, and how much of the picture was kept.

    `kept` is the share, 0 to 1, of the lengths of shapes and borders that survived cleaning, `kept_subject` that of
    everything but the ground, `kept_by_colour` that of each colour by its code; null in documents that are older than
    these figures. `counts` has every rule, `violations` the largest of what remains after cleaning.
    """

    score_before: int
    score: int
    kept: float | None = None
    kept_subject: float | None = None
    kept_by_colour: dict[str, float] = Field(default_factory=dict)
    counts: dict[InstallerRule, int]
    violations: tuple[Violation, ...]

    @model_validator(mode="before")
    @classmethod
    def _without_changed(cls, data: Any) -> Any:
        """Documents older than `kept` have the share of the surface that changed instead."""
        return {name: value for name, value in data.items() if name != "changed"} if isinstance(data, dict) else data


class ColourMaterial(FrozenModel):
    """What one colour takes: share of the surface, m², kg of granule with wastage, bags."""

    code: str
    share: float
    area_m2: float
    kg: float
    bags: int


class Materials(FrozenModel):
    """What the surface takes; the totals are the sums of the lines. Binder: least and most kg."""

    colours: tuple[ColourMaterial, ...]
    area_m2: float
    kg: float
    bags: int
    binder_kg: tuple[float, float]


class Concept(FrozenModel):
    """One finished picture. Ranks count from 1, best first, and are set when the job completes.

    `rank` is among all pictures of the job, `rank_in_direction` among those of the same direction.
    `installable` and the vectors show the whole surface in its layout, `quantized` the model's picture.
    """

    id: str
    slot: int
    index: int
    direction: int = 0
    rank: int | None = None
    rank_in_direction: int | None = None
    pictures: dict[PictureKind, StoredPicture]
    quality: Quality
    palette_used: tuple[ColourShare, ...]
    vectors: dict[VectorKind, StoredPicture] = Field(default_factory=dict)
    installer: InstallabilityReport | None = None
    materials: Materials | None = None
    warnings: tuple[JobWarning, ...] = ()

    @property
    def files(self) -> dict[PictureKind | VectorKind, StoredPicture]:
        """Everything stored of the concept, pictures and vectors alike."""
        return dict([*self.pictures.items(), *self.vectors.items()])


class JobError(FrozenModel):
    """Why a job failed. `replayable` means an operator can send it on once the cause is fixed."""

    code: str
    title: str
    detail: str
    stage: Stage
    replayable: bool = False


TimelineEvent = Literal[
    "job.created", "stencil.ready", "slots.planned",
    "prediction.started", "prediction.retried", "prediction.succeeded", "prediction.failed", "pictures.made",
    "job.rescued", "job.reopened", "job.completed", "job.failed", "job.canceled",
]  # fmt: skip
"""What a timeline tells of. What also goes over the wire has the name that it has there."""


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

    `owner` is whose key made it, `key_id` which key that was ("" where no keys are used).
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
        """When something last happened to it that its timeline tells of, and that was not a rescue."""
        moves = (line.at for line in reversed(self.timeline) if line.event != "job.rescued")
        return next(moves, self.updated_at)

    @property
    def is_final(self) -> bool:
        """Whether the job has reached a state it never leaves by itself."""
        return self.status in TERMINAL

    def slot(self, number: int) -> Slot | None:
        """The slot of that number, or None when there is no such slot."""
        return self.predictions[number] if 0 <= number < len(self.predictions) else None
