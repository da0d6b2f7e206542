"""The provider's client: what is sent, what is listed, and where the token goes."""

import json
import logging
import traceback
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from studio_chassis.replicate.client import ReplicateClient, api_root
from studio_chassis.replicate.errors import (
    OutcomeUnknown,
)
from studio_support.mocked_provider import NOW, STARTING, TOKEN, answering, client, failure


@pytest.mark.parametrize(
    ("base", "root"),
    [
        ("https://api.replicate.com/v1", "https://api.replicate.com/v1"),
        ("https://api.replicate.com/v1/", "https://api.replicate.com/v1"),
        ("https://api.replicate.com", "https://api.replicate.com/v1"),
        ("http://127.0.0.1:8000//", "http://127.0.0.1:8000/v1"),
        ("https://proxy/replicate/", "https://proxy/replicate/v1"),
        ("https://proxy/myv1", "https://proxy/myv1/v1"),
    ],
)
async def test_the_base_may_end_in_slashes_and_leave_out_v1(base: str, root: str) -> None:
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(201, json=STARTING)

    await client(handle, base).create("v", {})
    assert api_root(base) == root
    assert seen == [f"{root}/predictions"]


async def test_a_creation_sends_the_documented_request_once() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json=STARTING)

    report = await client(handle).create(
        "v" * 64,
        {"seed": 1},
        webhook="https://x/hook?token=t",
        webhook_events=("completed",),
        cancel_after=timedelta(minutes=5),
    )
    (request,) = seen
    assert report.id == "p1"
    assert request.method == "POST"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["cancel-after"] == "300s"
    assert "prefer" not in request.headers
    assert json.loads(request.content) == {
        "version": "v" * 64,
        "input": {"seed": 1},
        "webhook": "https://x/hook?token=t",
        "webhook_events_filter": ["completed"],
    }
    assert request.extensions["timeout"] == {"connect": 5.0, "read": 20.0, "write": 20.0, "pool": 5.0}


async def test_without_a_webhook_no_webhook_key_is_sent() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert json.loads(request.content) == {"version": "v", "input": {}}
        assert "cancel-after" not in request.headers
        return httpx.Response(202, json=STARTING)

    await client(handle).create("v", {})


@pytest.mark.parametrize(("asked", "sent"), [(0.5, "5s"), (90.7, "90s"), (10**6, "86400s")])
async def test_cancel_after_stays_within_what_the_provider_takes(asked: float, sent: str) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.headers["cancel-after"] == sent
        return httpx.Response(201, json=STARTING)

    await client(handle).create("v", {}, cancel_after=timedelta(seconds=asked))


async def test_read_and_cancel_quote_the_id() -> None:
    seen: list[tuple[str, bytes]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append((request.method, request.url.raw_path))
        return httpx.Response(200, json={**STARTING, "status": "canceled"})

    provider = client(handle)
    assert await provider.read("a/b?c") == {**STARTING, "status": "canceled"}
    assert (await provider.cancel("p1")).status == "canceled"
    assert seen == [("GET", b"/v1/predictions/a%2Fb%3Fc"), ("POST", b"/v1/predictions/p1/cancel")]


def listing(pages: dict[str, dict[str, Any]], seen: list[str]) -> ReplicateClient:
    """A provider that lists `pages` by their query."""

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        return httpx.Response(200, content=json.dumps(pages[request.url.query.decode()]))

    return client(handle)


FIRST = "created_after=2026-11-22T10%3A00%3A00Z"


async def test_recent_predictions_come_page_by_page_without_following_other_hosts() -> None:
    seen: list[str] = []
    pages: dict[str, dict[str, Any]] = {
        FIRST: {
            "results": [{"id": "c", "status": "starting"}, {"id": "b", "status": "from the future"}, {}, 5],
            "next": "https://elsewhere.example/other?cursor=b%3D",
        },
        "cursor=b%3D": {"results": [{"id": "a", "status": "failed"}], "next": None, "previous": "x"},
    }
    found = [[report.id for report in page] async for page in listing(pages, seen).recent(NOW)]
    assert found == [["c", "b"], ["a"]]
    assert all(url.startswith("https://api.replicate.com/v1/predictions?") for url in seen)


async def test_a_list_longer_than_the_bound_is_inconclusive_not_empty() -> None:
    seen: list[str] = []
    pages = {query: {"results": [STARTING], "next": "https://h/?cursor=more"} for query in (FIRST, "cursor=more")}
    following = listing(pages, seen).recent(NOW, max_pages=3)
    assert [len(await anext(following)) for _ in range(3)] == [1, 1, 1]
    with pytest.raises(OutcomeUnknown, match="more than 3 pages"):
        await anext(following)
    assert len(seen) == 3


@pytest.mark.parametrize(
    "page",
    [
        [],
        {},
        {"results": None},
        {"results": [], "next": 5},
        {"results": [], "next": "https://h/no-query"},
        {"results": [], "next": "https://h/\ud83d?c=x"},
        {"results": [], "next": "https://h/?c=\ud83d"},
        {"results": [], "next": "https://h/?c=" + "x" * 60_000},
    ],
)
async def test_a_list_that_cannot_be_read_is_inconclusive(page: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        async for _ in listing({FIRST: page}, []).recent(NOW):
            pass


@pytest.mark.parametrize("token", ["", " \n", "r8 é", "r8_a\nb"])
def test_a_token_no_header_can_carry_is_refused_unseen(token: str) -> None:
    with pytest.raises(ValueError, match="API token") as caught:
        ReplicateClient(httpx.AsyncClient(), "https://x", SecretStr(token))
    assert not token.strip() or token not in str(caught.value)


async def test_a_token_with_a_newline_at_its_end_works() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        return httpx.Response(200, json=STARTING)

    http = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    await ReplicateClient(http, "https://x", SecretStr(f"{TOKEN}\n")).read("p1")


@pytest.mark.parametrize("status", [401, 402, 422, 429, 500])
async def test_the_token_is_in_no_error_repr_or_log(status: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    provider = answering(status, json={"title": TOKEN, "detail": f"you sent Bearer {TOKEN}"})
    error = await failure(provider)
    shown = [repr(provider), repr(vars(provider)), repr(error), str(error), repr(vars(error)), caplog.text]
    assert TOKEN not in "".join([*shown, *traceback.format_exception(error)])
    assert "[token]" in str(error)
