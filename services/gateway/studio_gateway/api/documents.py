"""What is taken to the site, made of a concept when asked for: a sheet to print, and tables of what to order."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from studio_chassis.observability import metrics
from studio_chassis.persistence.objects import ObjectStore
from studio_contracts.access import SharedPart
from studio_contracts.concept import Concept, Materials
from studio_contracts.job import Job
from studio_gateway.access.authentication import JobsToRead
from studio_gateway.access.closed_route import ClosedRoute
from studio_gateway.api.file_names import concept_name, slug
from studio_gateway.api.parameters import ConceptId, JobId
from studio_gateway.dependencies import DependenciesDep
from studio_gateway.documents.drawn_sheets import DrawnSheets
from studio_gateway.documents.sheet_content import Paper, Sheet
from studio_gateway.documents.tables import materials_csv
from studio_gateway.documents.texts import Texts
from studio_gateway.http import openapi_headers as described
from studio_gateway.http.concurrency_limit import hold
from studio_gateway.http.head import is_head, without_body
from studio_gateway.http.problems import ProblemError, not_found, problems
from studio_gateway.http.query import KNOWN_PARAMETERS_ONLY
from studio_gateway.web.languages import VARY, language_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
router = APIRouter(tags=["documents"], dependencies=[KNOWN_PARAMETERS_ONLY], route_class=ClosedRoute)


def _file(media_type: str) -> dict[int | str, dict[str, Any]]:
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    headers = described.DISPOSITION | described.CACHE_CONTROL
    return {
        200: {"description": "The file", "content": content, "headers": headers},
        **problems(401, 403, 404, 422, 429, 503),
    }


@router.get(
    "/v1/jobs/{job_id}/concepts/{concept_id}/sheet.pdf",
    response_class=Response,
    responses=_file("application/pdf"),
)
async def get_sheet(
    job_id: JobId,
    concept_id: ConceptId,
    jobs: JobsToRead,
    deps: DependenciesDep,
    request: Request,
    paper: Annotated[Paper, Query(description="Its size, landscape")] = "A4",
) -> Response:
    """The concept on paper, true to scale: sides, scale bar, violations, colours, materials, date and link.

    It is in the language of `Accept-Language`: English or German.
    """
    job, concept = await _load(jobs, job_id, concept_id, "downloads")
    name = f"{_stem(job, concept)}-{paper}.pdf"
    if is_head(request):
        if "installable" not in concept.pictures:
            raise not_found("such sheet")
        return without_body("application/pdf", _headers(name))
    hold(request, deps.documents, jobs.caller.client, too_many_documents)
    address = outside(request, deps.settings.public_base_url)
    data = await sheet_of(job, concept, deps.objects, deps.sheets, address, language_of(request), paper)
    return _download(data, "application/pdf", name)


@router.get(
    "/v1/jobs/{job_id}/concepts/{concept_id}/materials.csv", response_class=Response, responses=_file("text/csv")
)
async def get_materials_csv(job_id: JobId, concept_id: ConceptId, jobs: JobsToRead) -> Response:
    """What to order, with a line for each colour, as comma-separated values: the same in every language."""
    job, concept = await _load(jobs, job_id, concept_id, "downloads", "materials")
    return _download(materials_csv(_materials(concept)).encode(), "text/csv", f"{_stem(job, concept)}-materials.csv")


@router.get("/v1/jobs/{job_id}/concepts/{concept_id}/materials.xlsx", response_class=Response, responses=_file(XLSX))
async def get_materials_xlsx(job_id: JobId, concept_id: ConceptId, jobs: JobsToRead, request: Request) -> Response:
    """What to order, with a line for each colour, as a workbook in the language of `Accept-Language`."""
    job, concept = await _load(jobs, job_id, concept_id, "downloads", "materials")
    data = await asyncio.to_thread(_workbook, _materials(concept), language_of(request))
    return _download(data, XLSX, f"{_stem(job, concept)}-materials.xlsx")


def _workbook(materials: Materials, language: str) -> bytes:
    from studio_gateway.documents.workbook import materials_xlsx  # half a second and 20 MB of imports

    return materials_xlsx(materials, Texts(language))


def outside(request: Request, public_base_url: str | None) -> str:
    """The address under which people reach the studio, without a slash at its end."""
    return (public_base_url or str(request.base_url)).rstrip("/")


async def sheet_of(
    job: Job,
    concept: Concept,
    objects: ObjectStore,
    sheets: DrawnSheets,
    address: str,
    language: str,
    paper: Paper = "A4",
) -> bytes:
    """The sheet of a concept. Raises ProblemError where it has not been laid, ObjectNotFound, Unavailable."""
    laid = concept.pictures.get("installable")
    if laid is None:
        raise not_found("such sheet")
    sheet = Sheet(
        prompt=job.brief.prompt,
        surface=job.brief.surface,
        concept=concept,
        picture=await objects.get(laid.key),
        created_at=job.created_at,
        link=f"{address}/jobs/{job.id}#{concept.id}",
        attributions=job.plan.attributions if job.plan is not None else (),
        language=language,
    )
    return await sheets.draw(sheet, paper)


async def _load(jobs: JobsToRead, job_id: str, concept_id: str, *needed: SharedPart) -> tuple[Job, Concept]:
    job = await jobs.load(job_id, *needed)
    concept = next((concept for concept in job.concepts if concept.id == concept_id), None)
    if concept is None:
        raise not_found("such concept")
    return job, concept


def _materials(concept: Concept) -> Materials:
    if concept.materials is None:
        raise not_found("such table")
    return concept.materials


def _stem(job: Job, concept: Concept) -> str:
    return f"{slug(job)}-{concept_name(concept)}"


def _download(data: bytes, media_type: str, name: str) -> Response:
    return Response(data, media_type=media_type, headers=_headers(name))


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-cache", "Vary": VARY}


def too_many_documents() -> ProblemError:
    """A 429 for a client that has too many files made at the same time."""
    metrics.rate_limited.labels("documents").inc()
    detail = "Too many of your files are being made. Fetch them one after another."
    return ProblemError(429, "too-many-documents", "Too many files at once", detail, retry_after=2)
