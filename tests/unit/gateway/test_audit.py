"""What callers changed is kept: who, what, from where, and no secret."""

import httpx
import pytest
from structlog.testing import capture_logs

from studio_chassis.errors import Unavailable
from studio_chassis.persistence.access import AuditFilter
from studio_support.gateway_in_memory import GatewayInMemory, OpenGateway

BRIEF = {"prompt": "ocean energy with fish", "count": 2}
OURS = {"Origin": "http://studio"}


async def test_creating_cancelling_and_signing_in_and_out_are_kept_once(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(access="keys")
    token = await gateway.key("ada")
    async with gateway.client() as client:
        headers = {"Authorization": f"Bearer {token}"}
        again = headers | {"Idempotency-Key": "once"}
        for _ in range(2):
            job_id = (await client.post("/v1/jobs", json=BRIEF, headers=again)).json()["id"]
        for _ in range(2):
            await client.post(f"/v1/jobs/{job_id}/cancel", headers=headers)
        await client.post("/v1/session", json={"key": token}, headers=OURS)
        cookie = client.cookies["studio_session"]
        for _ in range(2):
            await client.delete("/v1/session", headers=OURS)
        await client.get(f"/v1/jobs/{job_id}", headers=headers)
        await client.post("/v1/jobs", json=BRIEF)
    entries = await gateway.context.store.audit(AuditFilter(), 99)
    key_id = f"k{token[-6:]}"
    assert [(entry.action, entry.target) for entry in reversed(entries)] == [
        ("job.created", job_id), ("job.canceled", job_id), ("session.opened", key_id), ("session.ended", key_id),
    ]  # fmt: skip
    assert {(entry.actor, entry.owner, entry.address) for entry in entries} == {(key_id, "ada", "127.0.0.1")}
    for secret in (token, cookie, BRIEF["prompt"]):
        assert str(secret) not in str(entries)


async def test_an_entry_that_cannot_be_stored_is_logged_and_the_job_is_accepted(
    gateway: GatewayInMemory, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut(_: object) -> None:
        raise Unavailable("cut")

    monkeypatch.setattr(gateway.context.store, "append_audit", cut)
    with capture_logs() as logs:
        response = await client.post("/v1/jobs", json=BRIEF)
    assert response.status_code == 202
    (line,) = [line for line in logs if line["log_level"] == "error"]
    assert (line["event"], line["entry"]["target"]) == ("audit entry not stored", response.json()["id"])
    assert line["entry"]["actor"] == "local"
