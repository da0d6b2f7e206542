"""What every route does the same way: HEAD, compression, unknown parameters, and what CORS lets through."""

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route

from studio_gateway.documents import drawn_sheets
from studio_gateway.http.compression import MINIMUM_BYTES
from studio_support.gateway_in_memory import GatewayInMemory, OpenGateway

API: dict[str, Any] = json.loads((Path(__file__).parents[3] / "docs" / "api" / "openapi.json").read_text())
READS = [
    "/", "/jobs/{job}", "/static/form.js", "/docs", "/openapi.json", "/healthz", "/readyz",
    "/v1/jobs", "/v1/jobs/{job}",
    "/v1/jobs/{job}/events", "/v1/jobs/{job}/directions/0/stencil", "/v1/jobs/{job}/concepts/0-0/quantized",
    "/v1/jobs/{job}/concepts/0-0/svg", "/v1/palette", "/v1/options", "/v1/jobs/nobody",
    "/.netlify/functions/studio-inspire-status?jobId={job}", "/nowhere",
]  # fmt: skip
NOT_COMPARED = {"date", "x-request-id"}


@pytest.mark.parametrize("path", READS)
async def test_head_answers_as_get_does_without_a_body(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str, path: str
) -> None:
    await gateway.finish(job_id)
    address = path.format(job=job_id)
    get, head = await client.get(address), await client.head(address)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert {name: value for name, value in head.headers.items() if name not in NOT_COMPARED} == {
        name: value for name, value in get.headers.items() if name not in NOT_COMPARED
    }


async def test_head_of_an_open_stream_answers_immediately_and_leaves_no_subscription(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    response = await client.head(f"/v1/jobs/{job_id}/events")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert gateway.subscriptions._watched == {}


@pytest.mark.parametrize("name", ["bundle.zip", "concepts/0-0/sheet.pdf"])
async def test_head_of_a_file_that_is_made_makes_nothing_and_tells_no_length(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gateway.finish(job_id)
    address = f"/v1/jobs/{job_id}/{name}"
    whole = await client.get(address)
    monkeypatch.setattr(drawn_sheets, "_draw", None)
    gateway.app.state.dependencies.sheets._drawn.clear()
    gateway.wire.calls.clear()
    head = await client.head(address)
    assert (head.status_code, "content-length" in head.headers) == (200, False)
    headers, whole_headers = [dict(answer.headers) for answer in (head, whole)]
    assert whole_headers.pop("vary").startswith(headers.pop("vary")), "GET adds Accept-Encoding, for it has a body"
    assert headers.items() - whole_headers.items() <= {("x-request-id", head.headers["x-request-id"])}
    assert not [call for call in gateway.wire.calls if call.startswith("objects.")]


async def test_head_answers_an_unexpected_error_like_get(
    gateway: GatewayInMemory, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(gateway.context.store, "recent_of", break_down)
    assert (await client.head("/v1/jobs")).status_code == 500


async def test_a_long_json_is_compressed_and_its_entity_tag_says_so(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    await gateway.finish(job_id)
    plain = await client.get(f"/v1/jobs/{job_id}", headers={"Accept-Encoding": "identity"})
    compressed = await client.get(f"/v1/jobs/{job_id}", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert compressed.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in compressed.headers["vary"].lower()
    assert compressed.json() == plain.json()
    assert int(compressed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert (plain.headers["etag"], compressed.headers["etag"]) == ('"7"', 'W/"7"')
    again = await client.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": compressed.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/v1/jobs/{job}/directions/0/stencil", "/v1/jobs/{job}/events", "/healthz"])
async def test_pictures_events_archives_and_short_texts_are_not_compressed(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str, path: str
) -> None:
    await gateway.finish(job_id)
    gateway.bucket[f"jobs/{job_id}/directions/0/stencil.png"] = b"x" * (2 * MINIMUM_BYTES)
    response = await client.get(path.format(job=job_id), headers={"Accept-Encoding": "gzip"})
    assert (response.status_code, response.headers.get("content-encoding")) == (200, None)


async def test_a_compressed_drawing_cannot_be_resumed_with_bytes_of_the_plain_one(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    await gateway.finish(job_id)
    drawing = b"<svg>" + b"<path/>" * MINIMUM_BYTES
    gateway.bucket[f"jobs/{job_id}/concepts/0-0/svg.svg"] = drawing
    address = f"/v1/jobs/{job_id}/concepts/0-0/svg"
    etag = (await client.get(address, headers={"Accept-Encoding": "gzip"})).headers["etag"]
    resumed = await client.get(address, headers={"Range": "bytes=10-", "If-Range": etag, "Accept-Encoding": "gzip"})
    assert (resumed.status_code, resumed.content) == (200, drawing)
    async with client.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as raw:
        assert gzip.decompress(b"".join([chunk async for chunk in raw.aiter_raw()])) == drawing


@pytest.mark.parametrize(
    ("path", "unknown", "known"),
    [
        (
            "/v1/jobs?satus=failed",
            "satus",
            "status, kind, text, project, favourite, metadata, since, before, sort, counts, limit, cursor",
        ),
        ("/v1/jobs/{job}?verbose=1", "verbose", "none"),
        ("/v1/jobs/{job}/events?from=3", "from", "none"),
        ("/v1/jobs/{job}/directions/0/stencil?dl=1", "dl", "v, download"),
        ("/v1/jobs/{job}/bundle.zip?v=1", "v", "none"),
        ("/v1/palette?page=2", "page", "none"),
        ("/v1/options?x", "x", "none"),
    ],
)
async def test_an_unknown_parameter_is_refused_by_name(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str, path: str, unknown: str, known: str
) -> None:
    await gateway.finish(job_id)
    response = await client.get(path.format(job=job_id))
    (problem,) = response.json()["errors"]
    assert (response.status_code, problem["field"]) == (422, unknown)
    assert problem["detail"].endswith(f"Known here: {known}.")


async def test_the_provider_the_panel_and_the_page_may_send_parameters_that_are_not_read(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    assert (await client.get("/?from=elsewhere&utm_source=mail")).status_code == 200
    status = await client.get("/.netlify/functions/studio-inspire-status", params={"jobId": job_id, "t": "1"})
    assert status.status_code == 200


def test_every_route_of_the_api_refuses_unknown_parameters_except_webhooks(gateway: GatewayInMemory) -> None:
    lenient = [
        route.path
        for route in gateway.app.routes
        if isinstance(route, APIRoute) and route.path.startswith("/v1/") and not route.dependencies
    ]
    webhooks = "/v1/webhooks/replicate"
    assert lenient == [
        f"{webhooks}/{{token}}/{{job_id}}/{{slot}}/{{attempt}}",
        f"{webhooks}/{{job_id}}/{{slot}}/{{attempt}}",
    ]


async def test_a_page_elsewhere_may_send_every_header_that_the_api_documents(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(cors_origins="https://panel.example")
    documented = {
        parameter["name"]
        for operations in API["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "header"
    }
    assert {"traceparent", "idempotency-key", "last-event-id"} <= documented
    async with gateway.client() as client:
        for header in documented:
            preflight = {
                "Origin": "https://panel.example",
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": header,
            }
            assert (await client.options("/v1/jobs", headers=preflight)).status_code == 200, header


async def test_a_page_elsewhere_may_read_every_header_that_the_api_documents(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(cors_origins="https://panel.example")
    safelisted = {"cache-control", "content-type", "content-length"}
    documented = {
        header.lower()
        for operations in API["paths"].values()
        for operation in operations.values()
        for response in operation["responses"].values()
        for header in response.get("headers", ())
    }
    async with gateway.client() as client:
        response = await client.get("/v1/palette", headers={"Origin": "https://panel.example"})
    exposed = {name.strip().lower() for name in response.headers["access-control-expose-headers"].split(",")}
    assert documented - safelisted <= exposed


def test_no_route_is_left_out_of_the_description_by_accident(gateway: GatewayInMemory) -> None:
    described = set(API["paths"])
    undescribed = {route.path for route in gateway.app.routes if isinstance(route, Route)} - described
    assert undescribed == {
        "/", "/jobs", "/jobs/{job_id}", "/static/{name}", "/docs", "/docs/console", "/docs/events",
        "/openapi.json", "/asyncapi.json", "/healthz", "/readyz",
    }  # fmt: skip
