"""Read-only links to a job: for a client who has no key.

A link's secret is behind the `#`, so it reaches no server log, proxy or Referer; the page exchanges it for a cookie
that is sent with requests about this job alone.
"""

import secrets
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Path, Request, Response, status
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from studio_contracts.access import SHARED_PARTS, SharedPart, ShareLink
from studio_gateway.access.authentication import SHARE_COOKIE, JobsToCreate, address_of
from studio_gateway.access.closed_route import ClosedRoute
from studio_gateway.access.origin import check_origin
from studio_gateway.api.cookies import attributes
from studio_gateway.api.parameters import JobId
from studio_gateway.dependencies import DependenciesDep
from studio_gateway.http.problems import ProblemError, not_found, problems
from studio_gateway.http.query import KNOWN_PARAMETERS_ONLY

MAX_DAYS = 365
router = APIRouter(tags=["jobs"], dependencies=[KNOWN_PARAMETERS_ONLY], route_class=ClosedRoute)
LinkId = Annotated[str, Path(description="The link's `id`", examples=["s4f1c0e5b2f8e"])]


class ShareRequest(BaseModel):
    """How long the link shall work, and what it shall show. It shows pictures, surface and progress in any case."""

    model_config = ConfigDict(extra="forbid")

    days: int = Field(14, ge=1, le=MAX_DAYS, description="Days until the link ends")
    shows: list[SharedPart] = Field(
        default_factory=lambda: list(SHARED_PARTS),
        max_length=len(SHARED_PARTS),
        description="Parts besides the pictures: the brief's words, materials, files to take away, what it cost",
        examples=[["brief", "materials", "downloads"]],
    )
    favourites_only: bool = Field(
        False, description="Show the concepts alone that are favourites when the link is opened"
    )


class LinkView(BaseModel):
    """A link, without its secret."""

    id: str
    created_at: AwareDatetime
    expires_at: AwareDatetime
    revoked_at: AwareDatetime | None
    shows: list[SharedPart]
    favourites_only: bool


class NewLinkView(LinkView):
    """A link just made. `url` is shown this once."""

    url: str


class LinkSecret(BaseModel):
    """What is behind `#share=` in a link."""

    token: str = Field(min_length=1, max_length=200, examples=["tpvl_behind-the-hash-of-the-link"])


@router.post(
    "/v1/jobs/{job_id}/shares",
    status_code=status.HTTP_201_CREATED,
    responses=problems(401, 403, 404, 413, 415, 422, 429, 503),
)
async def create_share(
    job_id: JobId, wanted: Annotated[ShareRequest, Body()], jobs: JobsToCreate, deps: DependenciesDep
) -> NewLinkView:
    """Make a read-only link to the job. It shows this job's pictures, progress and what you choose until it ends."""
    await jobs.load_own(job_id)
    now = deps.clock()
    link = ShareLink(
        id=f"s{secrets.token_hex(6)}",
        job_id=job_id,
        owner=jobs.caller.owner,
        key_id=jobs.caller.key_id,
        created_at=now,
        expires_at=now + timedelta(days=wanted.days),
        shows=tuple(part for part in SHARED_PARTS if part in wanted.shows),
        favourites_only=wanted.favourites_only,
    )
    token = await deps.keys.add_link(link)
    await deps.audit.record(jobs.caller, "job.shared", job_id, f"{link.id}, {wanted.days} days")
    url = f"{deps.settings.root}/jobs/{job_id}#share={token}"
    return NewLinkView(**_view(link).model_dump(), url=url)


@router.get("/v1/jobs/{job_id}/shares", responses=problems(401, 403, 404, 422, 429, 503))
async def list_shares(job_id: JobId, jobs: JobsToCreate, deps: DependenciesDep) -> list[LinkView]:
    """The links of the job, oldest first, also those that have ended."""
    await jobs.load_own(job_id)
    return [_view(link) for link in await deps.keys.links_of(job_id)]


@router.delete(
    "/v1/jobs/{job_id}/shares/{link_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(401, 403, 404, 422, 429, 503),
)
async def revoke_share(job_id: JobId, link_id: LinkId, jobs: JobsToCreate, deps: DependenciesDep) -> None:
    """End a link for good."""
    await jobs.load_own(job_id)
    if await deps.keys.revoke_link(job_id, link_id) is None:
        raise not_found("such link")
    await deps.audit.record(jobs.caller, "share.revoked", job_id, link_id)


@router.post(
    "/v1/jobs/{job_id}/shares/open",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(403, 404, 413, 415, 422, 429, 503),
)
async def open_share(
    job_id: JobId, secret: Annotated[LinkSecret, Body()], request: Request, response: Response, deps: DependenciesDep
) -> None:
    """Let this browser read the job that the link is of."""
    check_origin(request, deps.settings, from_browser=False)
    deps.failed_checks.refuse(address_of(request))
    link = await deps.keys.link_of(secret.token)
    if link is None or link.job_id != job_id:
        await deps.failed_checks.count(address_of(request))
        raise ProblemError(404, "not-found", "Not found", "There is no such link, or it has ended.")
    path = f"{deps.settings.root}/v1/jobs/{job_id}"
    max_age = int((link.expires_at - deps.clock()).total_seconds())
    response.set_cookie(SHARE_COOKIE, secret.token, max_age=max_age, **attributes(request, deps.settings, path))


def _view(link: ShareLink) -> LinkView:
    return LinkView.model_validate(link, from_attributes=True)
