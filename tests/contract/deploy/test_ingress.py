"""Every path that the gateway's routes or its page use is routed by the Ingress, or stands on the private list."""

import re
from typing import Any

import pytest
import yaml
from starlette.routing import Mount, Route

from studio_gateway.web.page import ASSETS
from studio_support.gateway_in_memory import GatewayInMemory, open_gateway
from studio_support.kubernetes.overlays import KUBERNETES

PRIVATE = {
    "/healthz",
    "/readyz",
}


@pytest.fixture
def routed() -> list[dict[str, Any]]:
    manifests = yaml.safe_load_all((KUBERNETES / "base" / "gateway.yaml").read_text())
    (ingress,) = (manifest for manifest in manifests if manifest["kind"] == "Ingress")
    (rule,) = ingress["spec"]["rules"]
    return list(rule["http"]["paths"])


def lets_in(routed: list[dict[str, Any]], path: str) -> bool:
    """As the Ingress specification matches: a prefix by whole path elements."""

    def matches(rule: dict[str, Any]) -> bool:
        if rule["pathType"] == "Exact":
            return bool(path == rule["path"])
        elements: list[str] = rule["path"].strip("/").split("/")
        return path.strip("/").split("/")[: len(elements)] == elements

    return any(map(matches, routed))


async def test_every_route_of_the_gateway_is_routed_or_private(routed: list[dict[str, Any]]) -> None:
    async with open_gateway(GatewayInMemory(access="keys")) as gateway:
        routes = [route for route in gateway.app.routes if isinstance(route, Route | Mount)]
    paths = {re.sub(r"\{\w+\}", "x", route.path) for route in routes}
    assert {"/", "/jobs/x", "/static/x", "/v1/jobs/x/events", "/healthz"} <= paths
    assert {path for path in paths if not lets_in(routed, path)} == PRIVATE


def test_every_file_of_the_page_is_routed(routed: list[dict[str, Any]]) -> None:
    assert [name for name in ASSETS if not lets_in(routed, f"/static/{name}")] == []


async def test_the_ingress_lets_in_nothing_that_there_is_not(routed: list[dict[str, Any]]) -> None:
    async with open_gateway(GatewayInMemory()) as gateway:
        paths = [route.path for route in gateway.app.routes if isinstance(route, Route | Mount)]
    for rule in routed:
        assert any(path == rule["path"] or path.startswith(f"{rule['path']}/") for path in paths), rule["path"]
