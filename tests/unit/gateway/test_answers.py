"""What every response carries, health, CORS and the documentation."""

import re
from urllib.parse import urljoin

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from studio_support.gateway_in_memory import GatewayInMemory, OpenGateway


@pytest.mark.parametrize("path", ["/v1/palette", "/v1/jobs", "/healthz", "/nowhere", "/asyncapi.json", "/openapi.json"])
async def test_api_answers_are_not_stored_and_carry_a_request_id(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert response.headers["cache-control"] == "no-store"
    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-request-id"])


async def test_a_client_s_request_id_comes_back_and_is_in_the_log(client: httpx.AsyncClient) -> None:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        response = await client.post("/v1/jobs", json={"prompt": "ocean"}, headers={"X-Request-ID": "web-17"})
    assert response.headers["x-request-id"] == "web-17"
    assert [line["request_id"] for line in logs if line["event"] == "accepted"] == ["web-17"]


@pytest.mark.parametrize("given", ["", "two words", "x" * 129, "ü", 'a"b'])
async def test_a_request_id_unfit_for_a_log_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/v1/palette", headers={b"X-Request-ID": given.encode("latin-1")})
    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-request-id"])


async def test_health_is_there_and_names_the_build(gateway: GatewayInMemory, client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json()["build"] == "build-7"
    assert (await client.get("/readyz")).status_code == 200
    gateway.wire.cut = True
    assert (await client.get("/readyz")).status_code == 503
    assert (await client.get("/healthz")).status_code == 200


async def test_only_pages_of_the_set_origins_may_read_answers(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(cors_origins="https://panel.example https://studio.example")
    async with gateway.client() as client:
        preflight = {
            "Origin": "https://panel.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type, idempotency-key",
        }
        response = await client.options("/v1/jobs", headers=preflight)
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == "https://panel.example"
        read = await client.get("/v1/jobs/nobody", headers={"Origin": "https://panel.example"})
        assert read.headers["access-control-allow-origin"] == "https://panel.example"
        assert "ETag" in read.headers["access-control-expose-headers"]
        stranger = await client.get("/v1/palette", headers={"Origin": "https://elsewhere.example"})
        assert "access-control-allow-origin" not in stranger.headers


async def test_without_that_setting_no_other_page_may_read_answers(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/palette", headers={"Origin": "https://panel.example"})
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("path", ["/docs", "/docs/console", "/docs/events"])
async def test_the_documentation_loads_nothing_from_elsewhere(client: httpx.AsyncClient, path: str) -> None:
    page = (await client.get(path)).text
    assert not re.search(r"""(src|href)=["'](https?:)?//""", page)
    for asset in re.findall(r"""(?:src|href|url)(?:=|: )["']([^"'#]+)""", page):
        assert not asset.startswith("/"), "below a proxy's path it would lead past the studio"
        assert (await client.get(urljoin(f"http://studio{path}", asset))).status_code == 200, asset


async def test_metrics_are_not_on_the_public_port_unless_it_is_the_only_one(gateway_with: OpenGateway) -> None:
    for health_port, status in ((8081, 404), (8080, 200)):
        gateway = await gateway_with(port=8080, health_port=health_port)
        async with gateway.client() as client:
            response = await client.get("/metrics")
        assert response.status_code == status
        assert ("python_info" in response.text) == (status == 200)


async def test_the_documentation_is_on_the_health_port_but_for_a_laptop(gateway_with: OpenGateway) -> None:
    pages = ("/docs", "/docs/console", "/docs/events", "/docs/assets/swagger-ui.css", "/openapi.json", "/asyncapi.json")
    for settings, status in (
        ({"access": "local", "trusted_hosts": "studio"}, 200),
        ({"access": "keys"}, 404),
        ({"access": "anonymous"}, 404),
        ({"access": "keys", "health_port": 8080}, 200),
    ):
        gateway = await gateway_with(**settings)
        private = httpx.ASGITransport(gateway.definition.health(gateway.health))
        async with gateway.client() as public, gateway.client(transport=private) as inside:
            for path in pages:
                assert (await public.get(path)).status_code == status, (settings, path)
                assert (await inside.get(path)).status_code == 200, path
            assert (await inside.get("/healthz")).json()["build"] == "build-7"
            assert (await inside.get("/metrics")).status_code == 200
            assert (await inside.get("/nowhere")).status_code == 404
