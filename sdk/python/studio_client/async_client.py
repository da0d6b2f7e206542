"""The client for code that runs in an event loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast
from uuid import uuid4

import httpx
from httpx_sse import aconnect_sse

from studio_client import flows
from studio_client.errors import Unreachable
from studio_client.flows import Flow, Request, Wait
from studio_client.types import (
    ColourOffer,
    JobSummary,
    JobView,
    LinkView,
    NewLinkView,
    Options,
    OutlineView,
    Progress,
    ProjectView,
)

T = TypeVar("T")
SECONDS = 30.0
"""How long one request may take."""


class AsyncStudioClient:
    """As StudioClient, with coroutines. Close it, or use it in an `async with`."""

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        language: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sleep = sleep
        headers = flows.headers(key, language)
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=SECONDS, transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def create(self, brief: Mapping[str, Any], *, key: str | None = None) -> JobView:
        """A new job of a brief. The same `key` gives the same job, for a day."""
        return await self._run(flows.create(brief, key or str(uuid4())))

    async def create_from_picture(
        self, picture: str | Path | bytes, wanted: Mapping[str, Any] | None = None, *, key: str | None = None
    ) -> JobView:
        """A new job that begins with a picture, a file or its bytes: PNG, JPEG, WebP or SVG of up to 8 MiB.

        `wanted` are the parameters of POST /v1/jobs/from-picture: with `kind` "painted" it is painted over, at a price.
        """
        data = picture if isinstance(picture, bytes) else await asyncio.to_thread(Path(picture).read_bytes)
        return await self._run(flows.create_from_picture(data, wanted or {}, key or str(uuid4())))

    async def read_outline(
        self, drawing: str | Path | bytes, *, unit: str | None = None, layer: str | None = None
    ) -> OutlineView:
        """The outline in a drawing of a yard, a file or its bytes, DXF or SVG; its `surface` goes into a brief.

        `unit` (mm, cm, m, in, ft) is needed where the file does not say it; `layer` names the one layer to read.
        """
        data = drawing if isinstance(drawing, bytes) else await asyncio.to_thread(Path(drawing).read_bytes)
        return await self._run(flows.read_outline(data, flows.given(unit=unit, layer=layer)))

    async def create_and_wait(
        self, brief: Mapping[str, Any], *, key: str | None = None, timeout: float = 1800
    ) -> JobView:
        """As `create` and `wait`."""
        return await self.wait(await self.create(brief, key=key), timeout=timeout)

    async def wait(
        self, job: JobView, *, timeout: float = 1800, changed: Callable[[JobView], None] = lambda job: None
    ) -> JobView:
        """The job when it is completed; `changed` is called with each change. Raises JobFailed, and StillRunning after
        `timeout` seconds.
        """
        return await self._run(flows.wait(job, timeout, changed))

    async def get(self, job_id: str) -> JobView:
        """A job as it is now."""
        return await self._run(flows.get(job_id))

    async def cancel(self, job_id: str) -> JobView:
        """The job after its cancellation. One that has ended stays as it is."""
        return await self._run(flows.cancel(job_id))

    async def change(self, job_id: str, details: Mapping[str, Any]) -> JobView:
        """Name a job, note something on it, move it to a project, mark concepts: the fields of JobDetails."""
        return await self._run(flows.change(job_id, details))

    async def delete(self, job_id: str) -> None:
        """Delete a job that has ended, with its files. One that is gone already is fine."""
        await self._run(flows.delete(job_id))

    async def share(self, job_id: str, wanted: Mapping[str, Any] | None = None) -> NewLinkView:
        """A new read-only link; `wanted` are the fields of ShareRequest: how long it works and what it shows."""
        return await self._run(flows.share(job_id, wanted or {}))

    async def shares(self, job_id: str) -> list[LinkView]:
        """The links of a job, oldest first, also those that have ended."""
        return cast(list[LinkView], await self._run(flows.read(f"v1/jobs/{job_id}/shares")))

    async def end_share(self, job_id: str, link_id: str) -> None:
        """End a link for good."""
        await self._run(flows.end_share(job_id, link_id))

    async def projects(self) -> list[ProjectView]:
        """The projects that jobs are in, by name."""
        return cast(list[ProjectView], (await self._run(flows.read("v1/projects")))["projects"])

    async def jobs(self, **filters: str) -> AsyncIterator[JobSummary]:
        """All jobs, newest first; `filters` are the parameters of the list."""
        parameters = dict(filters)
        while True:
            page = await self._run(flows.page(parameters))
            for summary in page["jobs"]:
                yield summary
            if not page["next"]:
                return
            parameters["cursor"] = page["next"]

    async def palette(self) -> list[ColourOffer]:
        """The colours that can be bought."""
        return cast(list[ColourOffer], await self._run(flows.read("v1/palette")))

    async def options(self) -> Options:
        """Limits, choices and prices."""
        return cast(Options, await self._run(flows.read("v1/options")))

    async def stream(self, job_id: str) -> AsyncIterator[Progress]:
        """The entries of a job's timeline as they come, to its end. A lost connection is taken up again."""
        await self.get(job_id)  # an unknown job is an ApiError
        last, failures = "", 0
        while True:
            with suppress(httpx.TransportError):
                async with aconnect_sse(
                    self._http, "GET", f"v1/jobs/{job_id}/events", headers={"Last-Event-ID": last} if last else {}
                ) as source:
                    if source.response.status_code == httpx.codes.NO_CONTENT:
                        return
                    async for event in source.aiter_sse():
                        failures = 0
                        if event.data:
                            last = event.id
                            yield cast(Progress, event.json())
            failures += 1
            if failures > flows.RETRY_SECONDS / flows.POLL_SECONDS:
                raise Unreachable("The studio's events cannot be had.")
            await self._sleep(flows.POLL_SECONDS)

    async def download(self, job: JobView, folder: str | Path) -> list[Path]:
        """Save the job as job.json, and all its files; returns what was written."""
        written = [await asyncio.to_thread(flows.save, folder, "job.json", flows.as_text(job))]
        for name, link in flows.files(job).items():
            answer = await self._run(flows.send(Request("GET", link)))
            written.append(await asyncio.to_thread(flows.save, folder, name, answer.content))
        return written

    async def _run(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)  # one that has nothing to ask ends here
            while True:
                if isinstance(step, Wait):
                    await self._sleep(step.seconds)
                    step = flow.send(None)
                    continue
                try:
                    answer = await self._http.request(**step.arguments(self.address))
                except httpx.TransportError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as end:
            return cast(T, end.value)

    @property
    def address(self) -> str:
        """Where the studio is, without a slash at its end."""
        return str(self._http.base_url).rstrip("/")
