"""Reading, listing and cancelling jobs."""

import base64
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator, StringConstraints

from studio_chassis.persistence.store import Cursor, JobFilter
from studio_contracts.base import UtcDatetime
from studio_contracts.brief import JobKind
from studio_contracts.job import Status
from studio_contracts.text import to_line
from studio_gateway.access.authentication import JobsToCancel, JobsToRead, caller_of
from studio_gateway.access.closed_route import ClosedRoute
from studio_gateway.api.parameters import JobId
from studio_gateway.api.presenters import job_summary, job_view
from studio_gateway.api.views import JobList, JobView
from studio_gateway.dependencies import DependenciesDep, dependencies_of
from studio_gateway.http import openapi_headers as described
from studio_gateway.http.conditional_requests import is_known
from studio_gateway.http.problems import ProblemError, problems
from studio_gateway.http.query import KNOWN_PARAMETERS_ONLY

MAX_LISTED = 100
router = APIRouter(tags=["jobs"], dependencies=[KNOWN_PARAMETERS_ONLY], route_class=ClosedRoute)
Words = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(to_line)]
IF_NONE_MATCH = {
    "name": "if-none-match",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "title": "If-None-Match"},
    "description": "Answer 304 if the ETag is still this one",
}


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


class _Polled(ClosedRoute):
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
