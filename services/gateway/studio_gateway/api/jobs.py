"""Reading and cancelling jobs."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response

from studio_gateway.access.authentication import JobsToCancel, JobsToRead, caller_of
from studio_gateway.access.closed_route import ClosedRoute
from studio_gateway.api.parameters import JobId
from studio_gateway.api.presenters import job_view
from studio_gateway.api.views import JobView
from studio_gateway.dependencies import DependenciesDep, dependencies_of
from studio_gateway.http import openapi_headers as described
from studio_gateway.http.conditional_requests import is_known
from studio_gateway.http.problems import problems
from studio_gateway.http.query import KNOWN_PARAMETERS_ONLY

router = APIRouter(tags=["jobs"], dependencies=[KNOWN_PARAMETERS_ONLY], route_class=ClosedRoute)
IF_NONE_MATCH = {
    "name": "if-none-match",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "title": "If-None-Match"},
    "description": "Answer 304 if the ETag is still this one",
}


async def get_job(job_id: JobId, jobs: JobsToRead, deps: DependenciesDep, response: Response) -> JobView:
    """How a job stands, and its concepts once there are some."""
    job = await jobs.load(job_id)
    response.headers["ETag"] = _etag(job.version)
    if not job.is_final:
        response.headers["Retry-After"] = "1"
    return job_view(job, deps.settings.root, jobs.link_to(job))


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
