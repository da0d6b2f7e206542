"""The table of routes (docs/api/routes.md) against what the gateway does."""

from collections.abc import Iterator

import httpx
import pytest

from studio_contracts.access import SCOPES, Scope
from studio_gateway.access.route_table import OPEN, RoutePolicy, route_table
from studio_gateway.http.body_limit import MAX_BODY_BYTES, MAX_WEBHOOK_BYTES
from studio_support.served_gateway import ServedGateway, serving

VALUES = {
    "job_id": "nowhere", "number": "0", "concept_id": "0-0", "kind": "quantized", "link_id": "s1", "slot": "0",
    "attempt": "1", "token": "x", "name": "style.css", "paper": "a4",
}  # fmt: skip
BODIES: dict[str, dict[str, object]] = {"/.netlify/functions/studio-enqueue": {"job_id": "nowhere"}}


@pytest.fixture(scope="module")
def keyed() -> Iterator[ServedGateway]:
    with serving(access="keys", health_port=8080) as gateway:  # metrics, too
        yield gateway


def closed(gateway: ServedGateway) -> list[RoutePolicy]:
    return [policy for policy in route_table(gateway.inner.app) if policy.path not in OPEN]


def scopes_of(policy: RoutePolicy) -> list[Scope]:
    return [scope for scope in SCOPES if scope in policy.scopes]


def call(gateway: ServedGateway, policy: RoutePolicy, key: str | None, body: bytes | None = None) -> httpx.Response:
    path = policy.path
    for name, value in VALUES.items():
        path = path.replace(f"{{{name}}}", value)
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    parameters = {"jobId": "nowhere"} if path.endswith("studio-inspire-status") else None
    json = None if policy.method == "GET" or body else BODIES.get(policy.path, {"prompt": "a pond", "days": 1})
    return httpx.request(
        policy.method, gateway.url + path, headers=headers, params=parameters, json=json, content=body, trust_env=False
    )


def test_every_route_asks_for_a_key_or_is_named_with_the_reason_why_not(keyed: ServedGateway) -> None:
    table = route_table(keyed.inner.app)
    assert [policy for policy in table if policy.authentication == "nothing"] == []
    assert set(OPEN) - {policy.path for policy in table} == set(), "named, and not there"
    assert [policy for policy in table if policy.path in OPEN and policy.scopes] == [], "named, and asks for a key"
    for policy in closed(keyed):
        assert set(policy.scopes) <= set(SCOPES)
        assert policy.scopes, policy
        assert policy.is_owned, "or give it a test of what it shows, and except it here"


def test_each_closed_route_does_as_its_line_says(keyed: ServedGateway) -> None:
    for policy in closed(keyed):
        sufficient = keyed.key("ada", *scopes_of(policy))
        lacking = [scope for scope in SCOPES if scope not in policy.scopes]
        insufficient = keyed.key("ada", *lacking)
        assert call(keyed, policy, None).status_code == 401, policy
        assert call(keyed, policy, insufficient).status_code == 403, policy
        answer = call(keyed, policy, sufficient)
        assert answer.status_code not in (401, 403), policy
        assert answer.headers["ratelimit-policy"].startswith(f'"{policy.rate}"'), policy


def test_a_body_beyond_the_limit_of_its_line_is_refused(keyed: ServedGateway) -> None:
    for policy in closed(keyed):
        if policy.body_bytes:
            key = keyed.key("ada", *scopes_of(policy))
            assert policy.body_bytes == MAX_BODY_BYTES
            if policy.method == "POST" and call(keyed, policy, key).status_code != 404:
                assert call(keyed, policy, key, b"x" * (MAX_BODY_BYTES + 1)).status_code == 413, policy
    webhooks = {policy.body_bytes for policy in route_table(keyed.inner.app) if "webhooks" in policy.path}
    assert webhooks == {MAX_WEBHOOK_BYTES}
