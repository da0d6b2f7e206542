"""Errors as RFC 9457 problem details, with stable types."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from studio_chassis.errors import JobConflict, JobNotFound, ObjectNotFound, Unavailable, UnreadableJob
from studio_gateway.http.field_constraints import allowed_values
from studio_gateway.http.field_texts import field_text

TYPES = "urn:tpv-studio:problem:"
MEDIA_TYPE = "application/problem+json"
MAX_LISTED = 50
Allowed = Callable[[Sequence[str | int]], list[str] | None]
_KINDS = {400: "bad-request", 404: "not-found", 405: "method-not-allowed", 408: "too-slow", 413: "too-large"}
_DETAILS = {404: "There is nothing at this address.", 405: "This address does not take that method."}


class FieldProblem(BaseModel):
    """One field of the request, what is wrong with it, and what it may hold."""

    field: str
    detail: str
    allowed: list[str] | None = None


class BudgetState(BaseModel):
    """The budget that refuses a job: its limit, what is left of it in US cents, and when it is full again."""

    name: str
    limit_cents: int
    left_cents: int
    resets_at: datetime | None = None


class Problem(BaseModel):
    """The body of every error."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] | None = None
    budget: BudgetState | None = None


class ProblemError(Exception):
    """An error that is sent to the client as it is."""

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        *,
        field: str | None = None,
        retry_after: int = 0,
        headers: Mapping[str, str] | None = None,
        budget: BudgetState | None = None,
    ) -> None:
        super().__init__(detail)
        errors = None if field is None else [FieldProblem(field=field, detail=detail)]
        self.problem = Problem(
            type=TYPES + kind, title=title, status=status, detail=detail, errors=errors, budget=budget
        )
        self.headers = ({"Retry-After": str(retry_after)} if retry_after else {}) | dict(headers or {})


def not_found(what: str) -> ProblemError:
    """A 404 for something named in the path."""
    return ProblemError(404, "not-found", "Not found", f"There is no {what}.")


def unavailable() -> ProblemError:
    """A 503 for a store that does not answer."""
    detail = "The studio's store does not answer. Nothing was changed; please try again in a few seconds."
    return ProblemError(503, "unavailable", "Not available just now", detail, retry_after=5)


def unreadable() -> ProblemError:
    """A 503 for a document that another release wrote: a retry may reach a release that reads it."""
    detail = "This release of the studio cannot read the job. Nothing was changed; its operators see it in the log."
    return ProblemError(503, "unreadable-job", "The job cannot be read", detail, retry_after=60)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These errors, as a route documents them."""
    return {status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in statuses}


def install(app: FastAPI) -> None:
    """Every error of the application leaves it as problem+json."""
    app.exception_handler(ProblemError)(_respond)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(ClientDisconnect)(_always(_CUT_OFF))
    app.exception_handler(JobNotFound)(_always(not_found("job of this id")))
    app.exception_handler(ObjectNotFound)(_always(not_found("such picture (any more)")))
    app.exception_handler(Unavailable)(_always(unavailable()))
    app.exception_handler(UnreadableJob)(_always(unreadable()))
    app.exception_handler(JobConflict)(_always(unavailable()))
    app.exception_handler(Exception)(_unexpected)


def _answer(problem: Problem, headers: dict[str, str]) -> JSONResponse:
    body = problem.model_dump(mode="json", exclude_none=True)
    return JSONResponse(body, problem.status, {"Cache-Control": "no-store", **headers}, media_type=MEDIA_TYPE)


def problem_response(error: ProblemError) -> JSONResponse:
    """The response, for code outside of the routes."""
    return _answer(error.problem, error.headers)


async def _respond(_: Request, error: ProblemError) -> JSONResponse:
    return _answer(error.problem, error.headers)


_CUT_OFF = ProblemError(400, "cut-off", "Cut off", "The connection closed before the body was complete.")


def _always(problem: ProblemError) -> Any:
    async def handler(request: Request, _: Exception) -> JSONResponse:
        return await _respond(request, problem)

    return handler


async def _unexpected(request: Request, _: Exception) -> JSONResponse:
    detail = "Something went wrong in the studio. It was logged; trying again later may help."
    return await _respond(request, ProblemError(500, "unexpected", "Unexpected error", detail))


async def _http(request: Request, error: HTTPException) -> JSONResponse:
    status = error.status_code
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed_methods(request))
    kind = _KINDS.get(status, "http")
    problem = Problem(
        type=TYPES + kind,
        title=kind.replace("-", " ").capitalize(),
        status=status,
        detail=_DETAILS.get(status, str(error.detail)),
    )
    return _answer(problem, headers)


def _allowed_methods(request: Request) -> list[str]:
    """The methods of all routes at this address, not only of the first."""
    methods = {
        method
        for route in request.app.routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in getattr(route, "methods", None) or {"GET"}
    }
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    if is_not_json(error):
        problem = Problem(type=TYPES + "not-json", title="Not JSON", status=415, detail=content_type_needed(request))
        return _answer(problem, {"Accept-Post": "application/json"})
    api = request.app.openapi()
    operation = api["paths"].get(request.scope["route"].path_format, {}).get(request.method.lower(), {})

    fields = field_problems(error.errors()[:MAX_LISTED], partial(allowed_values, api, operation))
    detail = "; ".join(f"{field.field}: {field.detail}" for field in fields)
    problem = Problem(type=TYPES + "invalid", title="The request does not fit", status=422, detail=detail)
    return _answer(problem.model_copy(update={"errors": fields}), {})


def is_not_json(error: RequestValidationError) -> bool:
    """Whether the body was not read as JSON because its Content-Type declares another type."""
    return any(found["loc"] == ("body",) and isinstance(found.get("input"), bytes) for found in error.errors())


def content_type_needed(request: Request) -> str:
    """What to send instead. `curl -d` sends a form's Content-Type by default."""
    given = request.headers.get("Content-Type")
    return (
        f"The Content-Type is {given[:100] if given else 'missing'}: send the body as JSON, with the header "
        "Content-Type: application/json (curl: -H 'Content-Type: application/json', or --json instead of -d)."
    )


def field_problems(errors: Iterable[Any], allowed: Allowed = lambda _: None) -> list[FieldProblem]:
    """Pydantic's errors in the client's terms; `allowed` gives what a location may hold, where that is known."""
    return [_field(error, allowed) for error in errors]


def _field(error: dict[str, Any], allowed: Allowed) -> FieldProblem:
    where = tuple(error["loc"])
    if error["type"] == "json_invalid":
        position = f"{error['ctx']['error']} at character {where[-1]}"
        return FieldProblem(field="body", detail=f"The body is not JSON: {position}.")
    valid = error.get("ctx", {}).get("valid")
    name = ".".join(map(str, where[1:])) or str(where[0])
    return FieldProblem(
        field=name[:100],
        detail=field_text(error)[:500],
        allowed=valid.split(", ") if valid else None if _is_about_several_fields(error) else allowed(where),
    )


def _is_about_several_fields(error: dict[str, Any]) -> bool:
    """A rule of a whole object: its text says what is wrong, and a list of all fields would not help."""
    return isinstance(error.get("input"), Mapping) and error["type"] not in ("missing", "extra_forbidden")
