"""The routes of the panel that was there before this API.

The panel calls them by their literal paths on its own origin, and its content security policy loads pictures from that
origin only. So a proxy in front of the panel passes these routes and the pictures' on to the gateway:
docs/behind-a-proxy.md has the recipe.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.exceptions import HTTPException

from studio_chassis.errors import JobConflict, JobNotFound, Unavailable
from studio_gateway.access.authentication import JobsToCreate, JobsToRead
from studio_gateway.access.closed_route import ClosedRoute
from studio_gateway.api.job_creation import accept_brief
from studio_gateway.api.webhook_verification import VerificationError, check_signature, check_token
from studio_gateway.api.webhooks import QueryToken, parsed, record, refused
from studio_gateway.dependencies import DependenciesDep
from studio_gateway.http.problems import (
    ProblemError,
    content_type_needed,
    field_problems,
    is_not_json,
    not_found,
    unavailable,
)
from studio_gateway.legacy import views
from studio_gateway.settings import GatewaySettings


class PanelError(BaseModel):
    """The body of every error on these routes."""

    error: str
    message: str


class EnqueueRequest(BaseModel):
    """Which job to start."""

    model_config = ConfigDict(extra="ignore")
    job_id: str


class PanelRoute(ClosedRoute):
    """A route whose errors have the shape the panel reads."""

    def get_route_handler(self) -> Any:
        handle = super().get_route_handler()

        async def handle_in_panel_terms(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                message = content_type_needed(request) if is_not_json(error) else _in_words(error)
                return _error(400, "Invalid request", message)
            except JobNotFound:
                return _error(404, "Job not found", "There is no job of this id.")
            except ProblemError as error:
                return _error(error.problem.status, error.problem.title, error.problem.detail, error.headers)
            except HTTPException as error:
                return _error(error.status_code, "Invalid request", str(error.detail))
            except (Unavailable, JobConflict):
                problem = unavailable().problem
                return _error(problem.status, problem.title, problem.detail)

        return handle_in_panel_terms


def _error(status: int, error: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(PanelError(error=error, message=message).model_dump(), status, headers)


def _in_words(error: RequestValidationError) -> str:
    problems = field_problems({**found, "loc": _inside_body(found["loc"])} for found in error.errors())
    return "; ".join(f"{problem.field}: {problem.detail}" for problem in problems)


def _inside_body(where: tuple[str | int, ...]) -> tuple[str | int, ...]:
    return where if where[:1] in (("body",), ("query",)) else ("body", *where)


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": PanelError} for status in statuses}


router = APIRouter(prefix="/.netlify/functions", route_class=PanelRoute, tags=["panel"])


@router.post(
    "/studio-inspire-create",
    status_code=202,
    responses=_errors(400, 401, 402, 403, 413, 429, 503),
)
async def panel_create(
    panel_request: views.PanelRequest, request: Request, jobs: JobsToCreate, deps: DependenciesDep
) -> dict[str, Any]:
    """Accept a brief."""
    try:
        brief = panel_request.brief()
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error
    return views.creation(await accept_brief(deps, jobs, brief), _base(request, deps.settings))


@router.get("/studio-inspire-status", responses=_errors(400, 401, 403, 404, 429, 503))
async def panel_status(
    request: Request,
    jobs: JobsToRead,
    deps: DependenciesDep,
    job_id: Annotated[str, Query(alias="jobId", min_length=1)],
) -> dict[str, Any]:
    """The status of a job."""
    return views.status(await jobs.load(job_id), _base(request, deps.settings))


@router.post(
    "/studio-enqueue",
    responses=_errors(400, 401, 403, 404, 413, 429, 503),
)
async def panel_enqueue(enqueue_request: EnqueueRequest, jobs: JobsToRead) -> dict[str, Any]:
    """Nothing to do: a job starts when it is accepted."""
    job = await jobs.load(enqueue_request.job_id)
    return {"ok": True, "note": f"The job is {job.status}; it needs no starting."}


@router.post(
    "/replicate-callback",
    status_code=204,
    responses=_errors(400, 401, 404, 408, 413, 503),
)
async def panel_callback(request: Request, deps: DependenciesDep, token: QueryToken = None) -> None:
    """As the webhook route, for an address without a slot: the prediction's id identifies it.

    So the token can be checked only behind the body, and few such bodies are taken at a time.
    """
    address = None
    try:
        if not token:
            raise VerificationError("token", "missing")
        with deps.unverified_bodies.held(_busy):
            body = await request.body()
        check_signature(deps.settings, request.headers, body)
        prediction = parsed(body)
        address = await deps.jobs.awaiting(str(prediction.get("id")))
        if address is None:
            raise not_found("prediction of this id")
        check_token(deps.settings, address, token)
    except VerificationError as error:
        raise refused(address, error) from error
    await record(deps, address, prediction)


def _busy() -> ProblemError:
    detail = "Too many concurrent callbacks. Nothing was changed; please try again in a few seconds."
    return ProblemError(503, "busy", "Too many concurrent requests", detail, retry_after=5)


def _base(request: Request, settings: GatewaySettings) -> str:
    """Where the client reached the gateway, for it fetches pictures there too.

    The scheme behind a proxy is known from PUBLIC_BASE_URL if the client came by that name, else from the proxy.
    """
    outside = settings.public_base_url
    if outside is not None and urlsplit(outside).netloc == request.url.netloc:
        return outside
    return f"{request.url.scheme}://{request.url.netloc}{settings.root}"
