"""Makes the views of a job that clients get, with links that are valid for them.

A picture's URL names its content by hash, so that it may be cached indefinitely: another picture has another URL.
"""

from studio_contracts.access import ShareLink
from studio_contracts.callbacks import Callback
from studio_contracts.concept import Concept
from studio_contracts.job import Job
from studio_contracts.palette import BY_CODE
from studio_contracts.pictures import StoredPicture
from studio_contracts.plan import Direction, Plan, Role
from studio_gateway.api.views import (
    CallbackView,
    CallView,
    ColourView,
    ConceptView,
    Cost,
    DirectionView,
    InstallerView,
    JobSummary,
    JobView,
    PictureView,
    PlanView,
    SharedView,
    SlotView,
)


def job_summary(job: Job, root: str) -> JobSummary:
    """The client's view of a job in a list."""
    view = job_view(job, root)
    best = next((concept.pictures.get("thumbnail") for concept in view.concepts if concept.rank == 1), None)
    return JobSummary(
        **{name: getattr(job, name) for name in ("id", "name", "project", "status", "stage")},
        **{name: getattr(job, name) for name in ("created_at", "updated_at", "finished_at")},
        favourites=len(job.favourites),
        **{name: getattr(job.brief, name) for name in ("prompt", "surface", "kind", "count")},
        picture=best or (None if view.plan is None else view.plan.directions[0].stencil),
    )


def job_view(job: Job, root: str, link: ShareLink | None = None) -> JobView:
    """The client's view of a job, or of what a share link shows of it. `root` precedes every path (GatewaySettings)."""
    base = job_path(job.id, root)
    return JobView(
        **{name: getattr(job, name) for name in JobView.model_fields if name not in _COMPOSED},
        plan=None if job.plan is None else _plan(base, job.plan),
        predictions=[SlotView.model_validate(slot, from_attributes=True) for slot in job.predictions],
        concepts=[_concept(base, concept, is_favourite=concept.id in job.favourites) for concept in job.concepts],
        cost=_cost(job),
        warnings=list(job.warnings),
        timeline=list(job.timeline),
        callback=None if job.callback is None else _callback(job.callback),
        shared=None if link is None else SharedView(shows=list(link.shows), favourites_only=link.favourites_only),
    )


_COMPOSED = {"plan", "predictions", "concepts", "cost", "warnings", "timeline", "callback", "shared"}


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


def _concept(base: str, concept: Concept, *, is_favourite: bool) -> ConceptView:
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
        is_favourite=is_favourite,
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
