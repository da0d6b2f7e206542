"""Accepting, reading, listing and cancelling jobs."""

import base64
import re
import secrets
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import uuid4

import structlog
from fastapi import APIRouter, Body, Header, Query, Request, Response, status
from fastapi.openapi.models import Example
from fastapi.routing import APIRoute
from opentelemetry.trace import SpanKind
from pydantic import AfterValidator, StringConstraints

from studio_chassis.errors import JobExists
from studio_chassis.observability.tracing import span, traceparent_of
from studio_chassis.persistence.store import Cursor, JobFilter
from studio_contracts.base import UtcDatetime
from studio_contracts.brief import MAX_SEED, Brief, JobKind
from studio_contracts.callbacks import Callback
from studio_contracts.job import Job, Status
from studio_contracts.text import to_line
from studio_gateway.access.authentication import JobsToCancel, JobsToCreate, JobsToRead, caller_of
from studio_gateway.access.owned_jobs import OwnedJobs
from studio_gateway.api.idempotency import as_accepted, fingerprint_of, job_id_for
from studio_gateway.api.job_request import JobRequest, to_brief
from studio_gateway.api.parameters import JobId
from studio_gateway.api.usage import refuse_over_budget
from studio_gateway.api.views import JobList, JobView, job_path, job_summary, job_view
from studio_gateway.dependencies import Dependencies, DependenciesDep, dependencies_of
from studio_gateway.http import openapi_headers as described
from studio_gateway.http.conditional_requests import is_known
from studio_gateway.http.problems import ProblemError, problems
from studio_gateway.http.query import KNOWN_PARAMETERS_ONLY

SERVICE = "gateway"
MAX_LISTED = 100
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

log = structlog.get_logger()
router = APIRouter(tags=["jobs"], dependencies=[KNOWN_PARAMETERS_ONLY])
Words = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(to_line)]
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
IF_NONE_MATCH = {
    "name": "if-none-match",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "title": "If-None-Match"},
    "description": "Answer 304 if the ETag is still this one",
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
    brief = await to_brief(wanted, jobs)
    accept = partial(
        accept_brief, deps, jobs, brief, traceparent=traceparent, callback=callback, metadata=wanted.metadata
    )
    if idempotency_key is None:
        job = await accept()
    else:
        fingerprint = fingerprint_of(brief, callback, wanted.metadata)
        job_id = await job_id_for(jobs, deps.clock, idempotency_key, fingerprint)
        try:
            job = await accept(job_id=job_id)
        except JobExists:
            job = as_accepted(await jobs.load(job_id), SERVICE)
            response.headers["Idempotent-Replayed"] = "true"
    response.headers.update({"Location": job_path(job.id, deps.settings.root), "Retry-After": "1"})
    return job_view(job, deps.settings.root)


async def accept_brief(
    deps: Dependencies,
    jobs: OwnedJobs,
    brief: Brief,
    *,
    traceparent: str | None = None,
    job_id: str | None = None,
    callback: Callback | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Job:
    """Store a new job for the brief. Raises JobExists, Unavailable, and ProblemError when no budget has room for it."""
    try:
        await refuse_over_budget(deps, jobs.caller, brief)
        await jobs.refuse_too_many_open(deps.settings.open_jobs)
    except ProblemError:
        if job_id is not None and await jobs.version_of(job_id) is not None:
            raise JobExists(job_id) from None  # accepted earlier, and paid from what was left then
        raise
    given = traceparent if traceparent and _TRACEPARENT.fullmatch(traceparent) else None
    with span("accept a job", given or "", SpanKind.SERVER) as current:
        job = await jobs.accept(
            brief,
            job_id=job_id or str(uuid4()),
            seed=secrets.randbelow(MAX_SEED + 1),
            traceparent=traceparent_of(current, given),
            limits=deps.limits,
            callback=callback,
            metadata=metadata,
        )
    log.info("accepted", job_id=job.id, count=brief.count, owner=job.owner, key_id=job.key_id)
    return job


@router.get("/v1/jobs", responses=problems(401, 403, 422, 429, 503))
async def list_jobs(
    jobs: JobsToRead,
    deps: DependenciesDep,
    status: Annotated[Status | None, Query(description="Only jobs of this status")] = None,
    kind: Annotated[JobKind | None, Query(description="Only drafts, or only painted jobs")] = None,
    text: Annotated[Words | None, Query(description="Words that the prompt has, in any case and order")] = None,
    since: Annotated[UtcDatetime | None, Query(description="Only jobs created then or later")] = None,
    before: Annotated[UtcDatetime | None, Query(description="Only jobs created before then")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 20,
    cursor: Annotated[str | None, Query(description="`next` of the page before")] = None,
) -> JobList:
    """The jobs of the key's owner, newest first."""
    wanted = JobFilter(status, kind, text or "", since, before)
    found = await jobs.recent(limit + 1, wanted, None if cursor is None else _place(cursor))
    page = found[:limit]
    return JobList(
        jobs=[job_summary(job, deps.settings.root) for job in page],
        next=_cursor(Cursor(page[-1].created_at, page[-1].id)) if len(found) > limit else None,
    )


def _cursor(place: Cursor) -> str:
    return base64.urlsafe_b64encode(f"{place.created_at.isoformat()} {place.job_id}".encode()).decode()


def _place(cursor: str) -> Cursor:
    try:
        created_at, job_id = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ", 1)
        moment = datetime.fromisoformat(created_at)
        moment.astimezone()  # a moment without an offset, or outside of time, is none of ours
        if moment.tzinfo is None:
            raise ValueError(created_at)
    except (ValueError, OverflowError) as error:
        detail = "Not a cursor of this API: use `next` of the page before."
        raise ProblemError(422, "invalid", "The request does not fit", detail, field="cursor") from error
    return Cursor(moment, job_id)


async def get_job(job_id: JobId, jobs: JobsToRead, deps: DependenciesDep, response: Response) -> JobView:
    """How a job stands, and its concepts once there are some."""
    job = await jobs.load(job_id)
    response.headers["ETag"] = _etag(job.version)
    if not job.is_final:
        response.headers["Retry-After"] = "1"
    return job_view(job, deps.settings.root)


class _Polled(APIRoute):
    """Answers "not modified" before the framework takes the request apart, which costs more than the answer.

    It reads one number, where loading the job would read its whole document.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_if_changed(request: Request) -> Response:
            known = request.headers.get("If-None-Match")
            if known is not None:
                jobs = dependencies_of(request).jobs.of(await caller_of(request, "jobs:read"))
                version = await jobs.version_of(request.path_params["job_id"])
                if version is not None and is_known(_etag(version), known):
                    return Response(status_code=304, headers={"ETag": _etag(version)})
            return await handle(request)

        return handle_if_changed


router.add_api_route(
    "/v1/jobs/{job_id}",
    get_job,
    response_model=JobView,
    responses={
        200: {"headers": described.ETAG | described.RETRY_AFTER},
        304: {"description": "Not changed since", "headers": described.ETAG},
        **problems(401, 403, 404, 422, 429, 503),
    },
    openapi_extra={"parameters": [IF_NONE_MATCH]},
    route_class_override=_Polled,
)


def _etag(version: int) -> str:
    return f'"{version}"'


@router.post("/v1/jobs/{job_id}/cancel", response_model=JobView, responses=problems(401, 403, 404, 422, 429, 503))
async def cancel_job(job_id: JobId, jobs: JobsToCancel, deps: DependenciesDep) -> JobView:
    """Cancel a job. A final job stays as it is."""
    job = (await jobs.cancel(job_id)).job
    return job_view(job, deps.settings.root)
