"""What the client asks for and makes of the answers, without input or output: both clients run the same flows.

A flow is a generator. It gives requests, for which it is sent the answer (or thrown the failure), and waits.
"""

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urljoin

import httpx

from studio_client.errors import ApiError, JobFailed, StillRunning, Unreachable
from studio_client.types import JobList, JobView, NewLinkView, OutlineView

T = TypeVar("T")
RETRIED = frozenset({429, 502, 503, 504})
"""Answers that another try may change."""
RETRY_SECONDS = 60.0
"""How long a request is tried, at most."""
CONNECT_SECONDS = 10.0
"""How long a studio is tried that takes no connection: it is down, or the address is wrong."""
FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
POLL_SECONDS = 1.0
FINAL = frozenset({"completed", "failed", "canceled"})


@dataclass(frozen=True)
class Request:
    """One request. `path` is below the studio's address, or a link that the studio gave."""

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str | list[str]] = field(default_factory=dict)
    content: bytes | None = None

    def arguments(self, address: str) -> dict[str, Any]:
        """What httpx is asked for. A link that the studio gave holds the path before it already."""
        return {
            "method": self.method,
            "url": urljoin(f"{address}/", self.path),
            "json": self.body,
            "content": self.content,
            "headers": dict(self.headers),
            "params": dict(self.parameters) or None,
        }


@dataclass(frozen=True)
class Wait:
    """A pause of this length."""

    seconds: float


Flow = Generator[Request | Wait, httpx.Response | None, T]


def headers(key: str | None, language: str | None) -> dict[str, str]:
    """What goes with every request."""
    given = {"Authorization": f"Bearer {key}"} if key else {}
    return given | ({"Accept-Language": language} if language else {})


def send(request: Request) -> Flow[httpx.Response]:
    """The answer to a request, after retries. Raises ApiError, Unreachable."""
    waited, pause = 0.0, FIRST_WAIT
    while True:
        asked_for: float | None = None
        try:
            answer = cast(httpx.Response, (yield request))
        except httpx.TransportError as error:
            limit = CONNECT_SECONDS if isinstance(error, httpx.ConnectError) else RETRY_SECONDS
            if waited + pause > limit:
                raise Unreachable(f"The studio gives no answer ({type(error).__name__}).") from error
        else:
            if answer.is_success or answer.status_code == httpx.codes.NOT_MODIFIED:
                return answer
            problem = _problem(answer)
            asked_for = problem.retry_after
            if answer.status_code not in RETRIED or waited + (asked_for or pause) > RETRY_SECONDS:
                raise problem
        seconds = pause if asked_for is None else max(asked_for, FIRST_WAIT)
        yield Wait(seconds)
        waited, pause = waited + seconds, min(2 * pause, LONGEST_WAIT)


def create(brief: Mapping[str, Any], key: str) -> Flow[JobView]:
    """A new job, safe once this returns. The same key and brief give the same job."""
    answer = yield from send(Request("POST", "v1/jobs", dict(brief), {"Idempotency-Key": key}))
    return cast(JobView, answer.json())


def create_from_picture(picture: bytes, wanted: Mapping[str, Any], key: str) -> Flow[JobView]:
    """A new job that begins with this picture. The same key, picture and wishes give the same job."""
    headers = {"Idempotency-Key": key, "Content-Type": "application/octet-stream"}
    parameters = {name: _parameter(name, value) for name, value in wanted.items() if value is not None}
    request = Request("POST", "v1/jobs/from-picture", headers=headers, parameters=parameters, content=picture)
    return cast(JobView, (yield from send(request)).json())


def read_outline(drawing: bytes, parameters: Mapping[str, str]) -> Flow[OutlineView]:
    """The outline in a drawing, DXF or SVG; nothing is stored."""
    headers = {"Content-Type": "application/octet-stream"}
    request = Request("POST", "v1/outlines", headers=headers, parameters=dict(parameters), content=drawing)
    return cast(OutlineView, (yield from send(request)).json())


def given(**values: str | None) -> dict[str, str]:
    """The values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def _parameter(name: str, value: Any) -> str | list[str]:
    if isinstance(value, Mapping) and name == "metadata":
        return [f"{key}:{text}" for key, text in value.items()]
    if isinstance(value, Mapping):
        return json.dumps(value)
    return [str(each) for each in value] if isinstance(value, list | tuple) else str(value)


def get(job_id: str) -> Flow[JobView]:
    """A job as it is now."""
    return cast(JobView, (yield from send(Request("GET", f"v1/jobs/{job_id}"))).json())


def cancel(job_id: str) -> Flow[JobView]:
    """The job after its cancellation. One that has ended stays as it is."""
    return cast(JobView, (yield from send(Request("POST", f"v1/jobs/{job_id}/cancel"))).json())


def change(job_id: str, details: Mapping[str, Any]) -> Flow[JobView]:
    """The job with what its owner noted on it."""
    return cast(JobView, (yield from send(Request("PATCH", f"v1/jobs/{job_id}", dict(details)))).json())


def delete(job_id: str) -> Flow[None]:
    """Nothing, once a job that has ended is gone. One that is not there any more is fine: the first try did it."""
    try:
        yield from send(Request("DELETE", f"v1/jobs/{job_id}"))
    except ApiError as error:
        if error.status != httpx.codes.NOT_FOUND:
            raise


def share(job_id: str, wanted: Mapping[str, Any]) -> Flow[NewLinkView]:
    """A new read-only link to a job."""
    return cast(NewLinkView, (yield from send(Request("POST", f"v1/jobs/{job_id}/shares", dict(wanted)))).json())


def end_share(job_id: str, link_id: str) -> Flow[None]:
    """Nothing, once the link has ended."""
    yield from send(Request("DELETE", f"v1/jobs/{job_id}/shares/{link_id}"))


def page(parameters: Mapping[str, str]) -> Flow[JobList]:
    """One page of the list of jobs, newest first."""
    return cast(JobList, (yield from send(Request("GET", "v1/jobs", parameters=parameters))).json())


def read(path: str) -> Flow[Any]:
    """The JSON at a path."""
    return (yield from send(Request("GET", path))).json()


def wait(job: JobView, timeout: float, changed: Callable[[JobView], None] = lambda job: None) -> Flow[JobView]:
    """The job when it is completed; `changed` is called with each change. Raises JobFailed, and StillRunning after
    `timeout` seconds.
    """
    waited, etag = 0.0, ""
    while job["status"] not in FINAL:
        if waited >= timeout:
            raise StillRunning(job, timeout)
        yield Wait(POLL_SECONDS)
        waited += POLL_SECONDS
        headers = {"If-None-Match": etag} if etag else {}
        answer = yield from send(Request("GET", f"v1/jobs/{job['id']}", headers=headers))
        if answer.status_code != httpx.codes.NOT_MODIFIED:
            job, etag = cast(JobView, answer.json()), answer.headers.get("ETag", "")
            changed(job)
    if job["status"] != "completed":
        raise JobFailed(job)
    return job


def files(job: JobView) -> dict[str, str]:
    """The links of all files of a job by the names they are saved under, the job itself left out."""
    named: dict[str, str] = {}
    for direction in job["plan"]["directions"] if job["plan"] else ():
        named[f"stencil-{direction['number']}.png"] = direction["stencil"]["url"]
    for concept in job["concepts"]:
        stem = f"concept-{concept['id']}" if concept["rank"] is None else f"rank-{concept['rank']}"
        for kind, file in (*concept["pictures"].items(), *concept["vectors"].items()):
            named[f"{stem}-{kind}.{_SUFFIXES.get(file['media_type'], kind)}"] = file["url"]
        base = f"v1/jobs/{job['id']}/concepts/{concept['id']}"
        if "installable" in concept["pictures"]:
            named[f"{stem}-sheet.pdf"] = f"{base}/sheet.pdf"
        if concept["materials"]:
            named[f"{stem}-materials.csv"] = f"{base}/materials.csv"
    return named


def as_text(job: JobView) -> bytes:
    """A job as it is saved."""
    return (json.dumps(job, indent=2) + "\n").encode()


def save(folder: str | Path, name: str, data: bytes) -> Path:
    """Write a file into a folder, which is made where it is missing."""
    path = Path(folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


_SUFFIXES = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
}
"""Of pictures by their media type. The name of a vector format is its suffix."""


def _problem(answer: httpx.Response) -> ApiError:
    try:
        body = answer.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        body = {}
    return ApiError(answer.status_code, body if isinstance(body, dict) else {}, _retry_after(answer))


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds, from either form of the header (RFC 9110, 10.2.3); None where there is none that can be read."""
    value = answer.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
