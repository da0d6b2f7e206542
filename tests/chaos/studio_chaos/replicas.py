"""Three MongoDB servers in one replica set, with short elections."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

from studio_local.database import SERVER_OPTIONS
from studio_local.install import mongod
from studio_local.ports import LOOPBACK, free_port, is_listening
from studio_local.processes import ManagedProcess, ProcessRecords, wait_until

START_SECONDS = 180
NAME = SERVER_OPTIONS[SERVER_OPTIONS.index("--replSet") + 1]
SHORT_ELECTIONS = {"electionTimeoutMillis": 2000, "heartbeatIntervalMillis": 500}


class ReplicaSet:
    """Servers by port. `url` names them all."""

    def __init__(self, folder: Path) -> None:
        records = ProcessRecords(folder / "processes.json")
        self._servers = {port: _server(folder, port, records) for port in (free_port(), free_port(), free_port())}
        hosts = ",".join(f"{LOOPBACK}:{port}" for port in self._servers)
        self.url = f"mongodb://{hosts}/?replicaSet={NAME}"

    def start(self) -> None:
        for server in self._servers.values():
            server.start()
        for server in self._servers.values():
            server.wait_ready(START_SECONDS)
        members = [{"_id": number, "host": f"{LOOPBACK}:{port}"} for number, port in enumerate(self._servers)]
        with direct(next(iter(self._servers))) as client:
            client.admin.command("replSetInitiate", {"_id": NAME, "members": members, "settings": SHORT_ELECTIONS})
        self.wait_for_primary()

    def stop(self) -> None:
        for server in self._servers.values():
            server.kill()

    def primary(self) -> int | None:
        """The port of the server that takes writes, if there is one."""
        for port in self._servers:
            with suppress(PyMongoError), direct(port) as client:
                if client.admin.command("hello")["isWritablePrimary"]:
                    return port
        return None

    def wait_for_primary(self) -> int:
        assert wait_until(lambda: self.primary() is not None, START_SECONDS), "no primary was elected"
        return self.primary() or self.wait_for_primary()

    def step_down(self) -> None:
        """The primary steps down, and another member is elected."""
        old = self.wait_for_primary()
        # It closes connections, maybe this one. While no member has caught up, it refuses; the caller's load ends that.
        with suppress(AutoReconnect, OperationFailure), direct(old) as client:
            client.admin.command("replSetStepDown", 10, force=True)
        assert wait_until(lambda: self.primary() not in (None, old), START_SECONDS), "no other primary was elected"

    def kill_primary(self) -> None:
        """SIGKILL; the others elect, then the killed one is started again."""
        old = self.wait_for_primary()
        self._servers[old].kill()
        self.wait_for_primary()
        self._servers[old].start()
        self._servers[old].wait_ready(START_SECONDS)

    def fail_updates(self, times: int, failure: dict[str, Any]) -> None:
        """The primary answers the next updates with this failure instead of carrying them out."""
        with direct(self.wait_for_primary()) as client:
            data = {"failCommands": ["update"], **failure}
            client.admin.command("configureFailPoint", "failCommand", mode={"times": times}, data=data)


def _server(folder: Path, port: int, records: ProcessRecords) -> ManagedProcess:
    home = folder / str(port)
    home.mkdir()
    where = ["--dbpath", str(home), "--bind_ip", LOOPBACK, "--port", str(port), "--nounixsocket"]
    tests = ["--setParameter", "enableTestCommands=1", "--setParameter", "diagnosticDataCollectionEnabled=false"]
    return ManagedProcess(
        f"MongoDB at {port}",
        [str(mongod()), *where, *SERVER_OPTIONS, *tests],
        environment={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"},
        log=folder / f"{port}.log",
        records=records,
        ready=lambda: is_listening(port),
    )


def direct(port: int) -> MongoClient[dict[str, Any]]:
    """A client of this server alone, in any role."""
    return MongoClient(LOOPBACK, port, directConnection=True, serverSelectionTimeoutMS=1000)


@contextmanager
def replica_set(folder: Path) -> Iterator[ReplicaSet]:
    """Up while the context is open."""
    replicas = ReplicaSet(folder)
    try:
        replicas.start()
        yield replicas
    finally:
        replicas.stop()
