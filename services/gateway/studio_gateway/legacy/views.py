"""Jobs as the existing panel reads them, field for field."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from studio_contracts.brief import Brief
from studio_contracts.concept import Concept
from studio_contracts.job import Job, Status
from studio_contracts.palette import BY_CODE
from studio_gateway.api.presenters import job_view
from studio_gateway.api.views import ConceptView

MAX_CHIPS = 6
_MESSAGES: dict[Status, str] = {
    "pending": "Your design is waiting to be started.",
    "queued": "Your design is waiting for its pictures.",
    "running": "Your pictures are being made.",
    "completed": "Your designs are ready.",
    "failed": "Your design could not be made.",
    "canceled": "Your design was canceled.",
}


class _Loose(BaseModel):
    """The panel may send more than is read here."""

    model_config = ConfigDict(extra="ignore")


class PanelColour(_Loose):
    """Only the code counts; name and hex are known here."""

    code: str


class PanelSurface(_Loose):
    """Metres."""

    width_m: float
    height_m: float


class PanelRequest(_Loose):
    """What the panel posts. What the fields may hold is decided by Brief."""

    prompt: str
    surface: PanelSurface | None = None
    paletteColors: list[PanelColour] | None = None  # noqa: N815
    style: str | None = None
    count: int | None = None

    def brief(self) -> Brief:
        """The brief it amounts to. Raises ValidationError."""
        given: dict[str, Any] = {"prompt": self.prompt, "style": self.style, "count": self.count}
        given["surface"] = None if self.surface is None else self.surface.model_dump()
        given["palette"] = [colour.code for colour in self.paletteColors or ()] or None
        return Brief.model_validate({name: value for name, value in given.items() if value is not None})


def creation(job: Job, base: str) -> dict[str, Any]:
    """The response to a job just created. The estimate is in seconds."""
    return {
        "jobId": job.id,
        "status": job.status,
        "statusUrl": f"{base}/.netlify/functions/studio-inspire-status?jobId={job.id}",
        "estimatedDuration": 4 * job.brief.count + 10,
        "message": "Your design was accepted.",
    }


def status(job: Job, base: str) -> dict[str, Any]:
    """The status of a job. The panel stops polling at completed and failed only, so it is given failed for canceled."""
    response: dict[str, Any] = {
        "jobId": job.id,
        "status": "failed" if job.status == "canceled" else job.status,
        "message": _MESSAGES[job.status],
        "created_at": job.created_at.isoformat(),
        "updated_at": job.updated_at.isoformat(),
    }
    if job.is_final:
        response["completed_at"] = (job.finished_at or job.updated_at).isoformat()
    if job.status == "completed":
        views = {view.id: view for view in job_view(job, base).concepts}
        response["concepts"] = [_concept(concept, views[concept.id]) for concept in job.concepts]
        response["metadata"] = _metadata(job)
    elif job.is_final:
        response["error"] = f"{job.error.title}: {job.error.detail}" if job.error else _MESSAGES[job.status]
        response["retry_count"] = sum(slot.attempt - 1 for slot in job.predictions)
    return response


def _metadata(job: Job) -> dict[str, Any]:
    plan, seconds = job.plan, None if job.finished_at is None else (job.finished_at - job.created_at).total_seconds()
    return {
        "prompt": job.brief.prompt,
        "surface": job.brief.surface.model_dump(exclude={"outline"}),
        "style": job.brief.style,
        "count": len(job.concepts),
        "seed": job.seed,
        "strategy": None if plan is None else plan.directions[0].strategy,
        "palette": [] if plan is None else [_chip(code) for code in plan.codes],
        "duration": seconds,
        "warnings": [warning.text for warning in job.warnings],
    }


def _concept(concept: Concept, view: ConceptView) -> dict[str, Any]:
    urls = {f"{kind}Url": picture.url for kind, picture in view.pictures.items()}
    most_first = sorted(concept.palette_used, key=lambda used: -used.share)
    return {
        "id": concept.id,
        **urls,
        "quality": concept.quality.model_dump(),
        "metadata": {"index": (concept.rank or 1) - 1, "rank": concept.rank, "slot": concept.slot},
        "paletteUsed": [_chip(used.code) for used in most_first if used.share > 0][:MAX_CHIPS],
    }


def _chip(code: str) -> dict[str, str]:
    return BY_CODE[code]._asdict()
