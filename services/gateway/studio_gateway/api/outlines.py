"""POST /v1/outlines: the outline that a drawing of the yard shows, for the surface of a brief."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field

from studio_chassis.runtime.process_pool import WorkLost
from studio_contracts.brief import Surface
from studio_contracts.outline import Outline
from studio_gateway.access.authentication import JobsToCreate
from studio_gateway.access.closed_route import ClosedRoute
from studio_gateway.dependencies import DependenciesDep
from studio_gateway.http.body_limit import OUTLINE_PATH
from studio_gateway.http.concurrency_limit import hold
from studio_gateway.http.problems import ProblemError, problems
from studio_gateway.http.query import KNOWN_PARAMETERS_ONLY
from studio_gateway.outline_files.found import MAX_LAYER_CHARS, OutlineFileError, Unit
from studio_gateway.outline_files.read_file import read_file

router = APIRouter(tags=["jobs"], dependencies=[KNOWN_PARAMETERS_ONLY], route_class=ClosedRoute)
_FILES = {
    media_type: {"schema": {"type": "string", "format": "binary"}}
    for media_type in ("image/vnd.dxf", "image/svg+xml", "application/octet-stream")
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file. What it is is found by its content, whatever the Content-Type says.",
        "content": _FILES,
    }
}


class OutlineView(BaseModel):
    """An outline read from a drawing. Nothing is stored: send `surface` with a brief."""

    surface: Surface = Field(description="What a brief takes: the outline, and the sides that follow from it.")
    area_m2: float = Field(description="What is laid: inside the border, outside the holes.")
    unit: Unit | None = Field(description="The unit of the file's numbers; null where an SVG says its size itself.")
    layer: str | None = Field(description="The layer of the DXF that was read; null for all.")
    left_out: int = Field(description="Closed lines that are neither the border nor a hole in it.")
    open_lines: int = Field(description="Lines that do not close, not even together.")


@router.post(
    OUTLINE_PATH,
    response_model=OutlineView,
    responses=problems(400, 401, 403, 408, 413, 422, 429, 503),
    openapi_extra=_BODY,
)
async def read_outline(
    jobs: JobsToCreate,
    deps: DependenciesDep,
    request: Request,
    unit: Annotated[Unit | None, Query(description="Of the file's numbers, where the file does not say it")] = None,
    layer: Annotated[
        str | None, Query(max_length=MAX_LAYER_CHARS, description="Read this layer of a DXF; else `OUTLINE`, or all")
    ] = None,
) -> OutlineView:
    """Read the outline of a surface from a DXF or SVG of up to 2 MiB.

    The largest closed line is the border, closed lines inside it are holes. Lines and arcs whose ends meet to the
    millimetre are joined; arcs, splines and curves become sides within 5 mm of them.
    """
    hold(request, deps.uploads, jobs.caller.client, _too_many_uploads)
    data = await request.body()
    try:
        found = await deps.readers.run(read_file, data, unit, layer)
    except OutlineFileError as error:
        raise _invalid(str(error)) from error
    except (WorkLost, MemoryError, RecursionError) as error:
        raise _invalid("The file takes too much to read: leave everything out but the outline.") from error
    surface = Surface.model_validate({"outline": Outline.model_validate_json(found.outline)})
    return OutlineView(
        surface=surface,
        area_m2=round(surface.area_m2, 3),
        unit=found.unit,
        layer=found.layer,
        left_out=found.left_out,
        open_lines=found.open_lines,
    )


def _invalid(text: str) -> RequestValidationError:
    return RequestValidationError([{"type": "outline_file", "loc": ("body", "file"), "msg": text, "input": None}])


def _too_many_uploads() -> ProblemError:
    detail = "Too many files are being received. Send them one after another."
    return ProblemError(429, "too-many-uploads", "Too many files at once", detail, retry_after=2)
