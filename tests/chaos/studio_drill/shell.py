"""A shell in which the commands of the runbooks run as they are printed: what they name is on its PATH."""

import json
import os
import shlex
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

from studio_drill import kubectl_client
from studio_drill.kubectl import LocalCluster, RefusedError
from studio_local.broker import NativeBroker
from studio_local.install import DEBIAN_RABBITMQ

COMMAND_SECONDS = 180


class Done(NamedTuple):
    """A command that ended."""

    status: int
    output: str


class Shell:
    """Open while the context is; `cluster` carries out what goes to `kubectl`."""

    def __init__(self, cluster: LocalCluster, broker: NativeBroker, settings: Mapping[str, str]) -> None:
        self.settings = settings
        self._cluster = cluster
        self._broker = broker

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="drill-"))  # short: a socket's path has 108 characters
        cluster = self._cluster

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                answer: dict[str, Any]
                try:
                    answer = {"status": 0, "output": cluster.run(json.loads(self.rfile.readline()))}
                except RefusedError as error:
                    answer = {"status": 1, "output": f"{error}\n"}
                self.wfile.write(json.dumps(answer).encode() + b"\n")

        socket = self._folder / "kubectl.socket"
        self._server = socketserver.ThreadingUnixStreamServer(str(socket), Handler)
        threading.Thread(target=self._server.serve_forever, name="kubectl", daemon=True).start()
        self._program("kubectl", [sys.executable, "-I", kubectl_client.__file__, str(socket)], {})
        self._program("studio", [sys.executable, "-m", "studio_cli"], {})
        for tool in ("rabbitmqctl", "rabbitmq-diagnostics", "rabbitmq-queues"):
            self._program(tool, [str(DEBIAN_RABBITMQ.with_name(tool))], self._broker.environment())
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        shutil.rmtree(self._folder)

    def run(self, command: str, seconds: float = COMMAND_SECONDS) -> Done:
        """Run a line as bash does. Standard error is part of the output."""
        environment = os.environ | dict(self.settings)
        environment["PATH"] = f"{self._folder}:{environment['PATH']}"
        environment |= {"COLUMNS": "140", "NO_COLOR": "1"}
        done = subprocess.run(
            ["/bin/bash", "-c", command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Done(done.returncode, done.stdout)

    def _program(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        given = " ".join(f"{key}={shlex.quote(value)}" for key, value in environment.items())
        file = self._folder / name
        file.write_text(f'#!/bin/sh\nexec env {given} {shlex.join(command)} "$@"\n')
        file.chmod(0o700)
