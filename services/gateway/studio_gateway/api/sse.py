"""A job's timeline as server-sent events."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from studio_chassis.observability import metrics
from studio_contracts.errors import Stage
from studio_contracts.job import Job, Status, TimelineEntry
from studio_domain.timeline import states_of
from studio_gateway.access.authentication import JobsToRead, still_allowed
from studio_gateway.access.closed_route import ClosedRoute
from studio_gateway.access.owned_jobs import OwnedJobs
from studio_gateway.api.parameters import JobId
from studio_gateway.dependencies import DependenciesDep
from studio_gateway.http.concurrency_limit import hold
from studio_gateway.http.problems import ProblemError, problems
from studio_gateway.http.query import KNOWN_PARAMETERS_ONLY

RECONNECT_MILLISECONDS = 1000
router = APIRouter(tags=["jobs"], dependencies=[KNOWN_PARAMETERS_ONLY], route_class=ClosedRoute)


class Progress(TimelineEntry):
    """One entry of the timeline, with the job's state at it; `version` is the job's when the entry was sent."""

    index: int
    status: Status
    stage: Stage
    version: int


_EXAMPLE = 'id: 0\ndata: {"event": "job.created", "index": 0, "status": "pending", "version": 1}\n\n'
# OpenAPI 3.1 has no way to describe the events of a stream: a schema would be of the whole text.
_STREAM = {
    "description": "Server-sent events: `id` is the entry's index, `data` a Progress as JSON. Comments are heartbeats.",
    "content": {"text/event-stream": {"example": _EXAMPLE}},
}
_LAST_EVENT_ID = re.compile(r"\d{1,9}", re.ASCII)


@router.get(
    "/v1/jobs/{job_id}/events",
    response_class=StreamingResponse,
    responses={
        200: _STREAM,
        204: {"description": "The job is final, and everything was sent before: do not connect again"},
        **problems(401, 403, 404, 422, 429, 503),
    },
)
async def stream_job_events(
    job_id: JobId,
    request: Request,
    jobs: JobsToRead,
    deps: DependenciesDep,
    last_event_id: Annotated[str | None, Header(description="Resume after this index", examples=["2"])] = None,
) -> Response:
    """The timeline as it grows: one event an entry, whose id is its index. Closes when the job has ended."""
    job = await jobs.load(job_id)
    seen = _LAST_EVENT_ID.fullmatch(last_event_id or "")
    start = int(seen.group()) + 1 if seen else 0
    if job.is_final and start >= len(job.timeline):
        return Response(status_code=204)
    hold(request, deps.streams, jobs.caller.client, _too_many)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    allowed = partial(still_allowed, request, jobs.caller)
    return StreamingResponse(_stream(jobs, job, start, allowed), media_type="text/event-stream", headers=headers)


def _too_many() -> ProblemError:
    metrics.rate_limited.labels("streams").inc()
    detail = "Too many event streams are open. Close some, or read the job itself now and then."
    return ProblemError(429, "too-many-streams", "Too many streams", detail, retry_after=5)


async def _stream(
    jobs: OwnedJobs, job: Job, start: int, allowed: Callable[[], Awaitable[bool]]
) -> AsyncGenerator[bytes, None]:
    """What is sent. It ends when the key, session or link of its reader has ended, at the next entry or heartbeat."""
    yield format_sse_event(retry=RECONNECT_MILLISECONDS)
    async with aclosing(jobs.follow(job)) as changes:
        async for now in changes:
            if not await allowed():
                return
            if now is None:
                yield format_sse_event(comment="heartbeat")
                continue
            lines = zip(now.timeline, states_of(now), strict=True)
            for index, (entry, state) in enumerate(islice(lines, start, None), start):
                progress = Progress(**entry.model_dump(), index=index, **state._asdict(), version=now.version)
                yield format_sse_event(data_str=progress.model_dump_json(), id=str(index))
            start = max(start, len(now.timeline))
