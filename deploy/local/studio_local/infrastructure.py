"""Broker and database, wherever they come from."""

import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from studio_local.backend import Choice, Kind, choose
from studio_local.broker import BrokerPorts, Management, NativeBroker, speaks_amqp
from studio_local.containers import (
    ContainerGuard,
    container_broker,
    container_database,
    engine_problem,
    remove_containers,
)
from studio_local.database import NativeDatabase
from studio_local.errors import StackError
from studio_local.ports import stable_ports
from studio_local.processes import ProcessRecords, Server, running, wait_until
from studio_local.state_dir import FolderLock, stable_secrets

START_SECONDS = 180
URL_SECONDS = 15


class Endpoints(NamedTuple):
    """Where services find broker and database."""

    rabbitmq_url: str
    mongodb_url: str
    database: str


class Infrastructure:
    """Broker and database, running while the context is open.

    `root` is the folder of their data, logs and lock; one stack at a time may use it. With STUDIO_STACK=url they belong
    to someone else: then there is nothing to stop or restart. `while_starting` is called while they start.
    """

    def __init__(
        self,
        root: Path,
        *,
        environment: Mapping[str, str] | None = None,
        say: Callable[[str], None] = print,
        while_starting: Callable[[], None] = lambda: None,
    ) -> None:
        self.root = root.resolve()
        self.logs = self.root / "logs"
        self.environment = os.environ if environment is None else environment
        self.lock = FolderLock(self.root)
        self.servers: dict[str, Server] = {}
        self.choice: Choice
        self.rabbitmq_url: str
        self.mongodb_url: str
        self.management: Management
        self._say = say
        self._while_starting = while_starting
        self._guard = ContainerGuard(str(self.root))
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self.lock.acquire()
            opening.callback(self.lock.release)
            opening.callback(self._guard.remove_now)
            self._prepare()
            opening.enter_context(running(self.servers, START_SECONDS, self._while_starting))
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _prepare(self) -> None:
        self.logs.mkdir(exist_ok=True)
        for log in self.logs.glob("*.log"):
            log.unlink()
        self.secrets = stable_secrets(self.root)
        self.records = ProcessRecords(self.root / "processes.json")
        if stopped := self.records.stop_leftovers():
            self._say(f"Stopped {stopped} processes that an earlier run had left behind.")
        self.choice = choose(self.environment, engine_problem)
        self._say(str(self.choice))
        {Kind.URL: self._take_urls, Kind.DOCKER: self._in_containers, Kind.NATIVE: self._natively}[self.choice.kind]()

    def _take_urls(self) -> None:
        self.rabbitmq_url = self.environment["RABBITMQ_URL"]
        self.mongodb_url = self.environment["MONGODB_URL"]
        parts = urlsplit(self.rabbitmq_url)
        self.management = Management(  # a broker's default port
            f"http://{parts.hostname}:15672", unquote(parts.username or "guest"), unquote(parts.password or "guest")
        )
        if not wait_until(lambda: speaks_amqp(self.rabbitmq_url), URL_SECONDS):
            raise StackError(f"No broker answers at RABBITMQ_URL ({parts.hostname}): start it, or unset RABBITMQ_URL.")
        try:
            with MongoClient[dict[str, object]](
                self.mongodb_url, serverSelectionTimeoutMS=URL_SECONDS * 1000
            ) as client:
                client.admin.command("ping")
        except PyMongoError as error:
            raise StackError(
                f"No database answers at MONGODB_URL ({type(error).__name__}): start or unset it."
            ) from error

    def _in_containers(self) -> None:
        stack = str(self.root)
        remove_containers(stack)
        ports = stable_ports(self.root / "ports.json", ["amqp", "management", "mongodb"])
        password = self.secrets["broker"]
        broker, self.rabbitmq_url, self.management = container_broker(
            stack, ports["amqp"], ports["management"], password
        )
        database, self.mongodb_url = container_database(stack, ports["mongodb"])
        self._guard.start()
        self.servers = {"broker": broker, "database": database}

    def _natively(self) -> None:
        ports = stable_ports(self.root / "ports.json", [*BrokerPorts._fields, "mongodb"])
        mongodb_port = ports.pop("mongodb")
        broker = NativeBroker(self.root / "rabbitmq", BrokerPorts(**ports), self.secrets, self.logs, self.records)
        database = NativeDatabase(self.root / "mongodb", mongodb_port, self.logs, self.records)
        self.rabbitmq_url, self.management, self.mongodb_url = broker.url, broker.management, database.url
        self.servers = {"broker": broker, "database": database}

    def server(self, name: str) -> Server:
        """The "broker" or the "database". Raises StackError when it is not ours to touch."""
        if name not in self.servers:
            raise StackError(f"the {name} was not started here ({self.choice.kind})")
        return self.servers[name]

    def restart(self, name: str) -> None:
        """Start a server that was stopped or killed (or is running: then stop it first) and wait until it serves."""
        server = self.server(name)
        server.stop()
        server.start()
        server.wait_ready(START_SECONDS)

    def shared(self, database: str = "studio") -> Endpoints:
        """What stays from one start to the next, once the servers run."""
        if self.choice.kind is not Kind.URL:
            self.management.create_vhost(self._shared_vhost)
        return self.shared_endpoints(database)

    def shared_endpoints(self, database: str = "studio") -> Endpoints:
        """What `shared` will return. Of our own broker, a virtual host for today's topology.

        The arguments of a queue are frozen when it is declared: a changed topology needs a broker that knows no other.
        """
        is_ours = self.choice.kind is not Kind.URL
        url = self._vhost_url(self._shared_vhost) if is_ours else self.rabbitmq_url
        return Endpoints(url, self.mongodb_url, database)

    @property
    def _shared_vhost(self) -> str:
        # Half of all that this process imports: the servers start in the meantime.
        from studio_chassis.messaging.declaration import fingerprint

        return f"studio-{fingerprint()}"

    @contextmanager
    def isolated(self) -> Iterator[Endpoints]:
        """A virtual host and a database of one's own, removed at the end."""
        name = f"t-{uuid.uuid4().hex[:12]}"
        url = self.fresh_vhost(name)
        try:
            yield Endpoints(url, self.mongodb_url, name)
        finally:
            self.management.delete_vhost(name)
            self.drop_database(name)

    def fresh_vhost(self, name: str) -> str:
        """Make a virtual host; returns its AMQP URL."""
        self.management.create_vhost(name)
        return self._vhost_url(name)

    def _vhost_url(self, name: str) -> str:
        return urlunsplit(urlsplit(self.rabbitmq_url)._replace(path="/" + quote(name, safe="")))

    def drop_database(self, name: str) -> None:
        with MongoClient[dict[str, object]](self.mongodb_url, serverSelectionTimeoutMS=10_000) as client:
            client.drop_database(name)
