"""`studio keys`, `studio audit` and `studio migrate` on a real database, beside a gateway that wants keys."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from studio_chaos.in_process import gateway_on, service_context_on
from studio_chassis.persistence.access import AuditFilter
from studio_chassis.runtime.api_tokens import is_well_formed, token_hash
from studio_cli.app import main
from studio_contracts.access import LOCAL_OWNER
from studio_contracts.brief import Brief
from studio_contracts.job import Limits
from studio_domain.domain_events import CancelRequested
from studio_local.infrastructure import Endpoints, Infrastructure

BRIEF = {"prompt": "a pond"}


@pytest.fixture
def endpoints(infrastructure: Infrastructure) -> Iterator[Endpoints]:
    with infrastructure.isolated() as endpoints:
        yield endpoints


async def studio(endpoints: Endpoints, *arguments: str) -> Result:
    """A `studio` command, in a thread: it has a loop of its own."""
    environment = {
        "RABBITMQ_URL": endpoints.rabbitmq_url, "MONGODB_URL": endpoints.mongodb_url, "COLUMNS": "250",
        "STUDIO_DATABASE": endpoints.database, "OBJECT_STORE_URL": "memory:///",
    }  # fmt: skip
    return await asyncio.to_thread(CliRunner(env=environment).invoke, main, list(arguments))


async def test_a_key_is_made_used_listed_replaced_and_revoked_and_all_of_it_is_kept(endpoints: Endpoints) -> None:
    async with (
        service_context_on(endpoints, "gateway") as context,
        gateway_on(context, endpoints, access="keys") as client,
    ):
        made = await studio(endpoints, "keys", "create", "website", "--owner", "ada", "--days", "1")
        token = made.stdout.strip()
        assert (made.exit_code, is_well_formed(token)) == (0, True), made.output
        (key,) = await context.store.keys()
        assert key.scopes == {"jobs:create", "jobs:read", "jobs:cancel"}
        assert await context.store.key_by_hash(token_hash(token)) == key
        answer = await client.post("/v1/jobs", json=BRIEF, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 202

        second = await studio(endpoints, "keys", "create", "website", "--owner", "ada", "--scope", "jobs:read")
        listed = await studio(endpoints, "keys", "list")
        assert all(text in listed.output for text in (key.id, "website", "ada", "jobs:read", "valid until", "never"))
        assert token not in listed.output
        revoked = await studio(endpoints, "keys", "revoke", key.id)
        assert f"{key.id} (website, ada) is revoked" in revoked.output
        assert (await studio(endpoints, "keys", "revoke", "k0")).exit_code == 1
        other = {"Authorization": f"Bearer {second.stdout.strip()}"}
        assert [job["id"] for job in (await client.get("/v1/jobs", headers=other)).json()["jobs"]] == [
            answer.json()["id"]
        ]

        entries = await context.store.audit(AuditFilter(), 9)
        assert [entry.action for entry in reversed(entries)] == [
            "key.created", "job.created", "key.created", "key.revoked",
        ]  # fmt: skip
        shown = await studio(endpoints, "audit", "--action", "key.revoked", "--hours", "1")
        assert "key.revoked" in shown.output
        assert "operator:" in shown.output
        assert "job.created" not in shown.output
        everything = (await studio(endpoints, "audit")).output
        assert token not in everything + str(entries)
        assert (await studio(endpoints, "audit", "--action", "nonsense")).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("keys", "create", "x", "--owner", "A b"), "owner"),
        (("keys", "create", "x", "--owner", "anonymous"), "anonymous callers"),
        (("keys", "create", "x", "--owner", "ada", "--scope", "jobs:delete"), "scopes"),
        (("migrate", "owners", "A b"), "OWNER"),
        (("migrate", "owners", "local"), "OWNER"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_its_reason(arguments: tuple[str, ...], reason: str) -> None:
    done = CliRunner(env={"COLUMNS": "250"}).invoke(main, list(arguments))
    assert done.exit_code == 2
    assert reason in done.output


async def test_ended_jobs_get_an_owner_while_the_services_run(endpoints: Endpoints) -> None:
    async with service_context_on(endpoints, "gateway") as context:
        for number in range(4):
            given: dict[str, Any] = {"job_id": f"job-{number}", "seed": 1, "traceparent": "", "limits": Limits()}
            await context.jobs.accept(Brief(prompt="a pond"), **given)
        for number in range(3):
            await context.jobs.apply(f"job-{number}", CancelRequested())
        for _ in range(2):
            done = await studio(endpoints, "migrate", "owners", "ada")
            assert done.exit_code == 0, done.output
        owners = [(await context.store.load(f"job-{number}")).owner for number in range(4)]
        assert owners == ["ada", "ada", "ada", LOCAL_OWNER], "the unfinished one waits"
        await context.jobs.apply("job-3", CancelRequested())
        assert "1 job moved to ada" in (await studio(endpoints, "migrate", "owners", "ada")).output
