"""Each way to do the job as a set of processes on the same broker and database, and what can be counted of them."""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import httpx
from pymongo import MongoClient

from studio_local.infrastructure import Endpoints, Infrastructure
from studio_local.ports import LOOPBACK, free_port, is_listening
from studio_local.processes import ManagedProcess, running
from studio_local.services import STANDIN, WORKERS
from studio_local.stack import ServiceStack

from measuring import session_seconds

READY_SECONDS = 120
WORKER_STARTS = 5
BENCH = Path(__file__).parent.parent
UNLIMITED = {"STUDIO_DAY_CENTS": "100000000", "STANDIN_DELAY_SECONDS": "0"}


class Cost(NamedTuple):
    """What the kernel, the database and the broker have counted. CPU seconds are without the stand-in's."""

    cpu: float
    reads: float
    updates: float
    all_reads: float
    all_updates: float
    journal_bytes: float
    publishes: float

    def since(self, before: "Cost", jobs: int) -> "Cost":
        """What was added, for each job."""
        return Cost(*((new - old) / jobs for new, old in zip(self, before, strict=True)))


class Contestant:
    """One way, running: where jobs are posted, and how it is asked what became of them."""

    def __init__(
        self,
        name: str,
        url: str,
        endpoints: Endpoints,
        infrastructure: Infrastructure,
        standin_url: str,
        workers: Sequence[ManagedProcess],
    ):
        self.name = name
        self.url = url
        self.standin_url = standin_url
        self.workers = workers
        self._records = infrastructure.root / "processes.json"
        self._management = infrastructure.management
        self._vhost = quote(urlsplit(endpoints.rabbitmq_url).path[1:], safe="")
        self._asked = 0
        self._client: MongoClient[dict[str, Any]] = MongoClient(endpoints.mongodb_url, tz_aware=True)
        self._database = self._client[endpoints.database]
        self.jobs = self._database["jobs"]

    def ended(self, ids: Sequence[str]) -> int:
        """How many of the jobs have ended. Asked of the database: to ask the web server is work for it."""
        self._asked += 1
        return self.jobs.count_documents({"_id": {"$in": list(ids)}, "finished_at": {"$type": "date"}})

    def results(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Their documents."""
        return list(self.jobs.find({"_id": {"$in": list(ids)}}))

    def cost(self) -> Cost:
        """What was spent so far."""
        totals = self._client.admin.command("top")["totals"]
        own = {name: one for name, one in totals.items() if name.startswith(f"{self._database.name}.")}
        jobs = own.get(f"{self._database.name}.jobs", {})
        log = self._client.admin.command("serverStatus")["wiredTiger"]["log"]
        return Cost(
            sum(_cpu_of_session(int(pid)) for pid in json.loads(self._records.read_text())),
            _count(jobs, "queries"),
            _count(jobs, "update") + _count(jobs, "commands") - self._asked,  # findAndModify is a command
            sum(_count(one, "queries") for one in own.values()),
            sum(_count(one, "update") + _count(one, "commands") for one in own.values()) - self._asked,
            log["log bytes written"],
            self._published(),
        )

    def _published(self) -> float:
        url, login = self._management.url, (self._management.user, self._management.password)
        answer = httpx.get(f"{url}/api/vhosts/{self._vhost}", auth=login, trust_env=False, timeout=30)
        return float(answer.raise_for_status().json().get("message_stats", {}).get("confirm", 0))

    def close(self) -> None:
        """Close the connection to the database."""
        self._client.close()


def _count(totals: Mapping[str, Any], kind: str) -> float:
    return float(totals.get(kind, {}).get("count", 0))


def _cpu_of_session(leader: int) -> float:
    """User and system seconds of a process and all it has started, if it is not the stand-in."""
    with suppress(OSError):
        if b"standin" in Path(f"/proc/{leader}/cmdline").read_bytes():
            return 0.0
    return session_seconds(leader)


@contextmanager
def studio(
    infrastructure: Infrastructure,
    folder: Path,
    *,
    canned: bool,
    extra: Mapping[str, str] = MappingProxyType({}),
    replicas: int = 1,
) -> Iterator[Contestant]:
    """The studio's five services, each worker but the reconciler `replicas` times; `extra` is added to their
    environment.
    """
    with infrastructure.isolated() as endpoints, ExitStack() as stack:
        services = ServiceStack(infrastructure, endpoints, folder, extra={**_extra(canned=canned), **extra})
        replaced = {STANDIN: "peers.cached_standin"} | ({"postprocess": "peers.canned_postprocess"} if canned else {})
        for name, module in replaced.items():
            services.services[name] = _with_module(services, name, module, services.ports[name])
        for number in range(2, replicas + 1):
            for name in ("stencil", "predictor", "postprocess"):
                module = replaced.get(name, f"studio_{name}")
                services.services[f"{name}-{number}"] = _with_module(services, name, module, free_port())
        stack.enter_context(services)
        workers = [services.services[name] for name in WORKERS]
        contestant = Contestant(
            "studio", services.gateway_url, endpoints, infrastructure, services.standin_url, workers
        )
        stack.callback(contestant.close)
        yield contestant


def _with_module(services: ServiceStack, name: str, module: str, port: int) -> ManagedProcess:
    service = services.services[name]
    environment = services.environment | {"STUDIO_HEALTH_PORT": str(port)}
    command = [sys.executable, "-m", module]

    def ready() -> bool:
        if name == STANDIN:
            return is_listening(port)
        try:
            return httpx.get(f"http://{LOOPBACK}:{port}/readyz", timeout=2, trust_env=False).is_success
        except httpx.TransportError:
            return False

    return ManagedProcess(
        name, command, environment=environment, log=service.log, records=services.infrastructure.records, ready=ready
    )


def _extra(*, canned: bool) -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(BENCH), os.environ.get("PYTHONPATH"))))
    return UNLIMITED | {"PYTHONPATH": path} | ({"PEERS_CANNED": "1"} if canned else {})


@contextmanager
def peer(
    name: str, worker: Sequence[str], infrastructure: Infrastructure, folder: Path, binaries: Path, *, canned: bool
) -> Iterator[Contestant]:
    """A peer: a web server, its workers, and the same stand-in. `worker` is its command, after the program."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "objects").mkdir(exist_ok=True)
    web_port, standin_port = free_port(), free_port()
    with infrastructure.isolated() as endpoints, ExitStack() as stack:
        services = ServiceStack(infrastructure, endpoints, folder, extra=_extra(canned=canned))
        environment = services.environment | {
            "REPLICATE_API_BASE": f"http://{LOOPBACK}:{standin_port}/v1",
            "STANDIN_PORT": str(standin_port),
            "PUBLIC_BASE_URL": f"http://{LOOPBACK}:{web_port}",
        }

        def process(part: str, command: Sequence[object], ready: Any) -> ManagedProcess:
            return ManagedProcess(
                f"{name}-{part}",
                [str(word) for word in command],
                environment=environment,
                log=folder / "logs" / f"{part}.log",
                records=infrastructure.records,
                ready=ready,
            )

        options = ["--port", str(web_port), "--log-level", "warning", "--no-access-log"]
        web = [binaries / "python", "-m", "uvicorn", f"peers.{name}_app:web", *options]
        parts = {
            "standin": process(
                "standin", [sys.executable, "-m", "peers.cached_standin"], lambda: is_listening(standin_port)
            ),
            "web": process("web", web, lambda: is_listening(web_port)),
            "worker": process("worker", [binaries / "python", "-m", *worker], lambda: True),
        }
        stack.enter_context(running(parts, READY_SECONDS))
        _await_worker(parts["worker"])
        standin_url = f"http://{LOOPBACK}:{standin_port}"
        contestant = Contestant(
            name, f"http://{LOOPBACK}:{web_port}", endpoints, infrastructure, standin_url, [parts["worker"]]
        )
        stack.callback(contestant.close)
        yield contestant


def _await_worker(worker: ManagedProcess) -> None:
    """A worker says to nobody that it is ready, so the warm-up waits for it. One that ends because the broker refused
    its first connection is started again, as a supervisor would.
    """
    for _ in range(WORKER_STARTS):
        time.sleep(2)
        if worker.alive:
            return
        worker.start()


def worker_of(name: str, cores: int) -> list[str]:
    """How each peer's users would start its workers."""
    if name == "faststream":
        return ["faststream", "run", "peers.faststream_app:app"]
    return ["celery", "-A", "peers.celery_app", "worker", f"--concurrency={cores}", "--loglevel=WARNING"]
