"""The list of an owner's jobs, and its projects."""

import base64
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, StringConstraints

from studio_chassis.persistence.listing import Cursor, JobFilter, Order
from studio_contracts.base import UtcDatetime
from studio_contracts.brief import JobKind
from studio_contracts.callbacks import MAX_METADATA_PAIRS
from studio_contracts.details import Project
from studio_contracts.job import Status
from studio_contracts.text import to_line
from studio_gateway.access.authentication import JobsToRead
from studio_gateway.access.closed_route import ClosedRoute
from studio_gateway.api.presenters import job_summary
from studio_gateway.api.views import JobList
from studio_gateway.dependencies import DependenciesDep
from studio_gateway.http.problems import ProblemError, problems
from studio_gateway.http.query import KNOWN_PARAMETERS_ONLY

MAX_LISTED = 100
router = APIRouter(tags=["jobs"], dependencies=[KNOWN_PARAMETERS_ONLY], route_class=ClosedRoute)
Words = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(to_line)]
Pair = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}:", max_length=541)]


class ProjectView(BaseModel):
    """A project: how many jobs are in it, and when the newest was created."""

    name: str
    jobs: int
    newest: AwareDatetime


class ProjectList(BaseModel):
    """Projects by name."""

    projects: list[ProjectView]


@router.get("/v1/jobs", responses=problems(401, 403, 422, 429, 503))
async def list_jobs(
    jobs: JobsToRead,
    deps: DependenciesDep,
    status: Annotated[Status | None, Query(description="Only jobs of this status")] = None,
    kind: Annotated[JobKind | None, Query(description="Only drafts, or only painted jobs")] = None,
    text: Annotated[Words | None, Query(description="Words of the prompt or the name, in any case and order")] = None,
    project: Annotated[
        Project | None, Query(description="Only jobs of this project; empty: only those of none")
    ] = None,
    favourite: Annotated[bool | None, Query(description="Only jobs with a favourite concept, or only others")] = None,
    metadata: Annotated[
        list[Pair] | None,
        Query(description="Only jobs with this pair, as `key:value`; may be repeated", max_length=MAX_METADATA_PAIRS),
    ] = None,
    since: Annotated[UtcDatetime | None, Query(description="Only jobs created then or later")] = None,
    before: Annotated[UtcDatetime | None, Query(description="Only jobs created before then")] = None,
    sort: Annotated[Order, Query(description="Which jobs come first")] = "newest",
    counts: Annotated[bool, Query(description="Count the jobs of each status, too")] = False,
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 20,
    cursor: Annotated[str | None, Query(description="`next` of the page before")] = None,
) -> JobList:
    """The jobs of the key's owner, newest first unless `sort` says otherwise."""
    pairs = tuple((key, value) for key, _, value in (pair.partition(":") for pair in metadata or ()))
    wanted = JobFilter(status, kind, text or "", since, before, project, favourite, pairs)
    found = await jobs.recent(limit + 1, wanted, None if cursor is None else _place(cursor), sort)
    page = found[:limit]
    return JobList(
        jobs=[job_summary(job, deps.settings.root) for job in page],
        next=_cursor(Cursor(page[-1].created_at, page[-1].id)) if len(found) > limit else None,
        counts=await jobs.count(wanted) if counts else None,
    )


@router.get("/v1/projects", responses=problems(401, 403, 422, 429, 503))
async def list_projects(jobs: JobsToRead) -> ProjectList:
    """The projects of the key's owner: every name that a job has as its `project`, 500 at most."""
    return ProjectList(projects=[ProjectView(**project._asdict()) for project in await jobs.projects()])


def _cursor(place: Cursor) -> str:
    return base64.urlsafe_b64encode(f"{place.created_at.isoformat()} {place.job_id}".encode()).decode()


def _place(cursor: str) -> Cursor:
    try:
        created_at, job_id = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ", 1)
        moment = datetime.fromisoformat(created_at)
        moment.astimezone()  # a moment without an offset, or outside of time, is none of ours
        if moment.tzinfo is None:
            raise ValueError(created_at)
    except (ValueError, OverflowError) as error:
        detail = "Not a cursor of this API: use `next` of the page before."
        raise ProblemError(422, "invalid", "The request does not fit", detail, field="cursor") from error
    return Cursor(moment, job_id)
