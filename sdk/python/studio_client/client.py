"""The client for code that waits."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast
from uuid import uuid4

import httpx
from httpx_sse import connect_sse

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


class StudioClient:
    """A studio at an address, maybe with a path, as whoever has the API key. Close it, or use it in a `with`.

    `language` is that of the sheets and workbooks it downloads: "en" or "de".
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        language: str | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sleep = sleep
        headers = flows.headers(key, language)
        self._http = httpx.Client(base_url=url, headers=headers, timeout=SECONDS, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def create(self, brief: Mapping[str, Any], *, key: str | None = None) -> JobView:
        """A new job of a brief. The same `key` gives the same job, for a day."""
        return self._run(flows.create(brief, key or str(uuid4())))

    def create_from_picture(
        self, picture: str | Path | bytes, wanted: Mapping[str, Any] | None = None, *, key: str | None = None
    ) -> JobView:
        """A new job that begins with a picture, a file or its bytes: PNG, JPEG, WebP or SVG of up to 8 MiB.

        `wanted` are the parameters of POST /v1/jobs/from-picture: with `kind` "painted" it is painted over, at a price.
        """
        data = picture if isinstance(picture, bytes) else Path(picture).read_bytes()
        return self._run(flows.create_from_picture(data, wanted or {}, key or str(uuid4())))

    def read_outline(
        self, drawing: str | Path | bytes, *, unit: str | None = None, layer: str | None = None
    ) -> OutlineView:
        """The outline in a drawing of a yard, a file or its bytes, DXF or SVG; its `surface` goes into a brief.

        `unit` (mm, cm, m, in, ft) is needed where the file does not say it; `layer` names the one layer to read.
        """
        data = drawing if isinstance(drawing, bytes) else Path(drawing).read_bytes()
        return self._run(flows.read_outline(data, flows.given(unit=unit, layer=layer)))

    def create_and_wait(self, brief: Mapping[str, Any], *, key: str | None = None, timeout: float = 1800) -> JobView:
        """As `create` and `wait`."""
        return self.wait(self.create(brief, key=key), timeout=timeout)

    def wait(
        self, job: JobView, *, timeout: float = 1800, changed: Callable[[JobView], None] = lambda job: None
    ) -> JobView:
        """The job when it is completed; `changed` is called with each change. Raises JobFailed, and StillRunning after
        `timeout` seconds.
        """
        return self._run(flows.wait(job, timeout, changed))

    def get(self, job_id: str) -> JobView:
        """A job as it is now."""
        return self._run(flows.get(job_id))

    def cancel(self, job_id: str) -> JobView:
        """The job after its cancellation. One that has ended stays as it is."""
        return self._run(flows.cancel(job_id))

    def change(self, job_id: str, details: Mapping[str, Any]) -> JobView:
        """Name a job, note something on it, move it to a project, mark concepts: the fields of JobDetails."""
        return self._run(flows.change(job_id, details))

    def delete(self, job_id: str) -> None:
        """Delete a job that has ended, with its files. One that is gone already is fine."""
        self._run(flows.delete(job_id))

    def share(self, job_id: str, wanted: Mapping[str, Any] | None = None) -> NewLinkView:
        """A new read-only link; `wanted` are the fields of ShareRequest: how long it works and what it shows."""
        return self._run(flows.share(job_id, wanted or {}))

    def shares(self, job_id: str) -> list[LinkView]:
        """The links of a job, oldest first, also those that have ended."""
        return cast(list[LinkView], self._run(flows.read(f"v1/jobs/{job_id}/shares")))

    def end_share(self, job_id: str, link_id: str) -> None:
        """End a link for good."""
        self._run(flows.end_share(job_id, link_id))

    def projects(self) -> list[ProjectView]:
        """The projects that jobs are in, by name."""
        return cast(list[ProjectView], (self._run(flows.read("v1/projects")))["projects"])

    def jobs(self, **filters: str) -> Iterator[JobSummary]:
        """All jobs, newest first; `filters` are the parameters of the list."""
        parameters = dict(filters)
        while True:
            page = self._run(flows.page(parameters))
            yield from page["jobs"]
            if not page["next"]:
                return
            parameters["cursor"] = page["next"]

    def palette(self) -> list[ColourOffer]:
        """The colours that can be bought."""
        return cast(list[ColourOffer], self._run(flows.read("v1/palette")))

    def options(self) -> Options:
        """Limits, choices and prices."""
        return cast(Options, self._run(flows.read("v1/options")))

    def stream(self, job_id: str) -> Iterator[Progress]:
        """The entries of a job's timeline as they come, to its end. A lost connection is taken up again."""
        self.get(job_id)  # an unknown job is an ApiError
        last, failures = "", 0
        while True:
            headers = {"Last-Event-ID": last} if last else {}
            with (
                suppress(httpx.TransportError),
                connect_sse(self._http, "GET", f"v1/jobs/{job_id}/events", headers=headers) as source,
            ):
                if source.response.status_code == httpx.codes.NO_CONTENT:
                    return
                for event in source.iter_sse():
                    failures = 0
                    if event.data:
                        last = event.id
                        yield cast(Progress, event.json())
            failures += 1
            if failures > flows.RETRY_SECONDS / flows.POLL_SECONDS:
                raise Unreachable("The studio's events cannot be had.")
            self._sleep(flows.POLL_SECONDS)

    def download(self, job: JobView, folder: str | Path) -> list[Path]:
        """Save the job as job.json, and all its files; returns what was written."""
        written = [flows.save(folder, "job.json", flows.as_text(job))]
        for name, link in flows.files(job).items():
            written.append(flows.save(folder, name, self._run(flows.send(Request("GET", link))).content))
        return written

    def _run(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)  # one that has nothing to ask ends here
            while True:
                if isinstance(step, Wait):
                    self._sleep(step.seconds)
                    step = flow.send(None)
                    continue
                try:
                    answer = self._http.request(**step.arguments(self.address))
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
