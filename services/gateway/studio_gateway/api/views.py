"""Jobs as clients see them: what they need, under URLs they can fetch, without keys, tokens or provider ids.

A picture's URL names its content by hash, so that it may be cached indefinitely: another picture has another URL.
"""

from pydantic import AwareDatetime, BaseModel

from studio_contracts.brief import Brief, JobKind, Strategy, Surface
from studio_contracts.callbacks import Callback, CallbackType, CallState, StageCallback
from studio_contracts.concept import Concept, Materials, Quality, Violation
from studio_contracts.errors import JobError, JobWarning, Stage
from studio_contracts.file_formats import VectorKind
from studio_contracts.installer import InstallerRule
from studio_contracts.job import Job, Status, TimelineEntry
from studio_contracts.palette import BY_CODE
from studio_contracts.pictures import PictureKind, StoredPicture
from studio_contracts.plan import Direction, Layout, Plan, Role
from studio_contracts.reading import Reading
from studio_contracts.slot import SlotState


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


class DirectionView(BaseModel):
    """One composition of the brief: its name, why it was chosen, its colours and its stencil."""

    number: int
    name: str
    reason: str
    strategy: Strategy
    seed: int
    subjects_shown: float | None
    palette: list[ColourView]
    stencil: PictureView


class PlanView(BaseModel):
    """What was decided before painting, and why. `directions` has the most fitting composition first; `attributions`
    name the works of others that the stencils show, and their licences; `not_drawn` are things that the brief names
    and no direction draws.
    """

    reading: Reading | None
    palette_reason: str
    width_px: int
    height_px: int
    layout: Layout
    mm_per_pixel: float
    attributions: list[str]
    not_drawn: list[str]
    directions: list[DirectionView]


class SlotView(BaseModel):
    """One call to the provider."""

    number: int
    direction: int
    count: int
    state: SlotState
    attempt: int
    received: int
    predict_seconds: float | None


class InstallerView(BaseModel):
    """What an installer would say: score 0 to 100 before and after cleaning, what was kept, breaches by rule.

    `kept` is the share, 0 to 1, of the lengths of shapes and borders that survived, `kept_subject` that of everything
    but the ground, `kept_by_colour` that of each colour by its code.
    """

    score_before: int
    score: int
    kept: float | None
    kept_subject: float | None
    kept_by_colour: dict[str, float]
    counts: dict[InstallerRule, int]


class ConceptView(BaseModel):
    """One finished picture, best rank first. `direction` is the number of the composition it was painted over."""

    id: str
    direction: int
    rank: int | None
    rank_in_direction: int | None
    score: float
    pictures: dict[PictureKind, PictureView]
    quality: Quality
    palette_used: list[ColourView]
    vectors: dict[VectorKind, PictureView]
    installer: InstallerView | None
    violations: list[Violation]
    materials: Materials | None
    warnings: list[JobWarning]


class CallView(BaseModel):
    """One call to the client: `reason` says why the last attempt failed, `due_at` when the next one is."""

    type: CallbackType
    version: int
    at: AwareDatetime
    state: CallState
    attempts: int
    reason: str | None
    due_at: AwareDatetime | None


class CallbackView(BaseModel):
    """At which stages the client is called besides the end, and the calls so far. Its address is not shown: it may
    hold a secret of the client.
    """

    events: list[StageCallback]
    calls: list[CallView]


class Cost(BaseModel):
    """US cents of a job: for the pictures that the provider delivered, and for all that were asked for."""

    delivered_cents: int
    expected_cents: int


class JobView(BaseModel):
    """All a client may know of a job. `cost` is null until a model was chosen, and for a draft, which costs nothing."""

    id: str
    status: Status
    stage: Stage
    version: int
    brief: Brief
    plan: PlanView | None
    predictions: list[SlotView]
    concepts: list[ConceptView]
    cost: Cost | None
    error: JobError | None
    warnings: list[JobWarning]
    timeline: list[TimelineEntry]
    metadata: dict[str, str]
    callback: CallbackView | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    deadline_at: AwareDatetime
    expires_at: AwareDatetime | None


class JobSummary(BaseModel):
    """A job in a list. `picture` is the best concept's thumbnail, or else the first stencil."""

    id: str
    status: Status
    stage: Stage
    prompt: str
    surface: Surface
    kind: JobKind
    count: int
    picture: PictureView | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    finished_at: AwareDatetime | None


class JobList(BaseModel):
    """Jobs, newest first. `next` is the cursor of the following page, if there is one."""

    jobs: list[JobSummary]
    next: str | None


def job_summary(job: Job, root: str) -> JobSummary:
    """The client's view of a job in a list."""
    view = job_view(job, root)
    best = next((concept.pictures.get("thumbnail") for concept in view.concepts if concept.rank == 1), None)
    return JobSummary(
        **{name: getattr(job, name) for name in ("id", "status", "stage", "created_at", "updated_at", "finished_at")},
        **{name: getattr(job.brief, name) for name in ("prompt", "surface", "kind", "count")},
        picture=best or (None if view.plan is None else view.plan.directions[0].stencil),
    )


def job_view(job: Job, root: str) -> JobView:
    """The client's view of a job. `root` precedes the path of every link (GatewaySettings.root)."""
    base = job_path(job.id, root)
    return JobView(
        **{name: getattr(job, name) for name in JobView.model_fields if name not in _COMPOSED},
        plan=None if job.plan is None else _plan(base, job.plan),
        predictions=[SlotView.model_validate(slot, from_attributes=True) for slot in job.predictions],
        concepts=[_concept(base, concept) for concept in job.concepts],
        cost=_cost(job),
        warnings=list(job.warnings),
        timeline=list(job.timeline),
        callback=None if job.callback is None else _callback(job.callback),
    )


_COMPOSED = {"plan", "predictions", "concepts", "cost", "warnings", "timeline", "callback"}


def _cost(job: Job) -> Cost | None:
    if job.generation is None:
        return None
    price = job.generation.cents_per_picture
    received, asked = (sum(getattr(slot, name) for slot in job.predictions) for name in ("received", "count"))
    return Cost(delivered_cents=received * price, expected_cents=asked * price)


def job_path(job_id: str, root: str) -> str:
    """Where a job is, as a link without scheme and host: it holds however the client reached the gateway."""
    return f"{root}/v1/jobs/{job_id}"


def _plan(base: str, plan: Plan) -> PlanView:
    directions = [_direction(base, number, direction) for number, direction in enumerate(plan.directions)]
    return PlanView(**plan.model_dump(exclude={"directions"}), directions=directions)


def _direction(base: str, number: int, direction: Direction) -> DirectionView:
    return DirectionView(
        number=number,
        **direction.model_dump(exclude={"colours", "stencil"}),
        palette=[_colour(colour.code, colour.share, colour.role) for colour in direction.colours],
        stencil=_picture(f"{base}/directions/{number}/stencil", direction.stencil),
    )


def _concept(base: str, concept: Concept) -> ConceptView:
    return ConceptView(
        id=concept.id,
        direction=concept.direction,
        rank=concept.rank,
        rank_in_direction=concept.rank_in_direction,
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


def _callback(callback: Callback) -> CallbackView:
    calls = [
        CallView(**call.model_dump(exclude={"error", "due_at"}), due_at=call.due_at if call.state == "open" else None)
        for call in callback.calls
    ]
    return CallbackView(events=list(callback.events), calls=calls)


def _picture(url: str, stored: StoredPicture) -> PictureView:
    return PictureView(
        url=f"{url}?v={content_version(stored)}",
        media_type=stored.media_type,
        width=stored.width,
        height=stored.height,
        sha256=stored.sha256,
    )


def content_version(stored: StoredPicture) -> str:
    """What distinguishes this content from any other in a URL."""
    return stored.sha256[:16]


def _colour(code: str, share: float, role: Role | None = None) -> ColourView:
    colour = BY_CODE[code]
    return ColourView(code=code, name=colour.name, hex=colour.hex, share=share, role=role)
