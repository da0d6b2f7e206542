"""Responses of any status, headers and body: each is a prediction, or an error that says what the queue should do."""

import asyncio
import atexit
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any, NamedTuple

import httpx
from pydantic import SecretStr

from studio_chassis.messaging.dispositions import Pause, Retry
from studio_chassis.replicate.client import ReplicateClient
from studio_chassis.replicate.errors import InvalidRequest, NotFound, ProviderError, error_for
from studio_chassis.replicate.errors import Response as ErrorResponse
from studio_domain.prediction import PredictionReport, UnreadablePrediction, read_prediction
from studio_fuzz.mutation import corpus, document, text, value
from studio_fuzz.target import Target
from studio_predictor.disposition import disposition

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
TOKEN = "r8_very_secret_token"
BODIES = corpus("provider")
HEADERS: dict[str, tuple[str, ...]] = {
    "location": ("", "/", "//", "http://[", "https://u:p@h/x?y", "data:,", "h" * 5_000),
    "retry-after": ("5", "-1", "nan", "1e999", "Sun, 22 Nov 2026 10:00:30 GMT", "9" * 400, "soon", "Sun, 99 Nov 2026"),
    "content-type": ("application/json", "text/html; charset=utf-99", "x", "application/problem+json"),
    "content-encoding": ("gzip", "br", "gzip, gzip", "identity", "unheard-of"),
}
STATUSES = (200, 201, 202, 204, 206, 301, 304, 307, 400, 401, 402, 403, 404, 407, 421, 422, 429, 499, 500, 503)
CALLS = ("create", "read", "cancel", "recent")


class Answer(NamedTuple):
    """A response, and the call that gets it."""

    call: str
    status: int
    headers: dict[str, str]
    body: bytes


def _answer(random: Random) -> Answer:
    status = random.choice(STATUSES) if random.random() < 0.8 else random.randrange(200, 600)
    headers = {name: random.choice(choices) for name, choices in HEADERS.items() if random.random() < 0.3}
    return Answer(random.choice(CALLS), status, headers, document(random, BODIES))


def _error_answer(random: Random) -> Answer:
    answer = _answer(random)
    return answer._replace(status=answer.status if answer.status >= 300 else random.randrange(300, 600))


def _check_error(answer: Answer) -> None:
    _check_refusal(error_for(ErrorResponse(answer.status, answer.headers, answer.body), NOW))


def _check_refusal(error: ProviderError) -> None:
    assert len(str(error)) < 5_000
    if isinstance(error, InvalidRequest):
        assert 400 <= error.status < 500
    elif not isinstance(error, NotFound):
        assert isinstance(disposition(error), Pause | Retry)


def _check_answer(answer: Answer) -> None:
    try:
        found = _asker().ask(answer)
    except ProviderError as error:
        assert TOKEN not in str(error)
        _check_refusal(error)
        return
    expected: dict[str, type] = {"recent": list, "read": dict}
    assert isinstance(found, expected.get(answer.call, PredictionReport))


class _Asker:
    """A client of the provider that gets the response which is wanted."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._answer: Answer
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._respond))
        atexit.register(self._runner.close)
        atexit.register(lambda: self._runner.run(http.aclose()))
        self._provider = ReplicateClient(http, "https://api.replicate.com", SecretStr(TOKEN), lambda: NOW)

    def ask(self, answer: Answer) -> object:
        self._answer = answer
        return self._runner.run(self._call(answer.call))

    def _respond(self, _: httpx.Request) -> httpx.Response:
        return httpx.Response(self._answer.status, headers=self._answer.headers, content=_stream(self._answer.body))

    async def _call(self, name: str) -> object:
        match name:
            case "create":
                return await self._provider.create("v", {"seed": 1})
            case "read":
                return await self._provider.read("p1")
            case "cancel":
                return await self._provider.cancel("p1")
            case _:
                return [page async for page in self._provider.recent(NOW, max_pages=2)]


@cache
def _asker() -> _Asker:
    return _Asker()


async def _stream(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _prediction(random: Random) -> object:
    """What a prediction may be once it is parsed."""
    found: Any = {
        "id": "p0.1", "status": random.choice(("starting", "succeeded", "failed", "canceled", "aborted", "odd")),
        "output": ["https://replicate.delivery/a.png"], "error": None, "metrics": {"predict_time": 2.5},
        "created_at": "2026-11-22T10:00:00Z", "completed_at": None, "input": {"seed": 7, "prompt": "x"},
    }  # fmt: skip
    for name in random.sample(tuple(found), random.randint(1, 3)):
        found[name] = value(random)
    if random.random() < 0.1:
        found[text(random, 8)] = value(random)
    return found if random.random() < 0.98 else value(random)


def _check_prediction(prediction: object) -> None:
    try:
        report = read_prediction(prediction)
    except UnreadablePrediction as error:
        assert str(error)
        return
    assert PredictionReport.model_validate_json(report.model_dump_json()) == report


TARGETS = (
    Target("provider-predictions", 160, _prediction, _check_prediction),
    Target("provider-errors", 90, _error_answer, _check_error),
    Target("provider-answers", 20, _answer, _check_answer),
)
