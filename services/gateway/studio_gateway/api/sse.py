"""A job's timeline as server-sent events."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from studio_contracts.job import Job, Stage, Status, TimelineEntry
from studio_gateway.dependencies import Dependencies, DependenciesDep
from studio_gateway.http.problems import problems

RECONNECT_MILLISECONDS = 1000
router = APIRouter(tags=["jobs"])


class Progress(TimelineEntry):
    """One line of the timeline, with how the job stood when it was sent."""

    index: int
    status: Status
    stage: Stage
    version: int


_EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "The entry's index"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": Progress.model_json_schema(mode="serialization"),
        },
    },
}


@router.get(
    "/v1/jobs/{job_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {"description": "A stream of Progress", "content": {"text/event-stream": {"itemSchema": _EVENT}}},
        204: {"description": "The job has ended, and everything was sent before: do not connect again"},
        **problems(404, 503),
    },
)
async def follow_job(
    job_id: str,
    deps: DependenciesDep,
    last_event_id: Annotated[str | None, Header(description="Resume after it")] = None,
) -> Response:
    """The timeline as it grows: one event an entry, whose id is its index. Closes when the job has ended."""
    job = await deps.jobs.load(job_id)
    start = int(last_event_id) + 1 if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else 0
    if job.is_final and start >= len(job.timeline):
        return Response(status_code=204)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(deps, job, start), media_type="text/event-stream", headers=headers)


async def _stream(deps: Dependencies, job: Job, start: int) -> AsyncGenerator[bytes, None]:
    yield format_sse_event(retry=RECONNECT_MILLISECONDS)
    async with aclosing(deps.subscriptions.follow(job)) as changes:
        async for now in changes:
            if now is None:
                yield format_sse_event(comment="still here")
                continue
            for index, entry in enumerate(now.timeline[start:], start):
                progress = Progress(
                    **entry.model_dump(), index=index, status=now.status, stage=now.stage, version=now.version
                )
                yield format_sse_event(data_str=progress.model_dump_json(), id=str(index))
            start = max(start, len(now.timeline))
