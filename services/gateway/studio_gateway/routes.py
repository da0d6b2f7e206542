"""The REST API."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import uuid4

import structlog
from fastapi import APIRouter, Depends, Header, Request, Response, status

from studio_chassis.jobs import Jobs
from studio_chassis.objects import ObjectStore
from studio_contracts.brief import MAX_SEED, Brief
from studio_contracts.happenings import CancelRequested, ProviderCalledBack
from studio_contracts.job import Limits, PictureKind, StoredPicture
from studio_contracts.palette import PALETTE
from studio_contracts.prediction import trim
from studio_gateway.problems import Problem, ProblemError, not_found
from studio_gateway.settings import GatewaySettings
from studio_gateway.views import JobView, job_view
from studio_gateway.webhooks import MAX_BODY, Forged, check

log = structlog.get_logger()
NO_STORE = {"Cache-Control": "no-store"}
ERRORS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "content": {"application/problem+json": {}}} for code in (404, 422, 503)
}
router = APIRouter(responses=ERRORS)


@dataclass(frozen=True)
class Gateway:
    """What the routes work with."""

    jobs: Jobs
    objects: ObjectStore
    settings: GatewaySettings

    @property
    def limits(self) -> Limits:
        """What a new job may cost and how long it may take."""
        return Limits(
            attempts_per_slot=self.settings.attempts_per_slot,
            cents=self.settings.job_cents,
            deadline_seconds=self.settings.job_deadline_seconds,
            retention_days=self.settings.retention_days,
        )


def _gateway(request: Request) -> Gateway:
    gateway = request.app.state.gateway
    assert isinstance(gateway, Gateway)
    return gateway


Studio = Annotated[Gateway, Depends(_gateway)]


@router.post("/v1/jobs", status_code=status.HTTP_202_ACCEPTED, response_model=JobView)
async def create_job(
    brief: Brief, studio: Studio, response: Response, traceparent: Annotated[str | None, Header()] = None
) -> JobView:
    """Accept a brief. The job is safe once this answers, also while the broker is down."""
    job = await studio.jobs.accept(
        brief,
        job_id=str(uuid4()),
        seed=secrets.randbelow(MAX_SEED + 1),
        traceparent=traceparent or f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
        limits=studio.limits,
    )
    log.info("accepted", job_id=job.id, count=brief.count)
    response.headers.update({"Location": f"/v1/jobs/{job.id}", "Retry-After": "1", **NO_STORE})
    return job_view(job)


@router.get("/v1/jobs/{job_id}", response_model=JobView)
async def read_job(job_id: str, studio: Studio, response: Response) -> JobView:
    """How a job stands, and its concepts once there are some."""
    response.headers.update(NO_STORE)
    return job_view(await studio.jobs.load(job_id))


@router.post("/v1/jobs/{job_id}/cancel", response_model=JobView)
async def cancel_job(job_id: str, studio: Studio, response: Response) -> JobView:
    """Call a job off. A job that ended before stays as it is."""
    response.headers.update(NO_STORE)
    return job_view((await studio.jobs.record(job_id, CancelRequested())).job)


@router.get("/v1/jobs/{job_id}/stencil", response_class=Response)
async def read_stencil(job_id: str, studio: Studio) -> Response:
    """The flat picture the concepts start from."""
    job = await studio.jobs.load(job_id)
    if job.stencil is None:
        raise not_found("stencil yet")
    return await _picture(studio, job.stencil)


@router.get("/v1/jobs/{job_id}/concepts/{concept_id}/{kind}", response_class=Response)
async def read_picture(job_id: str, concept_id: str, kind: PictureKind, studio: Studio) -> Response:
    """One picture of a concept."""
    job = await studio.jobs.load(job_id)
    concept = next((concept for concept in job.concepts if concept.id == concept_id), None)
    if concept is None or kind not in concept.pictures:
        raise not_found("such picture")
    return await _picture(studio, concept.pictures[kind])


async def _picture(studio: Gateway, stored: StoredPicture) -> Response:
    data = await studio.objects.get(stored.key)
    headers = {"ETag": f'"{stored.sha256}"', "Cache-Control": "private, max-age=3600"}
    return Response(data, media_type=stored.media_type, headers=headers)


@router.get("/v1/palette")
async def read_palette(response: Response) -> list[dict[str, str]]:
    """The colours that can be bought, in display order."""
    response.headers.update(NO_STORE)
    return [colour._asdict() for colour in PALETTE]


@router.post("/v1/webhooks/replicate/{job_id}/{slot}/{attempt}", status_code=status.HTTP_204_NO_CONTENT)
async def take_webhook(
    job_id: str, slot: int, attempt: int, request: Request, studio: Studio, token: str | None = None
) -> None:
    """The provider reports on a prediction. Recorded, not interpreted; any error makes the provider send it again."""
    body = await _limited_body(request)
    try:
        check(studio.settings, (job_id, slot, attempt), token, dict(request.headers), body)
    except Forged as error:
        log.warning("webhook refused", job_id=job_id, slot=slot, reason=str(error))
        raise ProblemError(401, "unauthorised", "Not accepted", "The webhook's token or signature is wrong.") from error
    applied = await studio.jobs.record(job_id, ProviderCalledBack(slot, attempt, trim(_parsed(body))))
    log.info("webhook taken" if applied.changed else "webhook changes nothing", job_id=job_id, slot=slot)


async def _limited_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise ProblemError(413, "too-large", "Too large", f"A webhook has at most {MAX_BODY} bytes.")
    return bytes(body)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError as error:
        raise ProblemError(400, "not-json", "Not JSON", "The webhook's body is not JSON.") from error
    if not isinstance(parsed, dict):
        raise ProblemError(400, "not-json", "Not a prediction", "The webhook's body is not a JSON object.")
    return parsed
