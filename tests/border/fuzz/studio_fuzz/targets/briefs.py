"""Requests for a job with any body: each is accepted or refused by name, and what is accepted can be planned."""

import asyncio
import atexit
from functools import cache
from random import Random

import httpx
from pydantic import ValidationError

from studio_contracts.brief import Brief
from studio_fuzz.mutation import corpus, document
from studio_fuzz.target import Target
from studio_stencil.planning.plan import make_plan
from studio_support.gateway_in_memory import GatewayInMemory, open_gateway

BODIES = corpus("briefs")
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"content-type": "application/json"},
    {"content-type": "text/plain"},
    {"content-type": "application/json; charset=utf-16"},
    {"idempotency-key": "x" * 300},
    {"idempotency-key": ""},
    {"traceparent": "00-zz"},
    {"accept": "text/html"},
)
REFUSALS = (400, 404, 406, 409, 413, 415, 422)
MOST_PIXELS = 2 * 2**20


def _body(random: Random) -> bytes:
    return document(random, BODIES)


def _check_brief(body: bytes) -> None:
    try:
        brief = Brief.model_validate_json(body)
    except ValidationError:
        return
    assert Brief.model_validate_json(brief.model_dump_json()) == brief


def _check_plan(body: bytes) -> None:
    try:
        brief = Brief.model_validate_json(body)
    except ValidationError:
        return
    surface = brief.surface
    plan = make_plan(brief.prompt, surface.width_m, surface.height_m, brief.palette, brief.strategy, 7)
    assert 1 <= len(plan.directions) <= 3
    assert plan.fit.size.width * plan.fit.size.height <= MOST_PIXELS


def _request(random: Random) -> tuple[bytes, dict[str, str]]:
    return _body(random), random.choice(HEADERS)


def _check_request(request: tuple[bytes, dict[str, str]]) -> None:
    response = _poster().post(*request)
    if response.status_code == 202:
        assert response.json()["status"] == "pending"
    else:
        assert response.status_code in REFUSALS, response.text
        assert response.headers["content-type"] == "application/problem+json"
        assert len(response.content) < 20_000


class _Poster:
    """Posts jobs to a gateway in this process."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._gateway = GatewayInMemory()
        self._opened = open_gateway(self._gateway)
        self._runner.run(self._opened.__aenter__())
        self._client = self._gateway.client()
        atexit.register(self._close)

    def post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        self._gateway.database.jobs.clear()
        self._gateway.database.outboxes.clear()
        self._gateway.published.clear()
        self._gateway.wire.calls.clear()
        return self._runner.run(self._client.post("/v1/jobs", content=body, headers=headers))

    def _close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.run(self._opened.__aexit__(None, None, None))
        self._runner.close()


@cache
def _poster() -> _Poster:
    return _Poster()


TARGETS = (
    Target("briefs", 100, _body, _check_brief),
    Target("brief-plans", 10, _body, _check_plan),
    Target("brief-requests", 10, _request, _check_request),
)
