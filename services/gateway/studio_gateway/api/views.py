"""Jobs as clients see them: what they need, under URLs they can fetch, without keys, tokens or provider ids.

A picture's URL names its content by hash, so that it may be cached for ever: another picture has another URL.
"""

from typing import Literal

from pydantic import AwareDatetime, BaseModel

from studio_contracts.brief import Brief
from studio_contracts.installer import InstallerRule
from studio_contracts.job import (
    Concept,
    Job,
    JobError,
    JobWarning,
    Materials,
    PictureKind,
    Plan,
    Quality,
    Role,
    SlotState,
    Stage,
    Status,
    StoredPicture,
    TimelineEntry,
    VectorKind,
    Violation,
)
from studio_contracts.palette import BY_CODE


class PictureView(BaseModel):
    """A picture that can be fetched."""

    url: str
    media_type: str
    width: int
    height: int
    sha256: str


class ColourView(BaseModel):
    """A colour and how much of the picture it covers (0 to 1)."""

    code: str
    name: str
    hex: str
    share: float
    role: Role | None = None


class PlanView(BaseModel):
    """What was decided before drawing, and why."""

    palette: list[ColourView]
    palette_reason: str
    strategy: str
    strategy_reason: str
    seed: int
    width_px: int
    height_px: int
    layout: Literal["full", "framed", "tiled"]
    mm_per_pixel: float


class SlotView(BaseModel):
    """One call to the provider."""

    number: int
    count: int
    state: SlotState
    attempt: int
    received: int
    predict_seconds: float | None


class InstallerView(BaseModel):
    """What an installer would say: score 0 to 100 before and after cleaning, share changed, breaches by rule."""

    score_before: int
    score: int
    changed: float
    counts: dict[InstallerRule, int]


class ConceptView(BaseModel):
    """One finished picture, best rank first."""

    id: str
    rank: int | None
    score: float
    pictures: dict[PictureKind, PictureView]
    quality: Quality
    palette_used: list[ColourView]
    vectors: dict[VectorKind, PictureView]
    installer: InstallerView | None
    violations: list[Violation]
    materials: Materials | None
    warnings: list[JobWarning]


class JobView(BaseModel):
    """All a client may know of a job."""

    id: str
    status: Status
    stage: Stage
    version: int
    brief: Brief
    plan: PlanView | None
    stencil: PictureView | None
    predictions: list[SlotView]
    concepts: list[ConceptView]
    error: JobError | None
    warnings: list[JobWarning]
    timeline: list[TimelineEntry]
    created_at: AwareDatetime
    updated_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    deadline_at: AwareDatetime
    expires_at: AwareDatetime | None


class JobSummary(BaseModel):
    """A job in a list. `picture` is the best concept's thumbnail, or else the stencil."""

    id: str
    status: Status
    stage: Stage
    prompt: str
    count: int
    picture: PictureView | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    finished_at: AwareDatetime | None


class JobList(BaseModel):
    """Jobs, newest first. `next` is the cursor of the following page, if there is one."""

    jobs: list[JobSummary]
    next: str | None


def job_summary(job: Job) -> JobSummary:
    """The client's view of a job in a list."""
    view = job_view(job)
    best = next((concept.pictures.get("thumbnail") for concept in view.concepts if concept.rank == 1), None)
    return JobSummary(
        **{name: getattr(job, name) for name in ("id", "status", "stage", "created_at", "updated_at", "finished_at")},
        prompt=job.brief.prompt,
        count=job.brief.count,
        picture=best or view.stencil,
    )


def job_view(job: Job) -> JobView:
    """The client's view of a job."""
    base = f"/v1/jobs/{job.id}"
    return JobView(
        **{name: getattr(job, name) for name in JobView.model_fields if name not in _COMPOSED},
        plan=None if job.plan is None else _plan(job.plan),
        stencil=None if job.stencil is None else _picture(f"{base}/stencil", job.stencil),
        predictions=[SlotView.model_validate(slot, from_attributes=True) for slot in job.predictions],
        concepts=[_concept(base, concept) for concept in job.concepts],
        warnings=list(job.warnings),
        timeline=list(job.timeline),
    )


_COMPOSED = {"plan", "stencil", "predictions", "concepts", "warnings", "timeline"}


def _plan(plan: Plan) -> PlanView:
    colours = [_colour(colour.code, colour.share, colour.role) for colour in plan.colours]
    return PlanView(
        palette=colours,
        **plan.model_dump(exclude={"colours", "regions"}),
    )


def _concept(base: str, concept: Concept) -> ConceptView:
    return ConceptView(
        id=concept.id,
        rank=concept.rank,
        score=concept.quality.score,
        pictures={
            kind: _picture(f"{base}/concepts/{concept.id}/{kind}", stored) for kind, stored in concept.pictures.items()
        },
        quality=concept.quality,
        palette_used=[_colour(used.code, used.share) for used in concept.palette_used],
        vectors={
            kind: _picture(f"{base}/concepts/{concept.id}/{kind}", stored) for kind, stored in concept.vectors.items()
        },
        installer=None
        if concept.installer is None
        else InstallerView.model_validate(concept.installer, from_attributes=True),
        violations=[] if concept.installer is None else list(concept.installer.violations),
        materials=concept.materials,
        warnings=list(concept.warnings),
    )


def _picture(url: str, stored: StoredPicture) -> PictureView:
    return PictureView(
        url=f"{url}?v={content_version(stored)}",
        media_type=stored.media_type,
        width=stored.width,
        height=stored.height,
        sha256=stored.sha256,
    )


def content_version(stored: StoredPicture) -> str:
    """What tells this content from any other in a URL."""
    return stored.sha256[:16]


def _colour(code: str, share: float, role: Role | None = None) -> ColourView:
    colour = BY_CODE[code]
    return ColourView(code=code, name=colour.name, hex=colour.hex, share=share, role=role)
