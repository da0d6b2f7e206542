"""Accepts a brief as a job: POST /v1/jobs, and what the earlier system's route shares with it."""

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Annotated
from uuid import uuid4

import structlog
from fastapi import APIRouter, Body, Header, Response, status
from fastapi.openapi.models import Example
from opentelemetry.trace import SpanKind

from studio_chassis.errors import JobExists, JobNotFound, Unavailable
from studio_chassis.observability.tracing import span, traceparent_of
from studio_contracts.brief import MAX_SEED, Brief
from studio_contracts.callbacks import Callback
from studio_contracts.job import Job
from studio_contracts.object_keys import job_prefix, own_picture_key
from studio_gateway.access.authentication import JobsToCreate
from studio_gateway.access.closed_route import ClosedRoute
from studio_gateway.access.owned_jobs import OwnedJobs
from studio_gateway.api.idempotency import as_accepted, claim_job, fingerprint_of
from studio_gateway.api.job_request import JobRequest, to_wanted
from studio_gateway.api.presenters import job_path, job_view
from studio_gateway.api.usage import refuse_over_budget
from studio_gateway.api.views import JobView
from studio_gateway.dependencies import Dependencies, DependenciesDep
from studio_gateway.http import openapi_headers as described
from studio_gateway.http.problems import ProblemError, problems
from studio_gateway.http.query import KNOWN_PARAMETERS_ONLY

SERVICE = "gateway"
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
log = structlog.get_logger()
router = APIRouter(tags=["jobs"], dependencies=[KNOWN_PARAMETERS_ONLY], route_class=ClosedRoute)
IdempotencyKey = Annotated[
    str | None, Header(min_length=1, max_length=255, description="The same key and brief give the same job for a day")
]
REQUESTS: dict[str, Example] = {
    "short": {"summary": "Everything else is chosen", "value": {"prompt": "ocean energy with fish"}},
    "full": {
        "summary": "All fields",
        "value": {
            "prompt": "forest path with big leaves",
            "surface": {"width_m": 10, "height_m": 3},
            "palette": ["RH10", "RH12", "RH31"],
            "style": "playful",
            "count": 3,
            "seed": 7,
            "strategy": "bands",
        },
    },
    "outline": {
        "summary": "A yard that is no rectangle, with a tree",
        "value": {
            "prompt": "ocean energy with fish",
            "kind": "draft",
            "surface": {
                "outline": {
                    "outer": [[0, 0], [9, 0], [9, 3.5], [4, 3.5], [4, 7], [0, 7]],
                    "holes": [[[1, 5], [1.8, 5], [1.8, 5.8], [1, 5.8]]],
                }
            },
        },
    },
    "draft": {
        "summary": "Drawn immediately, at no cost",
        "value": {"prompt": "ocean energy with fish", "kind": "draft"},
    },
    "callback": {
        "summary": "Be called when it ends",
        "value": {
            "prompt": "ocean energy with fish",
            "callback_url": "https://client.example/studio",
            "metadata": {"order": "2026-114"},
        },
    },
    "from": {
        "summary": "Paint two directions of a draft",
        "value": {"from": {"job": "0f8e4f6e-6f0d-4e0c-9d3f-3c1f3c8f5a77", "directions": [0, 2]}, "count": 4},
    },
}


@router.post(
    "/v1/jobs",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobView,
    responses={
        202: {"description": "Accepted", "headers": described.LOCATION | described.RETRY_AFTER | described.REPLAYED},
        **problems(400, 401, 402, 403, 409, 413, 415, 422, 429, 503),
    },
)
async def create_job(
    wanted: Annotated[JobRequest, Body(openapi_examples=REQUESTS)],
    jobs: JobsToCreate,
    deps: DependenciesDep,
    response: Response,
    idempotency_key: IdempotencyKey = None,
    traceparent: Annotated[str | None, Header(description="W3C trace context to continue")] = None,
) -> JobView:
    """Accept a brief. The job is safe once this answers, also while the broker is down.

    A draft (`kind`) is drawn immediately and costs nothing; `from` paints directions of an earlier job.
    """
    callback = wanted.callback(deps.settings.callbacks, jobs.caller)
    brief, project = await to_wanted(wanted, jobs)
    accept = partial(
        accept_brief, deps, jobs, brief, traceparent=traceparent, callback=callback,
        metadata=wanted.metadata, name=wanted.name, project=project,
    )  # fmt: skip
    fingerprint = fingerprint_of(brief, callback, wanted.metadata, wanted.name, wanted.project)
    return await accepted_once(deps, jobs, accept, idempotency_key, fingerprint, response)


async def accepted_once(
    deps: Dependencies,
    jobs: OwnedJobs,
    accept: Callable[..., Awaitable[Job]],
    idempotency_key: str | None,
    fingerprint: str,
    response: Response,
) -> JobView:
    """The view of a new job, or of the one that was accepted with this key before; and what the headers say of it."""
    if idempotency_key is None:
        job = await accept()
    else:
        claimed = await claim_job(jobs, deps.clock, idempotency_key, fingerprint)
        try:
            if claimed.is_stored:  # a repeated request counts no budget and writes nothing
                raise JobExists(claimed.id)
            job = await accept(job_id=claimed.id)
        except JobExists:
            job = as_accepted(await _accepted_before(jobs, claimed.id), SERVICE)
            response.headers["Idempotent-Replayed"] = "true"
    response.headers.update({"Location": job_path(job.id, deps.settings.root), "Retry-After": "1"})
    return job_view(job, deps.settings.root)


async def _accepted_before(jobs: OwnedJobs, job_id: str) -> Job:
    try:
        return await jobs.load(job_id)
    except JobNotFound as error:
        detail = "The job that this key was used for was deleted. Use a new key for a new job."
        raise ProblemError(409, "deleted", "Deleted", detail) from error


async def accept_brief(
    deps: Dependencies,
    jobs: OwnedJobs,
    brief: Brief,
    *,
    traceparent: str | None = None,
    job_id: str | None = None,
    callback: Callback | None = None,
    metadata: Mapping[str, str] | None = None,
    name: str = "",
    project: str = "",
    picture: bytes | None = None,
) -> Job:
    """Store a new job for the brief, and before it the client's own picture where there is one.

    Raises JobExists, Unavailable, and ProblemError when no budget has room for it.
    """
    try:
        await refuse_over_budget(deps, jobs.caller, brief)
        await jobs.refuse_too_many_open(deps.settings.open_jobs)
    except ProblemError:
        if job_id is not None and await jobs.version_of(job_id) is not None:
            raise JobExists(job_id) from None  # accepted earlier, and paid from what was left then
        raise
    may_come_again = job_id is not None
    job_id = job_id or str(uuid4())
    if picture is not None:
        await deps.objects.put(own_picture_key(job_id), picture)
    try:
        return await _stored(
            partial(
                jobs.accept,
                brief,
                job_id=job_id,
                limits=deps.limits,
                callback=callback,
                metadata=metadata,
                name=name,
                project=project,
            ),
            traceparent,
        )
    except Unavailable:
        if picture is not None and not may_come_again:
            await _remove_orphan(deps, jobs, job_id)
        raise


async def _remove_orphan(deps: Dependencies, jobs: OwnedJobs, job_id: str) -> None:
    """Remove the picture of a job that is not there and that no repeated request can make: its id is known to nobody.

    Where the database does not answer, the picture stays, for the job may be stored.
    """
    with suppress(Unavailable):
        if await jobs.version_of(job_id) is None:
            await deps.objects.delete_under(job_prefix(job_id))


async def _stored(accept: Callable[..., Awaitable[Job]], traceparent: str | None) -> Job:
    given = traceparent if traceparent and _TRACEPARENT.fullmatch(traceparent) else None
    with span("accept a job", given or "", SpanKind.SERVER) as current:
        job = await accept(seed=secrets.randbelow(MAX_SEED + 1), traceparent=traceparent_of(current, given))
    log.info("accepted", job_id=job.id, count=job.brief.count, owner=job.owner, key_id=job.key_id)
    return job
