"""Requests for a job with any body: each is accepted or refused by name, and what is accepted can be planned."""

import asyncio
import json
from collections.abc import Callable, Iterator

import httpx
import pytest
from hypothesis import strategies as st
from pydantic import ValidationError

from studio_contracts.brief import Brief
from studio_stencil.planning.plan import make_plan
from studio_support.gateway_in_memory import GatewayInMemory, open_gateway
from tests.border.fuzz.bounds import JSON, TEXT, bent, fuzz, within_bounds

SEEDS = (
    b'{"prompt": "ocean energy with fish", "count": 6}',
    b'{"prompt": "a pond", "surface": {"width_m": 5, "height_m": 5}, "style": "playful", "palette": ["RH30", "RH20"]}',
    b'{"prompt": "drei Schildkr\\u00f6ten", "count": 12, "seed": 4294967295, "strategy": "bands"}',
)
SIDES = st.sampled_from((1e-8, 5e-324, 0, -1, 0.5, 100, 1e308, float("nan"), float("inf"), "5", None, True)) | JSON
BRIEFS = st.fixed_dictionaries(
    {"prompt": TEXT | st.just("blue fish") | JSON},
    optional={
        "count": st.integers(-1, 13) | JSON,
        "surface": st.fixed_dictionaries({"width_m": SIDES, "height_m": SIDES}) | JSON,
        "style": st.sampled_from(("professional", "playful", "geometric")) | JSON,
        "palette": st.lists(st.sampled_from(("RH30", "RH20", "RH12", "RH99")), max_size=8) | JSON,
        "seed": st.integers() | JSON,
        "strategy": JSON,
    },
)
BODIES = bent(SEEDS) | st.binary(max_size=80) | BRIEFS.map(lambda value: json.dumps(value).encode())
HEADERS = st.sampled_from(
    (
        {},
        {"content-type": "application/json"},
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=utf-16"},
        {"idempotency-key": "x" * 300},
        {"idempotency-key": ""},
        {"traceparent": "00-zz"},
        {"accept": "text/html"},
    )
)
REFUSALS = (400, 406, 413, 415, 422)


@fuzz(BODIES)
def test_any_bytes_are_a_brief_that_can_be_planned_or_are_invalid(body: bytes) -> None:
    with within_bounds():
        try:
            brief = Brief.model_validate_json(body)
        except ValidationError:
            return
        surface = brief.surface
        plan = make_plan(brief.prompt, surface.width_m, surface.height_m, brief.palette, brief.strategy, 7)
    assert 1 <= len(plan.directions) <= 3
    assert plan.fit.size.width * plan.fit.size.height <= 2 * 2**20
    assert Brief.model_validate_json(brief.model_dump_json()) == brief


@pytest.fixture(scope="module")
def post() -> Iterator[Callable[[bytes, dict[str, str]], httpx.Response]]:
    """Posts a job to a gateway in this process."""
    with asyncio.Runner() as runner:
        gateway = GatewayInMemory()
        opened = open_gateway(gateway)
        runner.run(opened.__aenter__())
        client = gateway.client()

        def send(body: bytes, headers: dict[str, str]) -> httpx.Response:
            gateway.database.jobs.clear()
            gateway.database.outboxes.clear()
            gateway.published.clear()
            gateway.wire.calls.clear()
            return runner.run(client.post("/v1/jobs", content=body, headers=headers))

        yield send
        runner.run(client.aclose())
        runner.run(opened.__aexit__(None, None, None))


@fuzz(BODIES, HEADERS)
def test_any_request_for_a_job_is_accepted_or_refused_as_a_problem(
    post: Callable[[bytes, dict[str, str]], httpx.Response], body: bytes, headers: dict[str, str]
) -> None:
    with within_bounds():
        response = post(body, headers)
    if response.status_code == 202:
        assert response.json()["status"] == "pending"
    else:
        assert response.status_code in REFUSALS, response.text
        assert response.headers["content-type"] == "application/problem+json"
        assert len(response.content) < 20_000
