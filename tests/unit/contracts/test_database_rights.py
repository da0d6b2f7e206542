"""Who may do what in the database: the table beside what the database keeps."""

import json
import re

from typer.testing import CliRunner

from studio_chassis.persistence.indexes import INDEXES
from studio_cli.app import main
from studio_contracts.database_rights import RIGHTS, makes_indexes, roles
from studio_contracts.services import SERVICES

PRIVATE = {"api_keys", "sessions", "shares", "audit", "buckets", "claims"}


def test_every_index_is_made_by_a_service_and_by_an_operator() -> None:
    assert set(RIGHTS) == set(SERVICES)
    for collection in {index.collection for index in INDEXES}:
        assert [name for name in SERVICES if makes_indexes(name, collection)]
        assert makes_indexes("cli", collection)


def test_what_is_kept_of_clients_is_the_gateway_s_alone() -> None:
    for name in set(SERVICES) - {"gateway"}:
        assert not {collection for collection in PRIVATE if {"find", "insert", "update"} & _rights(name, collection)}


def test_the_audit_log_is_only_added_to_and_removed_by_nobody() -> None:
    assert _rights("gateway", "audit") == {"insert"}
    assert [name for name in SERVICES if "remove" in _rights(name, "jobs")] == ["reconciler"]


def test_the_script_makes_these_roles_and_a_user_of_each_with_a_new_password() -> None:
    runs = [CliRunner().invoke(main, ["database-users", "--database", "trial"]) for _ in range(2)]
    assert [run.exit_code for run in runs] == [0, 0]
    script = runs[0].output
    listed = re.search(r"of (\[.*?\n\])\)", script, re.DOTALL)
    users = re.search(r"entries\((\{.*?\n\})\)", script, re.DOTALL)
    assert listed is not None
    assert users is not None
    assert json.loads(listed.group(1)) == roles("trial")
    passwords = json.loads(users.group(1))
    assert set(passwords) == {f"studio-{name}" for name in SERVICES}
    for name in SERVICES:
        password = passwords[f"studio-{name}"]
        assert f"// {name}: MONGODB_URL=mongodb://studio-{name}:{password}@mongodb:27017/" in script
        assert password not in runs[1].output


def _rights(service: str, collection: str) -> set[str]:
    return set(RIGHTS[service].get(collection, ()))
