"""A real S3 server, SeaweedFS, on free ports of loopback with its data in a temporary folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from studio_contracts.services import SERVICES
from studio_contracts.store_rights import seaweedfs_identities
from studio_local.ports import LOOPBACK, free_port
from studio_local.processes import wait_until

READY_SECONDS = 180
PARTS = ("master", "volume", "filer", "s3")


class Bucket(NamedTuple):
    """A bucket of the server and what opens it."""

    url: str
    endpoint: str
    key_id: str
    secret: str
    secrets: dict[str, str]
    """Of the services' users, by service."""


def weed() -> str:
    """The server, which comes as a wheel."""
    found = shutil.which("weed", path=Path(sys.executable).parent) or shutil.which("weed")
    return found or pytest.skip("SeaweedFS is missing: its wheel is for Linux on x86-64 only")


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    folder = tmp_path_factory.mktemp("seaweedfs")
    ports = {part: free_port() for part in PARTS}
    secrets = {name: f"a long secret key of {name}" for name in SERVICES}
    found = Bucket("s3://studio", f"http://{LOOPBACK}:{ports['s3']}", "studio", "a long secret key", secrets)
    credentials = [{"accessKey": found.key_id, "secretKey": found.secret}]
    identity = {"name": "studio", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List"]}
    services = seaweedfs_identities("studio", secrets)["identities"]
    (folder / "s3.json").write_text(json.dumps({"identities": [identity, *services]}))
    (folder / "data").mkdir()
    command = [weed(), "-logtostderr=true", "server", f"-dir={folder / 'data'}", f"-ip={LOOPBACK}"]
    command += [f"-ip.bind={LOOPBACK}", "-master.volumeSizeLimitMB=64", "-volume.max=8", "-filer", "-s3"]
    command += [f"-{part}.port={port}" for part, port in ports.items()]
    command += [f"-{part}.port.grpc={free_port()}" for part in PARTS]
    # Catalogues that nobody asks for would listen on fixed ports.
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={folder / 's3.json'}"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            if not wait_until(lambda: server.poll() is not None or _is_healthy(found.endpoint), READY_SECONDS):
                pytest.fail(f"SeaweedFS is not ready after {READY_SECONDS} s")
            assert server.poll() is None, (folder / "log").read_text()[-2000:]
            yield found
        finally:
            with suppress(ProcessLookupError):  # it ended by itself
                os.killpg(server.pid, signal.SIGKILL)  # an orderly end takes half a minute
            server.wait(30)


def _is_healthy(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/healthz", timeout=10):
            return True
    except OSError:
        return False
