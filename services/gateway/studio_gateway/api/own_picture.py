"""POST /v1/jobs/from-picture: a job that begins with a picture the client brings, not with a drawing of a brief."""

import hashlib
import json
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response, status
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError

from studio_chassis.outbound.callback_url import Reach
from studio_contracts.brief import MAX_PICTURES, MAX_PROMPT, MAX_SEED, Brief, JobKind, PictureFit, Style
from studio_contracts.callbacks import (
    MAX_METADATA_PAIRS,
    MAX_URL_CHARS,
    STAGE_CALLBACKS,
    Callback,
    Metadata,
    StageCallback,
)
from studio_contracts.details import Name, Project
from studio_contracts.own_picture import UNNAMED, OwnPictureError, check_svg, kind_of
from studio_gateway.access.authentication import JobsToCreate
from studio_gateway.access.caller import Caller
from studio_gateway.access.closed_route import ClosedRoute
from studio_gateway.api.idempotency import fingerprint_of
from studio_gateway.api.job_creation import IdempotencyKey, accept_brief, accepted_once
from studio_gateway.api.job_list import Pair
from studio_gateway.api.job_request import callback_of
from studio_gateway.api.views import JobView
from studio_gateway.dependencies import DependenciesDep
from studio_gateway.http import openapi_headers as described
from studio_gateway.http.body_limit import OWN_PICTURE_PATH
from studio_gateway.http.concurrency_limit import hold
from studio_gateway.http.problems import ProblemError, problems
from studio_gateway.http.query import KNOWN_PARAMETERS_ONLY

router = APIRouter(tags=["jobs"], dependencies=[KNOWN_PARAMETERS_ONLY], route_class=ClosedRoute)
MAX_OUTLINE_CHARS = 12_000
_METADATA: TypeAdapter[dict[str, str]] = TypeAdapter(Metadata)
_PICTURES = {
    media_type: {"schema": {"type": "string", "format": "binary"}}
    for media_type in ("image/png", "image/jpeg", "image/webp", "image/svg+xml", "application/octet-stream")
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file. What it is is found by its content, whatever the Content-Type says.",
        "content": _PICTURES,
    }
}


class PictureBrief:
    """What a client wants of its picture: the parameters that a brief has besides."""

    def __init__(
        self,
        prompt: Annotated[
            str | None, Query(max_length=MAX_PROMPT, description="What it shows; needed where it is painted over")
        ] = None,
        width_m: Annotated[float | None, Query(description="Width of the surface in metres: 10 if left out")] = None,
        height_m: Annotated[float | None, Query(description="Height of the surface in metres: 3 if left out")] = None,
        outline: Annotated[
            str | None,
            Query(
                max_length=MAX_OUTLINE_CHARS,
                description="JSON of an outline, as in a brief; its sides are then its own",
            ),
        ] = None,
        kind: Annotated[
            JobKind,
            Query(description="`draft` lays the picture itself, at no cost; `painted` has a model paint over it"),
        ] = "draft",
        fit: Annotated[PictureFit, Query(description="Cut off what hangs over, or show ground beside it")] = "crop",
        palette: Annotated[list[str] | None, Query(description="A colour's code, up to six times")] = None,
        style: Annotated[Style, Query(description="Of what is painted")] = "professional",
        count: Annotated[int, Query(ge=1, le=MAX_PICTURES, description="How many pictures are painted")] = 6,
        seed: Annotated[int | None, Query(ge=0, le=MAX_SEED, description="The same seed paints alike")] = None,
        name: Annotated[Name, Query(description="What you call the job")] = "",
        project: Annotated[Project, Query(description="The project that the job belongs to")] = "",
        callback_url: Annotated[
            str | None, Query(max_length=MAX_URL_CHARS, description="Call this https address when the job ends")
        ] = None,
        callback_events: Annotated[
            list[StageCallback] | None,
            Query(max_length=len(STAGE_CALLBACKS), description="Call it when the job reaches these stages, too"),
        ] = None,
        metadata: Annotated[
            list[Pair] | None,
            Query(max_length=MAX_METADATA_PAIRS, description="Your own words, as `key:value`; may be repeated"),
        ] = None,
    ) -> None:
        self._callback = callback_url, tuple(callback_events or ())
        self._pairs = [pair.partition(":")[::2] for pair in metadata or ()]
        self.name = name
        self.project = project
        self._needs_prompt = kind == "painted" and prompt is None
        self._fit = fit
        self._fields: dict[str, Any] = {
            "prompt": UNNAMED if prompt is None else prompt,
            "surface": _surface(width_m, height_m, outline),
            **({"palette": palette} if palette else {}),
            "kind": kind,
            "style": style,
            "count": count,
            "seed": seed,
        }

    def callback(self, reach: Reach, caller: Caller) -> Callback | None:
        """Where the client is to be called. Raises RequestValidationError."""
        return callback_of(*self._callback, reach, caller)

    def metadata(self) -> dict[str, str]:
        """The client's own words about the job. Raises RequestValidationError."""
        found = dict(self._pairs)
        if len(found) < len(self._pairs):
            raise _invalid("query", "metadata", "Each key may be given once.")
        try:
            return _METADATA.validate_python(found)
        except ValidationError as error:
            problems = [{**one, "loc": ("query", "metadata", *one["loc"])} for one in error.errors(include_url=False)]
            raise RequestValidationError(problems) from error

    def brief(self, picture: bytes) -> Brief:
        """The brief for this picture. Raises RequestValidationError, naming the parameter."""
        if self._needs_prompt:
            raise _invalid("query", "prompt", "Say in a few words what the picture shows: the model paints over it.")
        own = {"sha256": hashlib.sha256(picture).hexdigest(), "fit": self._fit}
        try:
            return Brief.model_validate({**self._fields, "picture": own})
        except ValidationError as error:
            found = [
                {**problem, "loc": ("query", *_parameter(problem["loc"]))}
                for problem in error.errors(include_url=False)
            ]
            raise RequestValidationError(found) from error


def _surface(width_m: float | None, height_m: float | None, outline: str | None) -> dict[str, Any]:
    """The surface of a brief; what it may be is decided there. Raises RequestValidationError for no JSON."""
    sides = {"width_m": width_m, "height_m": height_m}
    given: dict[str, Any] = {name: side for name, side in sides.items() if side is not None}
    if outline is not None:
        try:
            given["outline"] = json.loads(outline)
        except (ValueError, RecursionError) as error:
            raise _invalid("query", "outline", "This is no JSON of an outline.") from error
    return given


def _parameter(place: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The parameter that a place in a brief was made of; both sides together are still the surface."""
    return place[1:] if place[0] == "surface" and len(place) > 1 else place


@router.post(
    OWN_PICTURE_PATH,
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobView,
    responses={
        202: {"description": "Accepted", "headers": described.LOCATION | described.RETRY_AFTER | described.REPLAYED},
        **problems(400, 401, 402, 403, 408, 409, 413, 422, 429, 503),
    },
    openapi_extra=_BODY,
)
async def create_job_from_picture(
    wanted: Annotated[PictureBrief, Depends()],
    jobs: JobsToCreate,
    deps: DependenciesDep,
    request: Request,
    response: Response,
    idempotency_key: IdempotencyKey = None,
    traceparent: Annotated[str | None, Header(description="W3C trace context to continue")] = None,
) -> JobView:
    """Begin with a picture of your own: PNG, JPEG, WebP or SVG of up to 8 MiB, a photographed drawing too.

    It takes the same way as a model's picture (colours, cleaning, drawings, materials), immediately and at no cost, or
    it is the stencil that the model paints over. What it shows is scaled evenly; `plan.directions[0].reason` tells what
    was cut off. What is transparent becomes the first colour of the palette, or cream.
    """
    hold(request, deps.uploads, jobs.caller.client, _too_many_uploads)
    picture = await request.body()
    _check(picture)
    brief, metadata = wanted.brief(picture), wanted.metadata()
    callback = wanted.callback(deps.settings.callbacks, jobs.caller)
    accept = partial(
        accept_brief, deps, jobs, brief, traceparent=traceparent, callback=callback,
        metadata=metadata, name=wanted.name, project=wanted.project, picture=picture,
    )  # fmt: skip
    fingerprint = fingerprint_of(brief, callback, metadata, wanted.name, wanted.project)
    return await accepted_once(deps, jobs, accept, idempotency_key, fingerprint, response)


def _check(picture: bytes) -> None:
    """What is known of the bytes without decoding them. Raises RequestValidationError."""
    try:
        if kind_of(picture) == "SVG":
            check_svg(picture)
    except OwnPictureError as error:
        raise _invalid("body", "picture", f"The picture cannot be used: {error}.") from error


def _invalid(where: str, field: str, text: str) -> RequestValidationError:
    return RequestValidationError([{"type": "own_picture", "loc": (where, field), "msg": text, "input": None}])


def _too_many_uploads() -> ProblemError:
    detail = "Too many pictures are being received. Send them one after another."
    return ProblemError(429, "too-many-uploads", "Too many pictures at once", detail, retry_after=2)
