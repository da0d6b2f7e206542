"""The pictures of a job, one by one or all in a zip file."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from studio_contracts.file_formats import SUFFIXES, VectorKind
from studio_contracts.pictures import PictureKind, StoredPicture
from studio_gateway.access.authentication import JobsToRead
from studio_gateway.access.closed_route import ClosedRoute
from studio_gateway.api.bundle import Bundle
from studio_gateway.api.documents import outside, too_many_documents
from studio_gateway.api.file_names import slug
from studio_gateway.api.parameters import ConceptId, JobId
from studio_gateway.api.presenters import content_version
from studio_gateway.dependencies import Dependencies, DependenciesDep
from studio_gateway.http import openapi_headers as described
from studio_gateway.http.concurrency_limit import hold
from studio_gateway.http.conditional_requests import content_range, is_known, requested_range
from studio_gateway.http.head import is_head, without_body
from studio_gateway.http.problems import not_found, problems
from studio_gateway.http.query import KNOWN_PARAMETERS_ONLY
from studio_gateway.web.languages import VARY, language_of

FileKind = Literal[PictureKind, VectorKind]
IMMUTABLE = "private, max-age=31536000, immutable"
REVALIDATE = "private, no-cache"
_FILE = {"schema": {"type": "string", "format": "binary"}}
_HEADERS = described.ETAG | described.ACCEPT_RANGES | described.CACHE_CONTROL | described.DISPOSITION


def _responses(content: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {
        200: {"description": "The file", "content": content, "headers": _HEADERS},
        206: {"description": "The bytes asked for", "content": content, "headers": _HEADERS | described.CONTENT_RANGE},
        304: {"description": "The client has it already", "headers": described.ETAG},
        **problems(401, 403, 404, 416, 422, 429, 503),
    }


_RESPONSES = _responses(dict.fromkeys(SUFFIXES, _FILE))
_BUNDLE_RESPONSES = _responses({"application/zip": _FILE})
router = APIRouter(tags=["pictures"], dependencies=[KNOWN_PARAMETERS_ONLY], route_class=ClosedRoute)


class FileRequest:
    """How a client wants a picture: the parameters that all picture routes take."""

    def __init__(
        self,
        v: Annotated[str | None, Query(description="The content's version: lets the response be cached")] = None,
        download: Annotated[str | None, Query(description="Offer it as a file to be saved")] = None,
    ) -> None:
        self.version = v
        self.download = download is not None


class Conditions:
    """What a client has already, and which bytes it wants."""

    def __init__(
        self,
        if_none_match: Annotated[str | None, Header(description="Answer 304 if the ETag is still this one")] = None,
        if_range: Annotated[str | None, Header(description="Send all if the ETag is no longer this one")] = None,
        range_: Annotated[str | None, Header(alias="range", description="One range of bytes")] = None,
    ) -> None:
        self.if_none_match = if_none_match
        self.if_range = if_range
        self.range = range_


FileRequestDep = Annotated[FileRequest, Depends()]
ConditionsDep = Annotated[Conditions, Depends()]


@router.get("/v1/jobs/{job_id}/directions/{number}/stencil", response_class=Response, responses=_RESPONSES)
async def get_stencil(
    job_id: JobId,
    number: Annotated[int, Path(ge=0, examples=[0])],
    jobs: JobsToRead,
    deps: DependenciesDep,
    file_request: FileRequestDep,
    conditions: ConditionsDep,
) -> Response:
    """The flat picture from which the concepts of a direction start."""
    job = await jobs.load(job_id)
    if job.plan is None or number >= len(job.plan.directions):
        raise not_found("such stencil")
    stencil = job.plan.directions[number].stencil
    return await _picture(deps, stencil, file_request, conditions, f"{slug(job)}-stencil-{number}")


@router.get("/v1/jobs/{job_id}/concepts/{concept_id}/{kind}", response_class=Response, responses=_RESPONSES)
async def get_picture(
    job_id: JobId,
    concept_id: ConceptId,
    kind: Annotated[FileKind, Path(examples=["installable"])],
    jobs: JobsToRead,
    deps: DependenciesDep,
    file_request: FileRequestDep,
    conditions: ConditionsDep,
) -> Response:
    """One picture of a concept, or the drawing of its installable version as SVG or DXF."""
    job = await jobs.load(job_id)
    concept = next((concept for concept in job.concepts if concept.id == concept_id), None)
    if concept is None or kind not in concept.files:
        raise not_found("such picture")
    name = f"{slug(job)}-{concept.rank or concept.id}-{kind}"
    return await _picture(deps, concept.files[kind], file_request, conditions, name)


@router.get("/v1/jobs/{job_id}/bundle.zip", response_class=StreamingResponse, responses=_BUNDLE_RESPONSES)
async def get_bundle(
    job_id: JobId, jobs: JobsToRead, deps: DependenciesDep, conditions: ConditionsDep, request: Request
) -> Response:
    """The job and all its files so far, in a zip file. It can be resumed: the same job gives the same bytes."""
    job = await jobs.load(job_id, "downloads")
    address = outside(request, deps.settings.public_base_url)
    bundle = Bundle(
        job, deps.objects, deps.sheets,
        root=deps.settings.root, address=address, link=jobs.link_to(job), language=language_of(request),
    )  # fmt: skip
    etag = bundle.etag
    headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": REVALIDATE, "Vary": VARY}
    if is_known(etag, conditions.if_none_match):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{slug(job)}.zip"'
    if is_head(request):
        return without_body("application/zip", headers)
    hold(request, deps.documents, jobs.caller.client, too_many_documents)
    size = await bundle.prepare()
    part = requested_range(conditions.range, conditions.if_range, etag, size)
    if part is None:
        headers["Content-Length"] = str(size)
        return StreamingResponse(bundle.chunks(), media_type="application/zip", headers=headers)
    headers["Content-Length"] = str(part.stop - part.start)
    headers["Content-Range"] = content_range(part, size)
    return StreamingResponse(_within(bundle.chunks(), part), 206, media_type="application/zip", headers=headers)


async def _within(chunks: AsyncIterator[bytes], part: slice) -> AsyncIterator[bytes]:
    """The bytes of a part. The zip's directory holds checksums, so what comes before the part is made and dropped."""
    position = 0
    async for chunk in chunks:
        yield chunk[max(part.start - position, 0) : max(part.stop - position, 0)]
        position += len(chunk)
        if position >= part.stop:
            return


async def _picture(
    deps: Dependencies, stored: StoredPicture, file_request: FileRequest, conditions: Conditions, name: str
) -> Response:
    etag = f'"{stored.sha256}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": IMMUTABLE if file_request.version == content_version(stored) else REVALIDATE,
    }
    if is_known(etag, conditions.if_none_match):
        return Response(status_code=304, headers=headers)
    if file_request.download:
        headers["Content-Disposition"] = f'attachment; filename="{name}.{SUFFIXES[stored.media_type]}"'
    data = await deps.objects.get(stored.key)
    part = requested_range(conditions.range, conditions.if_range, etag, len(data))
    if part is None:
        return Response(data, media_type=stored.media_type, headers=headers)
    headers["Content-Range"] = content_range(part, len(data))
    return Response(data[part], 206, media_type=stored.media_type, headers=headers)
