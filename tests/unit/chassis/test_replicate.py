"""The provider's client: what is sent, and what each failure means for money already spent."""

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from studio_chassis.replicate import client as replicate
from studio_chassis.replicate.client import ReplicateClient, api_root
from studio_chassis.replicate.errors import (
    AccountBlocked,
    ConnectionFailed,
    InvalidRequest,
    Misdirected,
    NotFound,
    NotTheProvider,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    ProviderServerError,
    RateLimited,
    ResponseTooLarge,
    Unauthorised,
)

TOKEN = "r8_very_secret"
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
STARTING = {"id": "p1", "status": "starting"}


def client(handler: Any, base: str = "https://api.replicate.com/v1") -> ReplicateClient:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return ReplicateClient(http, base, SecretStr(TOKEN), now=lambda: NOW)


def answering(status: int, **response: Any) -> ReplicateClient:
    return client(lambda request: httpx.Response(status, **response))


def failing(error: Exception) -> ReplicateClient:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    return client(fail)


async def failure(provider: ReplicateClient) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await provider.create("v", {})
    return caught.value


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


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectError("[Errno -2] Name or service not known"),
        httpx.ConnectTimeout("slow"),
        httpx.PoolTimeout("busy"),
        httpx.ProxyError("403 Forbidden"),
    ],
)
async def test_without_a_connection_nothing_was_created(error: Exception) -> None:
    assert type(await failure(failing(error))) is ConnectionFailed


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout("slow"),
        httpx.WriteTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.WriteError("broken pipe"),
        httpx.RemoteProtocolError("Server disconnected without sending a response."),
        httpx.DecodingError("bad gzip"),
    ],
)
async def test_a_failure_after_sending_may_have_created_one(error: Exception) -> None:
    assert type(await failure(failing(error))) is OutcomeUnknown


async def test_a_response_in_small_pieces_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicate, "TOTAL_SECONDS", 0.05)
    never = asyncio.Event()

    async def trickle() -> AsyncIterator[bytes]:
        yield b'{"id":'
        await never.wait()

    lost = await failure(answering(201, content=trickle()))
    assert type(lost) is OutcomeUnknown
    assert "TimeoutError" in str(lost)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, ProviderServerError) for status in (500, 502, 503, 504, 520)),
        *((status, OutcomeUnknown) for status in (408, 409, 425)),
    ],
)
async def test_a_server_error_in_html_may_have_created_one(status: int, kind: type[OutcomeUnknown]) -> None:
    lost = await failure(answering(status, html="<html><h1>Bad gateway</h1></html>"))
    assert type(lost) is kind
    assert str(status) in str(lost)
    assert "<html>" not in str(lost)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b'{"id": "p1"',
        b"[]",
        b"null",
        b"{}",
        b'{"status": "succeeded"}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
async def test_a_success_that_cannot_be_read_may_have_created_one(content: bytes) -> None:
    assert type(await failure(answering(201, content=content))) is OutcomeUnknown


async def test_reading_stops_at_the_size_limit() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 2**16
            yield b" " * 2**16

    assert type(await failure(answering(201, content=endless()))) is ResponseTooLarge
    assert sent <= replicate.MAX_RESPONSE_BYTES + 2**16


async def test_an_oversized_refusal_is_not_the_providers() -> None:
    body = b" " * (replicate.MAX_RESPONSE_BYTES + 1)
    assert type(await failure(answering(422, content=body))) is NotTheProvider


@pytest.mark.parametrize(
    ("body", "headers", "seconds"),
    [
        ({"retry_after": 7, "detail": "~3s"}, {"retry-after": "5"}, 7),
        ({"detail": "Request was throttled. Your rate limit resets in ~3s."}, {"retry-after": "5"}, 5),
        ({"detail": "~3s"}, {"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT"}, 30),
        ({"detail": "~3s"}, {"retry-after": "Sun, 22 Nov 2026 09:00:00 GMT"}, 1),
        ({"detail": "Request was throttled. Your rate limit resets in ~3s."}, {}, 3),
        ({"detail": "~3s"}, {"retry-after": "later"}, 3),
        ({"detail": "slow down"}, {}, 10),
        ({"retry_after": True}, {}, 10),
        ({"retry_after": "nan"}, {}, 10),
        ({"retry_after": 0}, {}, 1),
        ({"retry_after": -5}, {}, 1),
        ({"retry_after": 10**400}, {}, 10),
        ({"retry_after": 86_400}, {}, 600),
        (["odd"], {}, 10),
    ],
)
async def test_a_rate_limit_states_how_long_to_wait(body: object, headers: dict[str, str], seconds: float) -> None:
    throttled = await failure(answering(429, json=body, headers=headers))
    assert isinstance(throttled, RateLimited)
    assert throttled.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (402, OutOfCredit, {"title": "Insufficient credit", "detail": "Buy some.", "status": 402}),
        (401, Unauthorised, {"title": "Unauthenticated", "detail": "no valid token"}),
        (403, Unauthorised, {}),
        (401, Unauthorised, "not an object"),
    ],
)
async def test_no_credit_or_no_access_blocks_the_account(status: int, kind: type[AccountBlocked], body: object) -> None:
    stopped = await failure(answering(status, json=body))
    assert type(stopped) is kind
    assert isinstance(stopped, AccountBlocked)
    assert str(status) in str(stopped)


async def test_a_validation_error_is_refused_with_its_fields() -> None:
    body = {
        "title": "Input validation failed",
        "detail": "- input.num_outputs: Must be less than or equal to 4\n",
        "status": 422,
        "invalid_fields": [
            {"type": "number_lte", "field": "input.num_outputs", "description": "Must be less than or equal to 4"},
            {"type": "additional_property_not_allowed", "field": ""},
            "odd",
        ],
    }
    refused = await failure(answering(422, json=body))
    assert isinstance(refused, InvalidRequest)
    assert (refused.status, refused.title, refused.detail) == (422, body["title"], body["detail"])
    assert refused.invalid_fields == (
        ("input.num_outputs", "number_lte", "Must be less than or equal to 4"),
        ("", "additional_property_not_allowed", ""),
    )


@pytest.mark.parametrize("status", [400, 413, 422, 451])
async def test_a_refusal_in_the_providers_own_json_is_about_the_request(status: int) -> None:
    refused = await failure(answering(status, json={"title": None, "detail": "No."}))
    assert isinstance(refused, InvalidRequest)
    assert (refused.status, refused.detail) == (status, "No.")


FOREIGN = [b"", b"<html>", b"[]", b'"no"', b'{"error": "blocked"}', b'{"detail": [{"loc": ["body"], "msg": "x"}]}']


@pytest.mark.parametrize("status", [400, 406, 411, 413, 418, 422, 431, 451, 494, 499])
@pytest.mark.parametrize("content", FOREIGN)
async def test_a_refusal_without_the_providers_json_concerns_all_requests(status: int, content: bytes) -> None:
    error = await failure(answering(status, content=content))
    assert type(error) is NotTheProvider
    assert isinstance(error, ProviderServerError)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
async def test_a_redirect_is_named_as_a_fault_of_the_settings(status: int) -> None:
    headers = {"location": "https://user:password@api.replicate.com/v1/predictions?token=secret"}
    error = await failure(answering(status, headers=headers))
    assert type(error) is Misdirected
    assert "a redirect to https://api.replicate.com/v1/predictions. " in str(error)
    assert "REPLICATE_API_BASE" in str(error)
    assert "password" not in str(error)
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    "location", [None, "", "http://[", "//", "https://" + "h" * 10_000, "/v1/predictions/", "//h:port/", "http:x"]
)
async def test_any_location_of_a_redirect_can_be_named(location: str | None) -> None:
    headers = {} if location is None else {"location": location}
    error = await failure(answering(308, headers=headers))
    assert type(error) is Misdirected
    assert len(str(error)) < 1_000


@pytest.mark.parametrize("status", [404, 405, 407, 410, 421])
@pytest.mark.parametrize("content", [*FOREIGN, b'{"detail": "Not Found"}'])
async def test_a_path_or_proxy_that_is_not_the_api_is_a_fault_of_the_settings(status: int, content: bytes) -> None:
    error = await failure(answering(status, content=content))
    assert type(error) is Misdirected
    assert "REPLICATE_API_BASE or a proxy setting" in str(error)


async def test_a_huge_detail_is_cut() -> None:
    refused = await failure(answering(422, json={"title": "t" * 10**5, "detail": "d" * 10**5}))
    assert len(str(refused)) < 5_000


async def test_an_unknown_prediction_is_not_found() -> None:
    provider = answering(404, json={"detail": "The requested resource could not be found.", "status": 404})
    with pytest.raises(NotFound):
        await provider.read("p1")
    with pytest.raises(NotFound):
        await provider.cancel("p1")


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>"])
async def test_a_404_in_other_words_does_not_deny_that_a_prediction_exists(content: bytes) -> None:
    with pytest.raises(Misdirected):
        await answering(404, content=content).read("p1")


async def test_an_unknown_status_is_read_logged_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("studio_unknown_statuses_total") or 0.0

    before = counted()
    logged: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(replicate, "log", SimpleNamespace(warning=lambda event, **keys: logged.append((event, keys))))
    report = await answering(201, json={"id": "p1", "status": "queued"}).create("v", {})
    assert (report.id, report.status, report.is_final) == ("p1", "queued", False)
    assert logged == [("unknown prediction status", {"prediction_id": "p1", "status": "queued"})]
    assert counted() == before + 1


@pytest.mark.parametrize("content", [b"{}", b"[]", b'{"ok": true}', b"<html>", b'{"id": "", "status": "new"}'])
async def test_what_is_no_prediction_is_never_read_as_one(content: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        await answering(200, content=content).read("p1")


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
