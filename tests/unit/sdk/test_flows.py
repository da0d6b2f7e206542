"""What the client does when the studio refuses, is slow, or is not there: the same for both kinds of client."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from studio_client import ApiError, AsyncStudioClient, JobFailed, StillRunning, StudioClient, Unreachable

JOB: dict[str, Any] = {
    "id": "a",
    "status": "running",
    "stage": "prediction",
    "error": None,
    "concepts": [],
    "plan": None,
}
PROBLEM = {
    "type": "urn:x",
    "title": "Not valid",
    "detail": "See the fields.",
    "errors": [{"field": "count", "detail": "too many"}],
}
URL = "http://studio/path/"
Answer = httpx.Response | Exception


class Both:
    """Runs a call on either client, over answers given one after another. The last is given again and again."""

    def __init__(self, is_async: bool, *answers: Answer) -> None:
        self.is_async = is_async
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def call(self, use: Callable[[Any], Any]) -> Any:
        transport = httpx.MockTransport(self._answer)
        if not self.is_async:
            with StudioClient(
                "http://studio/path/", "tpvs_key", transport=transport, sleep=self.slept.append
            ) as client:
                return use(client)

        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)

        async with AsyncStudioClient(URL, "tpvs_key", transport=transport, sleep=sleep) as studio:
            return await use(studio)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def both(request: pytest.FixtureRequest) -> Callable[..., Both]:
    return lambda *answers: Both(request.param, *answers)


def ok(job: dict[str, Any], **headers: str) -> httpx.Response:
    return httpx.Response(200, json=job, headers=headers)


async def test_a_brief_is_sent_again_with_its_key_until_it_is_taken(both: Callable[..., Both]) -> None:
    studio = both(httpx.ReadTimeout("lost"), httpx.Response(503, headers={"Retry-After": "3"}), ok(JOB))
    job = await studio.call(lambda client: client.create({"prompt": "a pond"}))
    assert job["id"] == "a"
    assert len({request.headers["Idempotency-Key"] for request in studio.requests}) == 1
    assert {str(request.url) for request in studio.requests} == {"http://studio/path/v1/jobs"}
    assert {request.headers["Authorization"] for request in studio.requests} == {"Bearer tpvs_key"}
    assert studio.slept == [0.5, 3]


async def test_two_briefs_have_two_keys(both: Callable[..., Both]) -> None:
    studio = both(ok(JOB))
    await studio.call(lambda client: client.create({"prompt": "a pond"}))
    await studio.call(lambda client: client.create({"prompt": "a pond"}))
    assert len({request.headers["Idempotency-Key"] for request in studio.requests}) == 2


async def test_a_refusal_names_the_fields_and_is_not_repeated(both: Callable[..., Both]) -> None:
    studio = both(httpx.Response(422, json=PROBLEM))
    with pytest.raises(ApiError, match="count: too many") as refused:
        await studio.call(lambda client: client.create({"prompt": "a pond", "count": 99}))
    assert (refused.value.status, refused.value.errors[0]["field"], len(studio.requests)) == (422, "count", 1)


@pytest.mark.parametrize("body", [b"<html>", b"\xff", b"[]", b""])
async def test_an_error_without_a_problem_document_is_described_by_its_status(
    both: Callable[..., Both], body: bytes
) -> None:
    with pytest.raises(ApiError, match="The studio answered 404"):
        await both(httpx.Response(404, content=body)).call(lambda client: client.get("a"))


async def test_retries_end(both: Callable[..., Both]) -> None:
    for error, limit in ((httpx.ConnectError("refused"), 10), (httpx.ReadTimeout("lost"), 60)):
        studio = both(error)
        with pytest.raises(Unreachable):
            await studio.call(lambda client: client.get("a"))
        assert limit / 2 < sum(studio.slept) <= limit
    busy = both(httpx.Response(429, json={"title": "Too many"}, headers={"Retry-After": "61"}))
    with pytest.raises(ApiError) as refused:
        await busy.call(lambda client: client.get("a"))
    assert (refused.value.retry_after, busy.slept) == (61, [])


async def test_a_date_in_retry_after_is_understood(both: Callable[..., Both]) -> None:
    past = {"Retry-After": "Mon, 01 Jan 2024 00:00:00 GMT"}
    studio = both(httpx.Response(503, headers=past), httpx.Response(503, headers={"Retry-After": "soon"}), ok(JOB))
    await studio.call(lambda client: client.get("a"))
    assert studio.slept == [0.5, 1.0]


async def test_waiting_asks_only_for_what_has_changed(both: Callable[..., Both]) -> None:
    done = {**JOB, "status": "completed"}
    studio = both(ok(JOB, ETag='"1"'), httpx.Response(304), ok(done))
    job = await studio.call(lambda client: client.wait(JOB))
    assert job["status"] == "completed"
    assert [request.headers.get("If-None-Match") for request in studio.requests] == [None, '"1"', '"1"']


async def test_a_job_that_failed_or_takes_too_long_is_an_error_that_has_it(both: Callable[..., Both]) -> None:
    failed = {**JOB, "status": "failed", "error": {"title": "No pictures", "detail": "All were held back."}}
    with pytest.raises(JobFailed, match="All were held back") as end:
        await both(ok(failed)).call(lambda client: client.wait(JOB))
    assert end.value.job["id"] == "a"
    with pytest.raises(StillRunning, match="It goes on"):
        await both(ok(JOB)).call(lambda client: client.wait(JOB, timeout=3))


async def test_an_unknown_status_is_waited_for(both: Callable[..., Both]) -> None:
    studio = both(ok({**JOB, "status": "dreaming"}), ok({**JOB, "status": "completed"}))
    assert (await studio.call(lambda client: client.wait(JOB)))["status"] == "completed"


@pytest.mark.parametrize("path", ["/v1/jobs/j/bundle.zip", "/path/v1/jobs/j/bundle.zip"])
async def test_the_path_before_a_link_is_there_once(both: Callable[..., Both], path: str, tmp_path: Path) -> None:
    view = {"url": path, "media_type": "image/png"}
    plan = {"directions": [{"number": 0, "stencil": view}]}
    studio = both(httpx.Response(200, content=b"png"))
    await studio.call(lambda client: client.download({**JOB, "plan": plan}, tmp_path))
    assert [str(request.url) for request in studio.requests] == [f"http://studio{path}"]


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_picture_is_sent_as_it_is_with_its_wishes_as_parameters(is_async: bool, tmp_path: Path) -> None:
    file = tmp_path / "drawing.svg"
    file.write_bytes(b"<svg/>")
    both = Both(is_async, httpx.Response(202, json=JOB))
    wanted = {"width_m": 5, "palette": ["RH20", "RH41"], "prompt": None}
    await both.call(lambda client: client.create_from_picture(file, wanted, key="k"))
    (request,) = both.requests
    assert (request.method, request.url.path) == ("POST", "/path/v1/jobs/from-picture")
    assert request.url.params.multi_items() == [("width_m", "5"), ("palette", "RH20"), ("palette", "RH41")]
    assert (request.content, request.headers["Idempotency-Key"]) == (b"<svg/>", "k")


@pytest.mark.parametrize("is_async", [False, True])
async def test_an_outline_is_read_from_a_drawing_and_what_is_not_given_is_not_sent(is_async: bool) -> None:
    both = Both(is_async, httpx.Response(200, json={"area_m2": 4.5}))
    found = await both.call(lambda client: client.read_outline(b"<svg/>", unit="m"))
    assert found["area_m2"] == 4.5
    (request,) = both.requests
    assert (request.method, request.url.path, request.content) == ("POST", "/path/v1/outlines", b"<svg/>")
    assert request.url.params.multi_items() == [("unit", "m")]
