"""What an owner does to keep its jobs in order: name them, take notes, sort them into projects, delete them."""

from typing import Annotated

from fastapi import APIRouter, Body, status
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from studio_contracts.brief import MAX_PICTURES
from studio_contracts.details import Name, Notes, Project
from studio_domain.domain_events import DetailsChanged
from studio_gateway.access.authentication import JobsToCreate
from studio_gateway.access.closed_route import ClosedRoute
from studio_gateway.api.parameters import JobId
from studio_gateway.api.presenters import job_view
from studio_gateway.api.views import JobView
from studio_gateway.dependencies import DependenciesDep
from studio_gateway.http.problems import ProblemError, problems
from studio_gateway.http.query import KNOWN_PARAMETERS_ONLY

router = APIRouter(tags=["jobs"], dependencies=[KNOWN_PARAMETERS_ONLY], route_class=ClosedRoute)


class JobDetails(BaseModel):
    """What shall change. A field that is left out stays as it is; an empty text removes it."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = Field(None, description="What you call the job", examples=["Kita Nord"])
    notes: Notes | None = Field(None, description="Lines of text for yourself; a link does not show them")
    project: Project | None = Field(None, description="The project that the job belongs to", examples=["Schools"])
    favourites: dict[str, bool] = Field(
        default_factory=dict,
        max_length=MAX_PICTURES,
        description="Concepts by id: true makes one a favourite, false takes that back",
        examples=[{"0-0": True}],
    )


@router.patch("/v1/jobs/{job_id}", responses=problems(401, 403, 404, 409, 413, 415, 422, 429, 503))
async def change_job(
    job_id: JobId, wanted: Annotated[JobDetails, Body()], jobs: JobsToCreate, deps: DependenciesDep
) -> JobView:
    """Name a job, note something on it, move it to a project, mark its concepts. Its work goes on untouched."""
    job = await jobs.load_own(job_id)
    known = {concept.id for concept in job.concepts}
    for concept in wanted.favourites.keys() - known:
        text = f"There is no concept {concept}. There are: {', '.join(sorted(known)) or 'none yet'}."
        raise RequestValidationError(
            [{"type": "unknown_concept", "loc": ("body", "favourites", concept), "msg": text, "input": None}]
        )
    change = DetailsChanged(wanted.name, wanted.notes, wanted.project, wanted.favourites)
    return job_view(await jobs.change_details(job_id, change), deps.settings.root)


@router.delete(
    "/v1/jobs/{job_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(401, 403, 404, 409, 422, 429, 503),
)
async def delete_job(job_id: JobId, jobs: JobsToCreate, deps: DependenciesDep) -> None:
    """Delete a job that has ended. It is gone for everybody, its links end, its files are removed within the hour."""
    job = await jobs.load_own(job_id)
    if not job.is_final:
        detail = "This job is under way. Cancel it first, or wait until it has ended."
        raise ProblemError(409, "not-ended", "Not ended yet", detail)
    for link in await deps.keys.links_of(job_id):
        await deps.keys.revoke_link(job_id, link.id)
    await jobs.delete(job_id)
