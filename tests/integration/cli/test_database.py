"""`studio database` on a real database: it reads and changes, says what was refused, and keeps what it changed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from typer.testing import CliRunner, Result

from studio_cli.app import main
from studio_local.infrastructure import Endpoints, Infrastructure


@pytest.fixture(scope="module")
def endpoints(infrastructure: Infrastructure) -> Iterator[Endpoints]:
    with infrastructure.isolated() as endpoints:
        with MongoClient[dict[str, Any]](endpoints.mongodb_url) as client:
            client[endpoints.database]["leases"].insert_many([{"_id": "reconciler"}, {"_id": "another"}])
        yield endpoints


def studio(endpoints: Endpoints, *arguments: str) -> Result:
    environment = {
        "RABBITMQ_URL": endpoints.rabbitmq_url, "MONGODB_URL": endpoints.mongodb_url, "COLUMNS": "250",
        "STUDIO_DATABASE": endpoints.database, "OBJECT_STORE_URL": "memory:///",
    }  # fmt: skip
    return CliRunner(env=environment).invoke(main, list(arguments))


def test_it_prints_what_the_database_answers(endpoints: Endpoints) -> None:
    found = studio(endpoints, "database", '{"find": "leases", "filter": {"_id": "another"}}')
    assert json.loads(found.stdout)["cursor"]["firstBatch"] == [{"_id": "another"}]
    members = studio(endpoints, "database", "--admin", "--any-member", '{"replSetGetStatus": 1}')
    assert [member["stateStr"] for member in json.loads(members.stdout)["members"]] == ["PRIMARY"]
    assert "database.changed" not in studio(endpoints, "audit").stdout


def test_what_it_changes_is_in_the_audit_log(endpoints: Endpoints) -> None:
    done = studio(endpoints, "database", '{"delete": "leases", "deletes": [{"q": {"_id": "reconciler"}, "limit": 1}]}')
    assert json.loads(done.stdout) == {"n": 1}
    (line,) = [line for line in studio(endpoints, "audit").stdout.splitlines() if "database.changed" in line]
    assert "delete leases" in line


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("{find: jobs}", "no JSON"),
        ("[]", "an object whose first key is its name"),
        ("{}", "an object whose first key is its name"),
        ('{"explode": 1}', "no such command"),
        ('{"insert": "leases", "documents": [{"_id": "another"}]}', "not written: E11000"),
    ],
)
def test_a_command_that_is_refused_says_why_and_keeps_nothing(endpoints: Endpoints, command: str, says: str) -> None:
    before = studio(endpoints, "audit").stdout
    refused = studio(endpoints, "database", command)
    assert refused.exit_code == 1
    assert says in refused.stderr
    assert studio(endpoints, "audit").stdout == before
