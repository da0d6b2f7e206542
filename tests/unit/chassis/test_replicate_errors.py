"""The provider's client: what each failure means for money already spent."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx
import pytest
from prometheus_client import REGISTRY

from studio_chassis.replicate import client as replicate
from studio_chassis.replicate import responses
from studio_chassis.replicate.errors import (
    AccountBlocked,
    ConnectionFailed,
    InvalidRequest,
    Misdirected,
    NotFound,
    NotTheProvider,
    OutcomeUnknown,
    OutOfCredit,
    ProviderServerError,
    RateLimited,
    ResponseTooLarge,
    Unauthorised,
)
from studio_support.mocked_provider import answering, failing, failure


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
    monkeypatch.setattr(responses, "log", SimpleNamespace(warning=lambda event, **keys: logged.append((event, keys))))
    report = await answering(201, json={"id": "p1", "status": "queued"}).create("v", {})
    assert (report.id, report.status, report.is_final) == ("p1", "queued", False)
    assert logged == [("unknown prediction status", {"prediction_id": "p1", "status": "queued"})]
    assert counted() == before + 1


@pytest.mark.parametrize("content", [b"{}", b"[]", b'{"ok": true}', b"<html>", b'{"id": "", "status": "new"}'])
async def test_what_is_no_prediction_is_never_read_as_one(content: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        await answering(200, content=content).read("p1")
