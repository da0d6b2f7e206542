"""A private database that asks who calls: a user for each service with the rights of its role, and an operator's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pymongo import MongoClient

from studio_contracts.database_rights import roles
from studio_contracts.services import SERVICES
from studio_local import database
from studio_local.database import NativeDatabase
from studio_local.ports import LOOPBACK, free_port
from studio_local.processes import ProcessRecords

START_SECONDS = 180
DATABASE = "studio"


class GuardedDatabase(NamedTuple):
    """URLs of the database for each service by its name, and for an operator."""

    urls: dict[str, str]
    operator: str
    passwords: dict[str, str]


@contextmanager
def guarded_database(folder: Path) -> Iterator[GuardedDatabase]:
    """mongod with authorisation on, its users made as deploy/compose.yaml makes them."""
    key_file = folder / "replica.key"
    key_file.write_text("c2VjcmV0IG9mIGEgcmVwbGljYSBzZXQ=")
    key_file.chmod(0o400)
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "SERVER_OPTIONS", [*database.SERVER_OPTIONS, "--auth", "--keyFile", str(key_file)])
        server = NativeDatabase(folder / "mongodb", port, folder, ProcessRecords(folder / "processes.json"))
    try:
        server.start()
        server.wait_ready(START_SECONDS)
        passwords = {f"studio-{name}": f"password-of-{name}-0123456789" for name in (*SERVICES, "operator")}
        _make_users(port, passwords)
        urls = {
            user.removeprefix("studio-"): f"mongodb://{user}:{password}@{LOOPBACK}:{port}/?directConnection=true"
            f"&authSource={DATABASE}"
            for user, password in passwords.items()
        }
        yield GuardedDatabase(urls, urls.pop("operator"), passwords)
    finally:
        server.kill()


def _make_users(port: int, passwords: dict[str, str]) -> None:
    with MongoClient[dict[str, Any]](LOOPBACK, port, directConnection=True) as first:
        first.admin.command("createUser", "admin", pwd="admin", roles=["root"])
    with MongoClient[dict[str, Any]](LOOPBACK, port, directConnection=True, username="admin", password="admin") as root:
        studio = root[DATABASE]
        for role in roles(DATABASE):
            studio.command("createRole", role["role"], privileges=role["privileges"], roles=role["roles"])
        for user, password in passwords.items():
            studio.command("createUser", user, pwd=password, roles=[user if user != "studio-operator" else "readWrite"])
