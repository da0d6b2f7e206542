"""Every error is problem+json, names what is wrong and what is allowed, and is never cached."""

import json
from typing import Any, get_args

import httpx
import pytest

from studio_contracts.brief import Strategy
from studio_contracts.palette import PALETTE
from studio_gateway.api.job_request import JobRequest
from studio_support.gateway_in_memory import GatewayInMemory

PROMPT = {"prompt": "ocean"}


def assert_problem(response: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    problem = dict(response.json())
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-request-id"]
    assert (problem["type"], problem["status"]) == (f"urn:tpv-studio:problem:{kind}", status)
    assert problem["title"]
    assert problem["detail"]
    return problem


@pytest.mark.parametrize("path", ["/nowhere", "/v1/nothing", "/v1/jobs/", "//v1/jobs", "/healthz/x", "/v1/jobs/a/b/c"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_unknown_routes_are_problems(client: httpx.AsyncClient, method: str, path: str) -> None:
    assert_problem(await client.request(method, f"http://studio{path}"), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("DELETE", "/v1/jobs", "GET, HEAD, POST"), ("PUT", "/v1/jobs/x", "DELETE, GET, HEAD, PATCH"),
     ("GET", "/v1/jobs/x/cancel", "POST"), ("POST", "/v1/palette", "GET, HEAD"),
     ("POST", "/healthz", "GET, HEAD"), ("POST", "/", "GET, HEAD"), ("POST", "/docs", "GET, HEAD"),
     ("GET", "/.netlify/functions/studio-enqueue", "POST"), ("OPTIONS", "/v1/jobs", "GET, HEAD, POST")],
)  # fmt: skip
async def test_wrong_methods_are_problems_that_name_the_right_ones(
    client: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    response = await client.request(method, path)
    assert_problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == allowed


STYLES = ["professional", "playful", "geometric"]
SIDE = ["0.5 to 100"]
COUNT = ["1 to 12"]
CODES = [colour.code for colour in PALETTE]


@pytest.mark.parametrize(
    ("brief", "field", "allowed"),
    [
        ({}, "prompt", ["1 to 2000 characters"]),
        ({"prompt": ""}, "prompt", ["1 to 2000 characters"]),
        ({"prompt": "x" * 2001}, "prompt", ["1 to 2000 characters"]),
        ({"prompt": "bell\x07"}, "prompt", ["1 to 2000 characters"]),
        ({"prompt": 7}, "prompt", ["1 to 2000 characters"]),
        (PROMPT | {"count": 0}, "count", COUNT),
        (PROMPT | {"count": 13}, "count", COUNT),
        (PROMPT | {"count": "many"}, "count", COUNT),
        (PROMPT | {"count": 1.5}, "count", COUNT),
        (PROMPT | {"count": None}, "count", COUNT),
        (PROMPT | {"style": "baroque"}, "style", STYLES),
        (PROMPT | {"strategy": "zigzag"}, "strategy", list(get_args(Strategy))),
        (PROMPT | {"seed": -1}, "seed", ["0 to 2147483647"]),
        (PROMPT | {"surface": {"width_m": 0}}, "surface.width_m", SIDE),
        (PROMPT | {"surface": {"width_m": 5, "height_m": 101}}, "surface.height_m", SIDE),
        (PROMPT | {"surface": {"height_m": -1}}, "surface.height_m", SIDE),
        (PROMPT | {"surface": {"width_m": 100, "height_m": 1e-8}}, "surface.height_m", SIDE),
        (PROMPT | {"surface": {"width_m": 50, "height_m": 1}}, "surface", None),
        (PROMPT | {"surface": {"outline": {"outer": [[0, 0], [9, 9], [9, 0], [0, 9]]}}}, "surface.outline", None),
        (PROMPT | {"surface": "large"}, "surface", ["width_m", "height_m", "outline"]),
        (PROMPT | {"palette": ["RH99"]}, "palette", CODES),
        (PROMPT | {"palette": []}, "palette", ["1 to 6 items"]),
        (PROMPT | {"palette": CODES[:7]}, "palette", ["1 to 6 items"]),
        (
            PROMPT | {"colour": "blue"},
            "colour",
            [field.alias or name for name, field in JobRequest.model_fields.items()],
        ),
    ],
)
async def test_each_wrong_field_is_named_with_what_it_may_hold_and_nothing_is_stored(
    gateway: GatewayInMemory, client: httpx.AsyncClient, brief: dict[str, Any], field: str, allowed: list[str] | None
) -> None:
    (problem,) = assert_problem(await client.post("/v1/jobs", json=brief), 422, "invalid")["errors"]
    assert (problem["field"], problem.get("allowed")) == (field, allowed)
    assert problem["detail"]
    assert gateway.wire.calls == []


@pytest.mark.parametrize("surface", [{"width_m": 100, "height_m": 1e-8}, {"width_m": 5e-324}, {"width_m": 61}])
async def test_a_surface_too_thin_to_lay_is_refused_with_both_limits(
    client: httpx.AsyncClient, surface: dict[str, float]
) -> None:
    response = await client.post("/v1/jobs", json=PROMPT | {"surface": surface})
    (error,) = assert_problem(response, 422, "invalid")["errors"]
    assert "0.5 to 100 m" in error["detail"]
    assert "20 times the shorter" in error["detail"]


async def test_all_wrong_fields_are_listed_together(client: httpx.AsyncClient) -> None:
    brief = {"prompt": "", "count": 99, "style": "x", "surface": {"width_m": 0, "height_m": 0}, "palette": ["RH99"]}
    problem = assert_problem(await client.post("/v1/jobs", json=brief), 422, "invalid")
    fields = [error["field"] for error in problem["errors"]]
    assert fields == ["prompt", "surface.width_m", "surface.height_m", "palette", "style", "count"]
    assert all(field in problem["detail"] for field in fields)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
async def test_numbers_that_are_none_are_refused(client: httpx.AsyncClient, number: str) -> None:
    body = f'{{"prompt": "ocean", "surface": {{"width_m": {number}}}}}'
    response = await client.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    assert assert_problem(response, 422, "invalid")["errors"][0]["field"] == "surface.width_m"


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"{", 422, "invalid"),
        (b"", 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b'{"prompt": "\xff"}', 400, "bad-request"),
        (b"[" * 50_000, 400, "bad-request"),
        (b'{"prompt": "\\ud800"}', 422, "invalid"),
        (b'{"prompt": "ocean", "\\ud800": 1}', 422, "invalid"),
        (b'{"prompt": "ocean", "palette": ["\\ud800"]}', 422, "invalid"),
        (b'{"prompt": "ocean", "style": "\\ud800"}', 422, "invalid"),
        (b'{"prompt": "ocean", "count": ' + b"9" * 5000 + b"}", 400, "bad-request"),
        (b'{"prompt": "' + b"x" * 70_000 + b'"}', 413, "too-large"),
    ],
)
async def test_bodies_that_are_no_brief_are_problems(
    gateway: GatewayInMemory, client: httpx.AsyncClient, body: bytes, status: int, kind: str
) -> None:
    response = await client.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    problem = assert_problem(response, status, kind)
    if body == b"{":
        assert problem["errors"][0]["field"] == "body"
        assert "not JSON" in problem["detail"]
    assert gateway.database.jobs == {}


async def test_a_thousand_unknown_fields_get_a_short_answer(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/jobs", json=PROMPT | {f"field {number}": 1 for number in range(1000)})
    assert len(assert_problem(response, 422, "invalid")["errors"]) == 50


@pytest.mark.parametrize(
    ("headers", "named"),
    [({"Content-Type": "application/x-www-form-urlencoded"}, "x-www-form-urlencoded"),
     ({"Content-Type": "text/plain"}, "text/plain"), ({}, "missing"), ({"Content-Type": ""}, "missing")],
)  # fmt: skip
async def test_the_answer_to_a_body_without_a_json_type_names_the_one_it_needs(
    gateway: GatewayInMemory, client: httpx.AsyncClient, headers: dict[str, str], named: str
) -> None:
    response = await client.post("/v1/jobs", content=json.dumps(PROMPT), headers=headers)
    detail = assert_problem(response, 415, "not-json")["detail"]
    assert named in detail
    assert "Content-Type: application/json" in detail
    assert response.headers["accept-post"] == "application/json"
    assert gateway.database.jobs == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/jobs"), ("GET", "/v1/jobs"), ("GET", "/v1/jobs/x"), ("POST", "/v1/jobs/x/cancel"),
     ("GET", "/v1/jobs/x/events"), ("GET", "/v1/jobs/x/directions/0/stencil"), ("GET", "/v1/jobs/x/bundle.zip")],
)  # fmt: skip
async def test_a_store_that_does_not_answer_is_503_with_a_hint_when_to_come_back(
    gateway: GatewayInMemory, client: httpx.AsyncClient, method: str, path: str
) -> None:
    gateway.wire.cut = True
    response = await client.request(method, path, json=PROMPT if method == "POST" else None)
    assert_problem(response, 503, "unavailable")
    assert response.headers["retry-after"] == "5"


async def test_the_answer_to_an_unexpected_error_has_no_internals(
    gateway: GatewayInMemory, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(*_: Any) -> None:
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr(gateway.context.store, "recent_of", break_down)
    response = await client.get("/v1/jobs")
    assert response.status_code == 500
    assert (response.headers["content-type"], response.headers["cache-control"]) == (
        "application/problem+json",
        "no-store",
    )
    assert "secret" not in response.text


async def test_an_outline_that_cannot_be_laid_is_refused_in_words_that_name_its_point(
    client: httpx.AsyncClient,
) -> None:
    outline = {"outer": [[0, 0], [4, 4], [4, 0], [0, 4]]}
    answer = await client.post("/v1/jobs", json={"prompt": "waves", "surface": {"outline": outline}})
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert problem["field"] == "surface.outline"
    assert "its side from point 1 to point 2 meets the one from point 3 to point 4" in str(problem)
