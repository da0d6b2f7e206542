"""The API's answers and requests, made from its description: do not edit."""

from __future__ import annotations

from typing import Literal, TypedDict, NotRequired


class BlendPart(TypedDict):
    """
    A granule of a blend: its parts of twelve and kg with wastage.
    """

    code: str
    parts: int
    kg: float


class BudgetState(TypedDict):
    """
    The budget that refuses a job: its limit, what is left of it in US cents, and when it is full again.
    """

    name: str
    limit_cents: int
    left_cents: int
    resets_at: NotRequired[str | None]


class CallView(TypedDict):
    """
    One call to the client: `reason` says why the last attempt failed, `due_at` when the next one is.
    """

    type: Literal["job.prediction", "job.postprocess"] | Literal["job.completed", "job.failed", "job.canceled"]
    version: int
    at: str
    state: Literal["open", "delivered", "failed"]
    attempts: int
    reason: str | None
    due_at: str | None


class CallbackData(TypedDict):
    """
    Which job, and how far it was. Calls may come late or twice: the one with the highest `version` is the latest.

    `error` is the code of a failed job, `metadata` what the client gave with its request.
    """

    id: str
    version: int
    url: str
    metadata: dict[str, str]
    error: NotRequired[str | None]


class CallbackMessage(TypedDict):
    """
    The body of a call. The same at each attempt, as is the header `webhook-id`.
    """

    type: Literal["job.prediction", "job.postprocess"] | Literal["job.completed", "job.failed", "job.canceled"]
    timestamp: str
    data: CallbackData


class CallbackView(TypedDict):
    """
    At which stages the client is called besides the end, and the calls so far. Its address is not shown: it may
    hold a secret of the client.
    """

    events: list[Literal["job.prediction", "job.postprocess"]]
    calls: list[CallView]


class Choice(TypedDict):
    """
    One value of a field, with words for people.
    """

    name: str
    title: str
    text: str


class ColourMaterial(TypedDict):
    """
    What one colour takes: share of the surface, m², kg of granule with wastage, bags.
    """

    code: str
    share: float
    area_m2: float
    kg: float
    bags: int


class ColourOffer(TypedDict):
    """
    One granule colour.
    """

    code: str
    name: str
    hex: str


class ColourView(TypedDict):
    """
    A colour and how much of the picture it covers (0 to 1).
    """

    code: str
    name: str
    hex: str
    share: float
    role: NotRequired[Literal["base", "accent", "highlight"] | None]


class Cost(TypedDict):
    """
    US cents of a job: for the pictures that the provider delivered, and for all that were asked for.
    """

    delivered_cents: int
    expected_cents: int


class EnqueueRequest(TypedDict):
    """
    Which job to start.
    """

    job_id: str


class FieldProblem(TypedDict):
    """
    One field of the request, what is wrong with it, and what it may hold.
    """

    field: str
    detail: str
    allowed: NotRequired[list[str] | None]


class InstallerLimits(TypedDict):
    """
    What an installer can lay: lengths in mm, areas in m², angles in degrees. `rules` says what breaks them.
    """

    min_width_mm: NotRequired[float]
    min_radius_mm: NotRequired[float]
    exceptional_radius_mm: NotRequired[float]
    min_gap_mm: NotRequired[float]
    min_area_m2: NotRequired[float]
    max_pieces: NotRequired[int]
    min_angle_deg: NotRequired[float]
    rules: NotRequired[dict[Literal["width", "radius", "gap", "area", "pieces", "angle"], str]]


class InstallerView(TypedDict):
    """
    What an installer would say: score 0 to 100 before and after cleaning, what was kept, breaches by rule.

    `kept` is the share, 0 to 1, of the lengths of shapes and borders that survived, `kept_subject` that of everything
    but the ground, `kept_by_colour` that of each colour by its code.
    """

    score_before: int
    score: int
    kept: float | None
    kept_subject: float | None
    kept_by_colour: dict[str, float]
    counts: dict[Literal["width", "radius", "gap", "area", "pieces", "angle"], int]


class JobDetails(TypedDict):
    """
    What shall change. A field that is left out stays as it is; an empty text removes it.
    """

    name: NotRequired[str | None]
    notes: NotRequired[str | None]
    project: NotRequired[str | None]
    favourites: NotRequired[dict[str, bool]]


class JobError(TypedDict):
    """
    Why a job failed. `replayable` means an operator can send it on once the cause is fixed.
    """

    code: str
    title: str
    detail: str
    stage: Literal["stencil", "prediction", "postprocess", "finished"]
    replayable: NotRequired[bool]


class JobWarning(TypedDict):
    """
    Something a person should know that did not stop the work.
    """

    code: str
    text: str
    slot: NotRequired[int | None]


class LinkSecret(TypedDict):
    """
    What is behind `#share=` in a link.
    """

    token: str


class LinkView(TypedDict):
    """
    A link, without its secret.
    """

    id: str
    created_at: str
    expires_at: str
    revoked_at: str | None
    shows: list[Literal["brief", "materials", "downloads", "cost"]]
    favourites_only: bool


class Mirror(TypedDict):
    """
    Exchange left and right, or top and bottom.
    """

    kind: NotRequired[Literal["mirror"]]
    swap: Literal["left_right", "top_bottom"]


class ModelOption(TypedDict):
    """
    An image model: its price in US cents, and the sizes it was trained on as width and height in pixels.
    """

    name: str
    cents_per_picture: int
    sizes: list[list[int]]


class NewLinkView(TypedDict):
    """
    A link just made. `url` is shown this once.
    """

    id: str
    created_at: str
    expires_at: str
    revoked_at: str | None
    shows: list[Literal["brief", "materials", "downloads", "cost"]]
    favourites_only: bool
    url: str


class Outline(TypedDict):
    """
    Points are x and y in metres from the top left corner of the surface, y downwards, and count to the millimetre.

    `outer` is the border, which touches all four sides of the rectangle around it; `holes` lie inside it, MIN_WIDTH_MM
    or more from it and from each other, for less cannot be laid between them. A ring is closed by itself and may begin
    anywhere and run either way round.
    """

    outer: list[tuple[float, float]]
    holes: NotRequired[list[list[tuple[float, float]]]]


class OwnPicture(TypedDict):
    """
    A client's picture, which the job begins with in place of drawn stencils: its hash and how it meets the surface.

    Its bytes are in the object store under `own_picture_key`. Of a draft it is laid as it is; else it is painted over.
    """

    sha256: str
    fit: NotRequired[Literal["crop", "contain"]]


class PanelColour(TypedDict):
    """
    Only the code counts; name and hex are known here.
    """

    code: str


class PanelError(TypedDict):
    """
    The body of every error on these routes.
    """

    error: str
    message: str


class PanelSurface(TypedDict):
    """
    Metres.
    """

    width_m: float
    height_m: float


class PictureView(TypedDict):
    """
    A picture that can be fetched.
    """

    url: str
    media_type: str
    width: int
    height: int
    sha256: str


class Problem(TypedDict):
    """
    The body of every error.
    """

    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[list[FieldProblem] | None]
    budget: NotRequired[BudgetState | None]


class ProjectView(TypedDict):
    """
    A project: how many jobs are in it, and when the newest was created.
    """

    name: str
    jobs: int
    newest: str


class Quality(TypedDict):
    """
    Measured figures of one concept, 0 to 1 and higher is better; `mean_delta_e` alone is a CIEDE2000 difference.

    `subjects` is `subjects_shown` of the concept's direction, which the score follows.
    """

    score: float
    fidelity: float
    flatness: float
    contrast: float
    balance: float
    adherence: NotRequired[float | None]
    installability: NotRequired[float | None]
    subjects: NotRequired[float | None]
    mean_delta_e: float


class Recolour(TypedDict):
    """
    Lay `to` instead of `colour`: wherever it lies, or only in the piece at the point `at`.

    `at` is in millimetres from the surface's left and top edge, as the surface is when the edits before are made.
    """

    kind: NotRequired[Literal["recolour"]]
    colour: str
    to: str
    at: NotRequired[tuple[float, float] | None]


class SessionView(TypedDict):
    """
    Whether the studio wants a key, and whose key this browser entered.
    """

    access: Literal["keys", "anonymous", "local"]
    signed_in: bool
    name: NotRequired[str | None]
    owner: NotRequired[str | None]
    scopes: NotRequired[list[Literal["jobs:create", "jobs:read", "jobs:cancel", "ops"]]]


class ShareRequest(TypedDict):
    """
    How long the link shall work, and what it shall show. It shows pictures, surface and progress in any case.
    """

    days: NotRequired[int]
    shows: NotRequired[list[Literal["brief", "materials", "downloads", "cost"]]]
    favourites_only: NotRequired[bool]


class SharedView(TypedDict):
    """
    What a link shows of the job besides its pictures, and whether of its favourites alone. The rest is left out.
    """

    shows: list[Literal["brief", "materials", "downloads", "cost"]]
    favourites_only: bool


class SignIn(TypedDict):
    """
    An API key, sent once.
    """

    key: str


class SlotView(TypedDict):
    """
    One call to the provider.
    """

    number: int
    direction: int
    count: int
    state: Literal["waiting", "submitting", "running", "succeeded", "finished", "failed"]
    attempt: int
    received: int
    predict_seconds: float | None


class State(TypedDict):
    """
    A status of a job, and the same word as a title. A final one never changes.
    """

    name: Literal["pending", "queued", "running", "completed", "failed", "canceled"]
    title: str
    is_final: bool


class Subject(TypedDict):
    """
    One thing the brief asks to see.

    `word` is the brief's own spelling, `name` the plain English name that image models know. `motif` is the emoji that
    pictures it, or None when nothing does. `count` is None when the brief says several without a number; `colour` is
    a palette code.
    """

    word: str
    name: str
    motif: str | None
    kind: NotRequired[Literal["thing", "letters", "digits"]]
    count: NotRequired[int | None]
    size: NotRequired[Literal["small", "medium", "large"] | None]
    colour: NotRequired[str | None]


class Surface(TypedDict):
    """
    What is to be laid, in metres: a rectangle, whose ratio has a limit too, or what an `outline` leaves of it.

    With an outline the sides follow from it: they are those of the rectangle around it, and may be left out.
    """

    width_m: NotRequired[float]
    height_m: NotRequired[float]
    outline: NotRequired[Outline | None]


class TimelineEntry(TypedDict):
    """
    What happened, when, in which service, and how many seconds the work took where that is known.

    `event` is a `TimelineEvent`, or one of another release.
    """

    at: str
    event: str
    service: str
    slot: NotRequired[int | None]
    detail: NotRequired[str | None]
    seconds: NotRequired[float | None]


class Turn(TypedDict):
    """
    Turn clockwise by quarter turns. An odd number of them exchanges the surface's sides.
    """

    kind: NotRequired[Literal["turn"]]
    quarters: int


class TypicalTime(TypedDict):
    """
    The median of the seconds that `jobs` of a kind, a model (null: none) and a number of pictures took.
    """

    kind: Literal["painted", "draft"]
    model: str | None
    count: int
    seconds: float
    jobs: int


class UnsoldColour(TypedDict):
    """
    A colour that the brief names and no granule has: the brief's word, what people mean by it as #rrggbb in sRGB,
    and the code of the granule that is laid for it.
    """

    word: str
    hex: str
    code: str


class UsageEntry(TypedDict):
    """
    US cents of one day (UTC) and one key; `key_id` is null for the sum of all keys, which operators see.

    `spent_cents` is for delivered pictures. `held_cents` is reserved for pictures under way. `uncertain_cents` may have
    been paid without a trace, because the provider's response was lost.
    """

    day: str
    key_id: str | None
    spent_cents: int
    held_cents: int
    uncertain_cents: int
    pictures: int


class Violation(TypedDict):
    """
    A breach of an installer rule: the colour's code, and a box (left, top, width, height) in mm on the surface.
    """

    rule: Literal["width", "radius", "gap", "area", "pieces", "angle"]
    code: str
    box: tuple[float, float, float, float]


class Progress(TypedDict):
    """
    One entry of the timeline, with the job's state at it; `version` is the job's when the entry was sent.
    """

    at: str
    event: str
    service: str
    slot: NotRequired[int | None]
    detail: NotRequired[str | None]
    seconds: NotRequired[float | None]
    index: int
    status: Literal["pending", "queued", "running", "completed", "failed", "canceled"]
    stage: Literal["stencil", "prediction", "postprocess", "finished"]
    version: int


class Blend(TypedDict):
    """
    A mixture of granules for an area where one granule is not what was asked for or shown.

    `named`: the brief's `word` means the colour `hex` (sRGB, #rrggbb), which cannot be bought; the area is all that is
    laid in `code` for it. `texture`: the picture speckles where `code` is laid, and looks like `hex` from afar; the
    area is that of the speckled pieces. `delta_e` is how much the mixture differs from that colour (CIEDE2000),
    `delta_e_alone` how much `code` alone does. The recipe is a choice: `Materials.colours` is without it.
    """

    reason: Literal["named", "texture"]
    word: NotRequired[str]
    hex: str
    code: str
    recipe: list[BlendPart]
    delta_e: float
    delta_e_alone: float
    area_m2: float
    kg: float


class DirectionView(TypedDict):
    """
    One composition of the brief: its name, why it was chosen, its colours and its stencil.
    """

    number: int
    name: str
    reason: str
    strategy: Literal[
        "hero",
        "scattered",
        "flowing",
        "panorama",
        "path",
        "medallions",
        "track",
        "stripes",
        "circles",
        "hexagons",
        "islands",
        "compass",
        "hopscotch",
        "snakes",
        "spiral",
        "maze",
        "pitch",
        "voronoi",
        "bands",
        "grid",
    ]
    seed: int
    subjects_shown: float | None
    palette: list[ColourView]
    stencil: PictureView


class JobSummary(TypedDict):
    """
    A job in a list. `picture` is the best concept's thumbnail, or else the first stencil.
    """

    id: str
    name: str
    project: str
    favourites: int
    status: Literal["pending", "queued", "running", "completed", "failed", "canceled"]
    stage: Literal["stencil", "prediction", "postprocess", "finished"]
    prompt: str
    surface: Surface
    kind: Literal["painted", "draft"]
    count: int
    picture: PictureView | None
    created_at: str
    updated_at: str
    finished_at: str | None


class Materials(TypedDict):
    """
    What the surface takes; the totals are the sums of the lines. Binder: least and most kg.

    `blends` are mixtures that come nearer to what was wanted than the one granule of their line.
    """

    colours: list[ColourMaterial]
    area_m2: float
    kg: float
    bags: int
    binder_kg: tuple[float, float]
    blends: NotRequired[list[Blend]]


class Options(TypedDict):
    """
    The limits of a brief, its choices, the states of a job, and what a picture costs here.
    """

    model: str
    cents_per_picture: int
    models: list[ModelOption]
    max_prompt: NotRequired[int]
    max_pictures: NotRequired[int]
    max_directions: NotRequired[int]
    max_colours: NotRequired[int]
    min_side_m: NotRequired[float]
    max_side_m: NotRequired[float]
    max_ratio: NotRequired[float]
    max_seed: NotRequired[int]
    styles: list[Choice]
    strategies: list[Choice]
    states: list[State]
    installer: NotRequired[InstallerLimits]
    typical_times: NotRequired[list[TypicalTime]]


class OutlineView(TypedDict):
    """
    An outline read from a drawing. Nothing is stored: send `surface` with a brief.
    """

    surface: Surface
    area_m2: float
    unit: Literal["mm", "cm", "m", "in", "ft"] | None
    layer: str | None
    left_out: int
    open_lines: int


class PanelRequest(TypedDict):
    """
    What the panel posts. What the fields may hold is decided by Brief.
    """

    prompt: str
    surface: NotRequired[PanelSurface | None]
    paletteColors: NotRequired[list[PanelColour] | None]
    style: NotRequired[str | None]
    count: NotRequired[int | None]


class ProjectList(TypedDict):
    """
    Projects by name.
    """

    projects: list[ProjectView]


class Reading(TypedDict):
    """
    A brief as the studio understood it. Everything is in the order of the brief.

    `language` is an ISO 639-1 code. `setting` and `patterns` are English identifiers, whatever the brief's language.
    Colours are palette codes. `refused_subjects` are the brief's own words, `refused_motifs` the emoji they stand for.
    `refused_names` are the plain English names of refused subjects. `only_colours` says that the brief wants
    its colours and no others. `not_understood` are words that had no effect. `wanted` is the brief without what it
    refuses, in its own words.
    """

    language: str
    subjects: NotRequired[list[Subject]]
    setting: NotRequired[list[str]]
    colours: NotRequired[list[str]]
    unsold: NotRequired[list[UnsoldColour]]
    only_colours: NotRequired[bool]
    tones: NotRequired[list[Literal["warm", "cool", "pastel", "dark", "bright", "calm"]]]
    patterns: NotRequired[
        list[
            Literal[
                "bands",
                "stripes",
                "zigzag",
                "waves",
                "spiral",
                "circles",
                "dots",
                "grid",
                "triangles",
                "hexagons",
                "mosaic",
                "path",
                "track",
                "maze",
                "hopscotch",
                "compass",
                "snakes_and_ladders",
                "islands",
                "bridges",
                "football_pitch",
            ]
        ]
    ]
    refused_colours: NotRequired[list[str]]
    refused_subjects: NotRequired[list[str]]
    refused_motifs: NotRequired[list[str]]
    refused_names: NotRequired[list[str]]
    refused_patterns: NotRequired[
        list[
            Literal[
                "bands",
                "stripes",
                "zigzag",
                "waves",
                "spiral",
                "circles",
                "dots",
                "grid",
                "triangles",
                "hexagons",
                "mosaic",
                "path",
                "track",
                "maze",
                "hopscotch",
                "compass",
                "snakes_and_ladders",
                "islands",
                "bridges",
                "football_pitch",
            ]
        ]
    ]
    not_understood: NotRequired[list[str]]
    wanted: NotRequired[str]


class Source(TypedDict):
    """
    The job whose directions are painted, and their numbers; all of them where none are named.

    Where a `concept` of it is named instead, that is what the new job begins with, as it would be laid and with the
    `edits` made in their order.
    """

    job: str
    directions: NotRequired[list[int]]
    concept: NotRequired[str | None]
    edits: NotRequired[list[Recolour | Mirror | Turn]]


class Usage(TypedDict):
    """
    What was spent, newest day first, and what the key that asks may still spend today.
    """

    stopped: bool
    reason: str
    left_cents: int
    budget: str
    resets_at: str
    days: list[UsageEntry]


Brief = TypedDict(
    "Brief",
    {
        "prompt": str,
        "surface": NotRequired[Surface],
        "palette": NotRequired[list[str] | None],
        "style": NotRequired[Literal["professional", "playful", "geometric"]],
        "count": NotRequired[int],
        "seed": NotRequired[int | None],
        "strategy": NotRequired[
            Literal[
                "hero",
                "scattered",
                "flowing",
                "panorama",
                "path",
                "medallions",
                "track",
                "stripes",
                "circles",
                "hexagons",
                "islands",
                "compass",
                "hopscotch",
                "snakes",
                "spiral",
                "maze",
                "pitch",
                "voronoi",
                "bands",
                "grid",
            ]
            | None
        ],
        "framed": NotRequired[bool],
        "kind": NotRequired[Literal["painted", "draft"]],
        "from": NotRequired[Source | None],
        "picture": NotRequired[OwnPicture | None],
    }
)


class ConceptView(TypedDict):
    """
    One finished picture, best rank first. `direction` is the number of the composition it was painted over.
    """

    id: str
    direction: int
    rank: int | None
    rank_in_direction: int | None
    score: float
    pictures: dict[Literal["original", "quantized", "thumbnail", "installable"], PictureView]
    quality: Quality
    palette_used: list[ColourView]
    vectors: dict[Literal["svg", "dxf"], PictureView]
    installer: InstallerView | None
    violations: list[Violation]
    materials: Materials | None
    warnings: list[JobWarning]
    is_favourite: bool


class JobList(TypedDict):
    """
    Jobs by time. `next` is the cursor of the following page, if there is one.

    `counts` has, where they are asked for, the jobs of every status that the other filters let through.
    """

    jobs: list[JobSummary]
    next: str | None
    counts: NotRequired[dict[Literal["pending", "queued", "running", "completed", "failed", "canceled"], int] | None]


JobRequest = TypedDict(
    "JobRequest",
    {
        "prompt": NotRequired[str | None],
        "surface": NotRequired[Surface],
        "palette": NotRequired[list[str] | None],
        "style": NotRequired[Literal["professional", "playful", "geometric"]],
        "count": NotRequired[int],
        "seed": NotRequired[int | None],
        "strategy": NotRequired[
            Literal[
                "hero",
                "scattered",
                "flowing",
                "panorama",
                "path",
                "medallions",
                "track",
                "stripes",
                "circles",
                "hexagons",
                "islands",
                "compass",
                "hopscotch",
                "snakes",
                "spiral",
                "maze",
                "pitch",
                "voronoi",
                "bands",
                "grid",
            ]
            | None
        ],
        "framed": NotRequired[bool],
        "kind": NotRequired[Literal["painted", "draft"]],
        "from": NotRequired[Source | None],
        "callback_url": NotRequired[str | None],
        "callback_events": NotRequired[list[Literal["job.prediction", "job.postprocess"]]],
        "metadata": NotRequired[dict[str, str]],
        "name": NotRequired[str],
        "project": NotRequired[str],
    }
)


class PlanView(TypedDict):
    """
    What was decided before painting, and why. `directions` has the most fitting composition first; `attributions`
    name the works of others that the stencils show, and their licences; `not_drawn` are things that the brief names
    and no direction draws.
    """

    reading: Reading | None
    palette_reason: str
    width_px: int
    height_px: int
    layout: Literal["full", "framed", "tiled"]
    mm_per_pixel: float
    attributions: list[str]
    not_drawn: list[str]
    directions: list[DirectionView]


class JobView(TypedDict):
    """
    All a client may know of a job. `cost` is null until a model was chosen, and for a draft, which costs nothing.

    `name`, `notes` and `project` are the owner's own words; a link shows the name alone. `shared` is null for the
    owner.
    """

    id: str
    name: str
    notes: str
    project: str
    status: Literal["pending", "queued", "running", "completed", "failed", "canceled"]
    stage: Literal["stencil", "prediction", "postprocess", "finished"]
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
    created_at: str
    updated_at: str
    started_at: str | None
    finished_at: str | None
    deadline_at: str
    expires_at: str | None