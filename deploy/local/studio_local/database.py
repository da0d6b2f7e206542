"""MongoDB: a private native server as a one-node replica set, for without one there are no transactions."""

import os
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from studio_local.install import mongod
from studio_local.ports import LOOPBACK
from studio_local.processes import ManagedProcess, ProcessRecords

REPLICA_SET = "studio"
ANSWER_MILLISECONDS = 1000
SERVER_OPTIONS = ["--replSet", REPLICA_SET, "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "128"]


class NativeDatabase:
    """mongod as a child process."""

    name = "database"

    def __init__(self, home: Path, port: int, logs: Path, records: ProcessRecords) -> None:
        self._home = home
        self.url = replica_set_url(port)
        where = ["--dbpath", str(home), "--bind_ip", LOOPBACK, "--port", str(port), "--nounixsocket"]
        self._server = ManagedProcess(
            "MongoDB",
            [str(mongod()), *where, *SERVER_OPTIONS, "--setParameter", "diagnosticDataCollectionEnabled=false"],
            environment={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"},
            log=logs / "database.log",
            records=records,
            ready=lambda: is_primary(port),
        )

    @property
    def alive(self) -> bool:
        return self._server.alive

    def start(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        self._server.start()

    def wait_ready(self, seconds: float) -> None:
        self._server.wait_ready(seconds)

    def request_stop(self) -> None:
        self._server.request_stop()

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        self._server.kill()


def replica_set_url(port: int) -> str:
    return f"mongodb://{LOOPBACK}:{port}/?replicaSet={REPLICA_SET}"


def is_primary(port: int) -> bool:
    """Whether the server takes writes; makes it the only member of its replica set when it is not yet."""
    try:
        with _direct(port) as client:
            if client.admin.command("hello")["isWritablePrimary"]:
                return True
            _be_the_only_member(client, f"{LOOPBACK}:{port}")
    except PyMongoError:
        pass  # not up yet, or electing: asked again until the caller's deadline
    return False


def _be_the_only_member(client: MongoClient[dict[str, Any]], host: str) -> None:
    config: dict[str, Any] = {"_id": REPLICA_SET, "version": 1, "members": [{"_id": 0, "host": host}]}
    try:
        known = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure:  # not yet initiated
        client.admin.command("replSetInitiate", config)
        return
    if known["members"][0]["host"] != host:  # its port was taken since the last start
        client.admin.command("replSetReconfig", known | {"members": config["members"]}, force=True)


def _direct(port: int) -> MongoClient[dict[str, Any]]:
    return MongoClient(LOOPBACK, port, directConnection=True, serverSelectionTimeoutMS=ANSWER_MILLISECONDS)
