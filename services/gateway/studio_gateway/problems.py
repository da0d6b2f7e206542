"""Errors as RFC 9457 problem details, with stable types."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from studio_chassis.errors import JobNotFound, ObjectNotFound, Unavailable

TYPES = "urn:tpv-studio:problem:"


class FieldProblem(BaseModel):
    """One field of the request and what is wrong with it."""

    field: str
    detail: str
    allowed: list[str] | None = None


class Problem(BaseModel):
    """The body of every error."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] | None = None


class ProblemError(Exception):
    """An error the client is told as it is."""

    def __init__(self, status: int, kind: str, title: str, detail: str) -> None:
        super().__init__(detail)
        self.problem = Problem(type=TYPES + kind, title=title, status=status, detail=detail)


def not_found(what: str) -> ProblemError:
    """A 404 for something named in the path."""
    return ProblemError(404, "not-found", "Not found", f"There is no {what}.")


def install(app: FastAPI) -> None:
    """Every error of the application leaves it as problem+json."""
    app.add_exception_handler(ProblemError, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(JobNotFound, _missing("job of this id"))
    app.add_exception_handler(ObjectNotFound, _missing("such picture (any more)"))
    app.add_exception_handler(Unavailable, _unavailable)


def _answer(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        problem.status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type="application/problem+json",
    )


async def _told(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)
    return _answer(error.problem)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = [_field(problem) for problem in error.errors()]
    detail = "; ".join(f"{field.field}: {field.detail}" for field in fields)
    title = "The request does not fit"
    return _answer(Problem(type=TYPES + "invalid", title=title, status=422, detail=detail, errors=fields))


def _field(problem: dict[str, Any]) -> FieldProblem:
    path: Sequence[str | int] = [part for part in problem["loc"] if part != "body"]
    context = problem.get("ctx", {})
    allowed = context.get("valid") or context.get("expected")
    values = [value.strip(" '") for value in str(allowed).replace(" or ", ", ").split(",")] if allowed else None
    return FieldProblem(field=".".join(map(str, path)) or "body", detail=problem["msg"], allowed=values)


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    title = HTTPStatus(error.status_code).phrase
    kind = title.lower().replace(" ", "-")
    problem = Problem(type=TYPES + kind, title=title, status=error.status_code, detail=str(error.detail))
    return _answer(problem, dict(error.headers or {}))


def _missing(what: str) -> Any:
    async def handler(_: Request, __: Exception) -> JSONResponse:
        return _answer(not_found(what).problem)

    return handler


async def _unavailable(_: Request, __: Exception) -> JSONResponse:
    problem = Problem(
        type=TYPES + "unavailable",
        title="Not available just now",
        status=503,
        detail="The studio's store does not answer. Nothing was changed; please try again in a few seconds.",
    )
    return _answer(problem, {"Retry-After": "5"})
