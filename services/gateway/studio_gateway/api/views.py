"""Jobs as clients see them: what clients need, without keys, tokens or provider ids."""

from pydantic import AwareDatetime, BaseModel

from studio_contracts.access import SharedPart
from studio_contracts.brief import Brief, JobKind, Strategy, Surface
from studio_contracts.callbacks import CallbackType, CallState, StageCallback
from studio_contracts.concept import Materials, Quality, Violation
from studio_contracts.errors import JobError, JobWarning, Stage
from studio_contracts.file_formats import VectorKind
from studio_contracts.installer import InstallerRule
from studio_contracts.job import Status, TimelineEntry
from studio_contracts.pictures import PictureKind
from studio_contracts.plan import Layout, Role
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
    is_favourite: bool


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


class SharedView(BaseModel):
    """What a link shows of the job besides its pictures, and whether of its favourites alone. The rest is left out."""

    shows: list[SharedPart]
    favourites_only: bool


class JobView(BaseModel):
    """All a client may know of a job. `cost` is null until a model was chosen, and for a draft, which costs nothing.

    `name`, `notes` and `project` are the owner's own words; a link shows the name alone. `shared` is null for the
    owner.
    """

    id: str
    name: str
    notes: str
    project: str
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
    shared: SharedView | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    deadline_at: AwareDatetime
    expires_at: AwareDatetime | None


class JobSummary(BaseModel):
    """A job in a list. `picture` is the best concept's thumbnail, or else the first stencil."""

    id: str
    name: str
    project: str
    favourites: int
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
    """Jobs by time. `next` is the cursor of the following page, if there is one.

    `counts` has, where they are asked for, the jobs of every status that the other filters let through.
    """

    jobs: list[JobSummary]
    next: str | None
    counts: dict[Status, int] | None = None
