"""Responses of any status, headers and body: each is a prediction, or an error that says what the queue should do."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import strategies as st
from pydantic import SecretStr

from studio_chassis.messaging.dispositions import Pause, Retry
from studio_chassis.replicate.client import ReplicateClient
from studio_chassis.replicate.errors import InvalidRequest, NotFound, ProviderError
from studio_domain.prediction import PredictionReport
from studio_predictor.handlers import _disposition
from tests.border.fuzz.bounds import JSON, bent, fuzz, within_bounds

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
TOKEN = "r8_very_secret_token"
SEEDS = (
    b'{"id": "p1", "status": "starting", "input": {"prompt": "x"}, "urls": {"get": "https://x"}}',
    b'{"results": [{"id": "a", "status": "failed"}, {"id": "b", "status": "odd"}], "next": "https://h/?cursor=x"}',
    b'{"title": "Input validation failed", "detail": "- input.seed: no", "invalid_fields": [{"type": "enum"}]}',
    b'{"detail": "Request was throttled. Your rate limit resets in ~3s.", "retry_after": 7, "status": 429}',
    b"<html><h1>502 Bad Gateway</h1></html>",
    TOKEN.encode(),
)
BODIES = bent(SEEDS) | st.binary(max_size=80) | JSON.map(lambda value: json.dumps(value).encode())
LOCATIONS = st.sampled_from(("", "/", "//", "http://[", "https://u:p@h/x?y", "data:,", "h" * 5_000)) | st.text(
    st.characters(codec="ascii", exclude_categories=["C"]), max_size=20
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "location": LOCATIONS,
        "retry-after": st.sampled_from(("5", "-1", "nan", "1e999", "Sun, 22 Nov 2026 10:00:30 GMT", "9" * 400, "soon")),
        "content-type": st.sampled_from(("application/json", "text/html; charset=utf-99", "x")),
        "content-encoding": st.sampled_from(("gzip", "br", "gzip, gzip", "identity", "unheard-of")),
    },
)
STATUSES = st.sampled_from((200, 201, 202, 204, 206, 301, 304, 307, 400, 401, 402, 403, 404, 407, 421, 422, 429)) | (
    st.integers(200, 599)
)
CALLS = ("create", "read", "cancel", "recent")
Ask = Callable[[str, int, dict[str, str], bytes], object]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Makes a call that gets that response, and gives what comes of it."""
    response: list[Any] = []

    def answer(_: httpx.Request) -> httpx.Response:
        status, headers, body = response
        return httpx.Response(status, headers=headers, content=_stream(body))

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    provider = ReplicateClient(http, "https://api.replicate.com", SecretStr(TOKEN), lambda: NOW)

    async def recent() -> list[Any]:
        return [page async for page in provider.recent(NOW, max_pages=2)]

    async def call(name: str) -> object:
        match name:
            case "create":
                return await provider.create("v", {"seed": 1})
            case "read":
                return await provider.read("p1")
            case "cancel":
                return await provider.cancel("p1")
            case _:
                return await recent()

    with asyncio.Runner() as runner:

        def send(name: str, status: int, headers: dict[str, str], body: bytes) -> object:
            response[:] = [status, headers, body]
            return runner.run(call(name))

        yield send
        runner.run(http.aclose())


@fuzz(st.sampled_from(CALLS), STATUSES, HEADERS, BODIES)
def test_any_response_is_a_prediction_or_an_error_with_a_disposition(
    ask: Ask, call: str, status: int, headers: dict[str, str], body: bytes
) -> None:
    with within_bounds():
        try:
            found = ask(call, status, headers, body)
        except ProviderError as error:
            assert TOKEN not in str(error)
            assert len(str(error)) < 5_000
            if isinstance(error, InvalidRequest):
                assert 400 <= error.status < 500
            elif not isinstance(error, NotFound):
                assert isinstance(_disposition(error), Pause | Retry)
            return
    if call == "recent":
        assert isinstance(found, list)
    elif call == "read":
        assert isinstance(found, dict)
    else:
        assert isinstance(found, PredictionReport)


async def _stream(body: bytes) -> Any:
    yield body
