"""RabbitMQ: a private native server, and virtual hosts on any server."""

import os
import re
import shutil
import socket
import ssl
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import httpx

from studio_local.broker_code import BrokerCode, linked_code
from studio_local.install import rabbitmq_server
from studio_local.ports import LOOPBACK, NO_TLS, is_listening
from studio_local.processes import ManagedProcess, ProcessRecords

USER = "studio"
AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
# After SIGTERM the server closes its listeners and flushes its stores within a second; the management plug-in then
# idles for five. What is left to close at that point (Mnesia, the quorum queues' log) is made for a sudden end.
STOP_SECONDS = 1.0
# Idle schedulers of the Erlang VM spin for a while before they sleep: of use to a server with cores of its own.
SLEEP_AT_ONCE = "+sbwt none +sbwtdcpu none +sbwtdio none"
PLUGINS = ("rabbitmq_management", "rabbitmq_prometheus", "rabbitmq_consistent_hash_exchange")
EPMD_SECONDS = 90.0


class BrokerPorts(NamedTuple):
    amqp: int
    management: int
    metrics: int
    distribution: int
    epmd: int


class Management(NamedTuple):
    """The broker's HTTP API, for virtual hosts of tests."""

    url: str
    user: str
    password: str

    def answers(self) -> bool:
        try:
            return self._request("GET", "overview").is_success
        except httpx.TransportError:
            return False

    def create_vhost(self, name: str) -> None:
        """Raises httpx.HTTPError."""
        self._request("PUT", f"vhosts/{quote(name, safe='')}").raise_for_status()
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        path = f"permissions/{quote(name, safe='')}/{quote(self.user, safe='')}"
        self._request("PUT", path, everything).raise_for_status()

    def delete_vhost(self, name: str) -> None:
        """With all its queues and connections; one that is not there is no error. Raises httpx.HTTPError."""
        response = self._request("DELETE", f"vhosts/{quote(name, safe='')}")
        if response.status_code != httpx.codes.NOT_FOUND:
            response.raise_for_status()

    def _request(self, method: str, path: str, body: dict[str, str] | None = None) -> httpx.Response:
        login = (self.user, self.password)
        address = f"{self.url}/api/{path}"
        return httpx.request(method, address, auth=login, json=body, timeout=30, trust_env=False, verify=NO_TLS)


class NativeBroker:
    """Debian's RabbitMQ as a child process: all of its files in one folder, all of its ports on loopback."""

    name = "broker"

    def __init__(self, home: Path, ports: BrokerPorts, secrets: dict[str, str], logs: Path, records: ProcessRecords):
        script = rabbitmq_server()
        self._home = home
        self._code = _code(script, home)
        self._ports = ports
        self._secrets = secrets
        self.management = Management(f"http://{LOOPBACK}:{ports.management}", USER, secrets["broker"])
        self.metrics_address = f"{LOOPBACK}:{ports.metrics}"
        self.url = f"amqp://{USER}:{secrets['broker']}@{LOOPBACK}:{ports.amqp}/"
        # Node names are registered with epmd, one of our own: the machine's would listen on all addresses.
        self._epmd = ManagedProcess(
            "epmd",
            ["epmd", "-address", LOOPBACK, "-port", str(ports.epmd)],
            environment=self.environment(),
            log=logs / "epmd.log",
            records=records,
            ready=lambda: is_listening(ports.epmd),
        )
        self._server = ManagedProcess(
            "RabbitMQ",
            [str(script)],
            environment=self.environment(),
            log=logs / "broker.log",
            records=records,
            ready=lambda: speaks_amqp(self.url) and self.management.answers(),
            grace_seconds=STOP_SECONDS,
        )

    @property
    def alive(self) -> bool:
        return self._server.alive

    def start(self) -> None:
        self._write_configuration()
        self._epmd.start()
        self._epmd.wait_ready(EPMD_SECONDS)
        self._server.start()

    def wait_ready(self, seconds: float) -> None:
        self._server.wait_ready(seconds)

    def request_stop(self) -> None:
        self._server.request_stop()

    def stop(self) -> None:
        self._server.stop()
        self._epmd.kill()

    def kill(self) -> None:
        self._server.kill()
        self._epmd.kill()

    def environment(self) -> dict[str, str]:
        """What `rabbitmqctl` needs to find this node."""
        home = self._home
        plugins = {"RABBITMQ_PLUGINS_DIR": str(self._code.plugins)} if self._code else {}
        modules_first = f" -pa {self._code.modules}" if self._code else ""
        return plugins | {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "ERL_CRASH_DUMP": str(home / "erl_crash.dump"),  # else it lies where the command was called
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(self._ports.epmd),
            "RUNNING_UNDER_SYSTEMD": "true",  # the script then becomes the server instead of supervising it
            "RABBITMQ_NODENAME": "studio@localhost",  # not the machine's name: data belongs to a node name
            "RABBITMQ_DIST_PORT": str(self._ports.distribution),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(home / "data"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                f"-kernel inet_dist_use_interface {{127,0,0,1}} -start_epmd false {SLEEP_AT_ONCE}{modules_first}"
            ),
        }

    def _write_configuration(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        (self._home / "enabled_plugins").write_text(f"[{', '.join(PLUGINS)}].\n")
        settings = {
            "listeners.tcp.1": f"{LOOPBACK}:{self._ports.amqp}",
            "management.tcp.ip": LOOPBACK,
            "management.tcp.port": self._ports.management,
            "prometheus.tcp.ip": LOOPBACK,
            "prometheus.tcp.port": self._ports.metrics,
            "default_user": USER,
            "default_pass": self._secrets["broker"],
            "log.console": "true",
        }
        _write_secret(self._home / "rabbitmq.conf", "".join(f"{key} = {value}\n" for key, value in settings.items()))
        _write_secret(self._home / ".erlang.cookie", re.sub(r"\W", "", self._secrets["erlang_cookie"]))


def _code(script: Path, home: Path) -> BrokerCode | None:
    home.mkdir(parents=True, exist_ok=True)
    erlang = shutil.which("erl")
    return linked_code(script, Path(erlang), PLUGINS, home) if erlang else None


def _write_secret(file: Path, text: str) -> None:
    """A file that its owner alone can read, from the first byte on."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(text)


def speaks_amqp(url: str) -> bool:
    """Whether a broker answers the protocol header with its first frame (port open alone is too early)."""
    address = urlsplit(url)
    secure = address.scheme == "amqps"
    target = (address.hostname or LOOPBACK, address.port or (5671 if secure else 5672))
    try:
        with socket.create_connection(target, timeout=2) as plain:
            connection = ssl.create_default_context().wrap_socket(plain, server_hostname=target[0]) if secure else plain
            connection.sendall(AMQP_HEADER)
            return connection.recv(1) == b"\x01"
    except OSError:
        return False
