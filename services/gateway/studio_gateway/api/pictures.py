"""The pictures of a job, one by one or all in a zip file."""

import re
import unicodedata
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import StreamingResponse

from studio_contracts.job import Job, PictureKind, StoredPicture, VectorKind
from studio_contracts.object_keys import SUFFIXES
from studio_gateway.api.bundle import bundle
from studio_gateway.api.views import content_version
from studio_gateway.dependencies import Dependencies, DependenciesDep
from studio_gateway.http.conditional_requests import RangeNotSatisfiable, byte_range, is_known
from studio_gateway.http.problems import ProblemError, not_found, problems

FileKind = Literal[PictureKind, VectorKind]
IMMUTABLE = "private, max-age=31536000, immutable"
REVALIDATE = "private, no-cache"
_BYTES = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in SUFFIXES}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture", "content": _BYTES},
    206: {"description": "The range of bytes asked for", "content": _BYTES},
    304: {"description": "The client has it already"},
    **problems(404, 416, 422, 503),
}
router = APIRouter(tags=["pictures"])


class FileRequest:
    """How a client wants a picture: the headers and parameters that all picture routes take."""

    def __init__(
        self,
        v: Annotated[str | None, Query(description="The content's version: lets the answer be cached for ever")] = None,
        download: Annotated[str | None, Query(description="Offer it as a file to be saved")] = None,
        if_none_match: Annotated[str | None, Header()] = None,
        if_range: Annotated[str | None, Header()] = None,
        range_: Annotated[str | None, Header(alias="range")] = None,
    ) -> None:
        self.version = v
        self.download = download is not None
        self.if_none_match = if_none_match
        self.if_range = if_range
        self.range = range_


FileRequestDep = Annotated[FileRequest, Depends()]


@router.get("/v1/jobs/{job_id}/stencil", response_class=Response, responses=_ANSWERS)
async def read_stencil(job_id: str, deps: DependenciesDep, file_request: FileRequestDep) -> Response:
    """The flat picture the concepts start from."""
    job = await deps.jobs.load(job_id)
    if job.stencil is None:
        raise not_found("stencil yet")
    return await _picture(deps, job.stencil, file_request, f"{_slug(job)}-stencil")


@router.get("/v1/jobs/{job_id}/concepts/{concept_id}/{kind}", response_class=Response, responses=_ANSWERS)
async def read_picture(
    job_id: str, concept_id: str, kind: FileKind, deps: DependenciesDep, file_request: FileRequestDep
) -> Response:
    """One picture of a concept, or the drawing of its installable version as SVG or DXF."""
    job = await deps.jobs.load(job_id)
    concept = next((concept for concept in job.concepts if concept.id == concept_id), None)
    if concept is None or kind not in concept.files:
        raise not_found("such picture")
    return await _picture(deps, concept.files[kind], file_request, f"{_slug(job)}-{concept.rank or concept.id}-{kind}")


@router.get(
    "/v1/jobs/{job_id}/bundle.zip",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}},
        **problems(404, 503),
    },
)
async def read_bundle(job_id: str, deps: DependenciesDep) -> Response:
    """The job and all its files so far, in a zip file."""
    job = await deps.jobs.load(job_id)
    headers = {"Content-Disposition": f'attachment; filename="{_slug(job)}.zip"'}
    return StreamingResponse(bundle(job, deps.objects), media_type="application/zip", headers=headers)


async def _picture(deps: Dependencies, stored: StoredPicture, file_request: FileRequest, name: str) -> Response:
    etag = f'"{stored.sha256}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": IMMUTABLE if file_request.version == content_version(stored) else REVALIDATE,
    }
    if is_known(etag, file_request.if_none_match):
        return Response(status_code=304, headers=headers)
    if file_request.download:
        headers["Content-Disposition"] = f'attachment; filename="{name}.{SUFFIXES[stored.media_type]}"'
    data = await deps.objects.get(stored.key)
    range_header = file_request.range if file_request.if_range in (None, etag) else None
    try:
        part = byte_range(range_header, len(data))
    except RangeNotSatisfiable as error:
        detail = f"The picture has {len(data)} bytes."
        problem = ProblemError(416, "range", "No such bytes", detail)
        problem.headers["Content-Range"] = f"bytes */{len(data)}"
        raise problem from error
    if part is None:
        return Response(data, media_type=stored.media_type, headers=headers)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(data)}"
    return Response(data[part], 206, media_type=stored.media_type, headers=headers)


def _slug(job: Job) -> str:
    """A file name that tells what was asked for, in characters every system takes."""
    plain = unicodedata.normalize("NFKD", job.brief.prompt).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain)[:6])[:60].strip("-") or "concept"
