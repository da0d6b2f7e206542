"""The table of routes (docs/api/routes.md) against what the gateway does."""

import socket
from collections.abc import Iterator
from functools import partial

import httpx
import pytest

from studio_contracts.access import SCOPES, Scope
from studio_contracts.own_picture import MAX_PICTURE_BYTES
from studio_gateway.access.route_table import OPEN, RoutePolicy, route_table
from studio_gateway.http.body_limit import MAX_BODY_BYTES, MAX_WEBHOOK_BYTES, OUTLINE_PATH, OWN_PICTURE_PATH
from studio_gateway.outline_files.found import MAX_FILE_BYTES
from studio_support.served_gateway import ServedGateway, serving

VALUES = {
    "job_id": "nowhere", "number": "0", "concept_id": "0-0", "kind": "quantized", "link_id": "s1", "slot": "0",
    "attempt": "1", "token": "x", "name": "style.css", "paper": "a4",
}  # fmt: skip
LARGER = {OWN_PICTURE_PATH: MAX_PICTURE_BYTES, OUTLINE_PATH: MAX_FILE_BYTES}
request = partial(httpx.request, trust_env=False, verify=False)
"""Each on a connection of its own, without loading certificates that none of them needs."""
BODIES: dict[str, dict[str, object]] = {"/.netlify/functions/studio-enqueue": {"job_id": "nowhere"}}


@pytest.fixture(scope="module")
def keyed() -> Iterator[ServedGateway]:
    with serving(access="keys", health_port=8080) as gateway:  # metrics, too
        yield gateway


def closed(gateway: ServedGateway) -> list[RoutePolicy]:
    return [policy for policy in route_table(gateway.inner.app) if policy.path not in OPEN]


def scopes_of(policy: RoutePolicy) -> list[Scope]:
    return [scope for scope in SCOPES if scope in policy.scopes]


def path_of(policy: RoutePolicy) -> str:
    path = policy.path
    for name, value in VALUES.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def call(gateway: ServedGateway, policy: RoutePolicy, key: str | None, body: bytes | None = None) -> httpx.Response:
    path = path_of(policy)
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    parameters = {"jobId": "nowhere"} if path.endswith("studio-inspire-status") else None
    json = None if policy.method == "GET" or body else BODIES.get(policy.path, {"prompt": "a pond", "days": 1})
    address = gateway.url + path
    return request(policy.method, address, headers=headers, params=parameters, json=json, content=body)


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


BAD_BODIES = (
    (b'{"prompt": ', "application/json"),
    (b"\xff\xfe", "application/json"),
    (b"{}", "application/json"),
    (b"prompt=a+pond", "application/x-www-form-urlencoded"),
    (b"a pond", ""),
    (b"x" * (MAX_BODY_BYTES + 1), "application/json"),
)


def test_without_a_key_no_route_says_what_is_wrong_with_a_request(keyed: ServedGateway) -> None:
    for policy in closed(keyed):
        address = keyed.url + path_of(policy)
        for body, media_type in BAD_BODIES:
            headers = {"Content-Type": media_type} if media_type else {}
            answer = request(policy.method, address, content=body, headers=headers, timeout=60)
            assert answer.status_code == 401, (policy, body[:20], answer.text)
        answer = request(policy.method, f"{address}?nonsense=1", timeout=60)
        assert answer.status_code == 401, (policy, answer.text)


def test_a_body_is_not_awaited_before_the_key_is_checked(keyed: ServedGateway) -> None:
    """Its sender has sent nothing of it, and has its answer."""
    host, port = keyed.url.removeprefix("http://").split(":")
    for policy in closed(keyed):
        if not policy.body_bytes:
            continue
        head = f"{policy.method} {path_of(policy)} HTTP/1.1\r\nHost: studio\r\nContent-Type: application/json\r\n"
        with socket.create_connection((host, int(port)), timeout=60) as stranger:
            stranger.sendall(f"{head}Content-Length: 20\r\n\r\n".encode())
            assert stranger.recv(12) == b"HTTP/1.1 401", policy


def test_a_body_beyond_the_limit_of_its_line_is_refused(keyed: ServedGateway) -> None:
    for policy in closed(keyed):
        if policy.body_bytes:
            key = keyed.key("ada", *scopes_of(policy))
            assert policy.body_bytes == LARGER.get(policy.path, MAX_BODY_BYTES)
            if policy.method == "POST" and call(keyed, policy, key).status_code != 404:
                assert call(keyed, policy, key, b"x" * (policy.body_bytes + 1)).status_code == 413, policy
    webhooks = {policy.body_bytes for policy in route_table(keyed.inner.app) if "webhooks" in policy.path}
    assert webhooks == {MAX_WEBHOOK_BYTES}
