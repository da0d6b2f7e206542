"""The stack that a fault is staged on: under load, behind lines of ours, watched by doctor and Prometheus."""

import re
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import trustme
import yaml
from pymongo import MongoClient

from studio_contracts.services import SERVICES
from studio_drill.deployments import Deployments
from studio_drill.faults import DrillStack, Fault
from studio_drill.kubectl import LocalCluster
from studio_drill.line import Line
from studio_drill.load import Load
from studio_drill.shell import Shell
from studio_drill.watch import Watch
from studio_local.broker import NativeBroker
from studio_local.infrastructure import Infrastructure
from studio_local.ports import LOOPBACK
from studio_local.stack import ServiceStack
from studio_support import alertmanager, tools
from studio_support.alertmanager import Alertmanager
from studio_support.prometheus import Prometheus, prometheus
from studio_support.telemetry_files import TELEMETRY

PACE_SECONDS = 3.0
SETTINGS = {"STANDIN_DELAY_SECONDS": "0.5"}


@contextmanager
def drill_stack_for(fault: Fault, infrastructure: Infrastructure) -> Iterator[tuple[DrillStack, Watch]]:
    """A stack that this fault can be staged on, under load, and who watches it."""
    broker = infrastructure.server("broker")
    assert isinstance(broker, NativeBroker)
    authority = trustme.CA()
    valid, expired = _context(authority, timedelta(days=1)), _context(authority, timedelta(seconds=-60))
    with ExitStack() as opening:
        folder = Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="drill-")))
        authority.cert_pem.write_to_path(folder / "ca.pem")
        endpoints = opening.enter_context(infrastructure.isolated())
        broker_line = opening.enter_context(Line(_port(endpoints.rabbitmq_url), valid if fault.tls else None))
        database_line = opening.enter_context(Line(_port(endpoints.mongodb_url)))
        lined = endpoints._replace(
            rabbitmq_url=_through(endpoints.rabbitmq_url, broker_line, "amqps" if fault.tls else "amqp"),
            mongodb_url=f"mongodb://{LOOPBACK}:{database_line.port}/?directConnection=true",
        )
        volume = opening.enter_context(_volume(folder / "objects", fault.volume_megabytes))
        extra = SETTINGS | dict(fault.settings) | ({"STUDIO_TLS_CA_FILE": str(folder / "ca.pem")} if fault.tls else {})
        stack = opening.enter_context(ServiceStack(infrastructure, lined, folder, extra=extra))
        deployments = opening.enter_context(Deployments(stack))
        pods = _Pods(infrastructure)
        cluster = LocalCluster(deployments, volume, pods)
        shell = opening.enter_context(Shell(cluster, broker, deployments.shared))
        (folder / "prometheus").mkdir()
        alerts, series = opening.enter_context(_alerts(folder / "prometheus", stack, broker))
        load = opening.enter_context(Load(stack.gateway_url, PACE_SECONDS))
        client = opening.enter_context(MongoClient[dict[str, Any]](infrastructure.mongodb_url))
        database = client[endpoints.database]
        studio = DrillStack(deployments, shell, load, broker_line, database_line, expired, valid, database)
        yield studio, Watch(deployments.shared, alerts, series)


class _Pods:
    """Pods that are no service."""

    def __init__(self, infrastructure: Infrastructure) -> None:
        self._infrastructure = infrastructure

    def __call__(self, pod: str) -> str | None:
        if not re.fullmatch(r"rabbitmq-server-\d", pod):
            return f"there is no pod {pod}"
        self._infrastructure.restart("broker")
        return None


def _context(authority: trustme.CA, lasts: timedelta) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(LOOPBACK, not_after=datetime.now(UTC) + lasts).configure_cert(context)
    return context


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def _through(url: str, line: Line, scheme: str) -> str:
    parts = urlsplit(url)
    credentials = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(scheme=scheme, netloc=f"{credentials}@{LOOPBACK}:{line.port}"))


@contextmanager
def _volume(folder: Path, megabytes: int) -> Iterator[Any]:
    """A small volume for the object store, and what enlarges it."""
    folder.mkdir()

    def enlarge() -> str:
        subprocess.run(["mount", "-o", "remount,size=2g", folder], check=True)
        return "persistentvolumeclaim patched\n"

    if not megabytes:
        yield lambda: "persistentvolumeclaim patched (no change)\n"
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
    try:
        yield enlarge
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def _alerts(
    folder: Path, stack: ServiceStack, broker: NativeBroker
) -> Iterator[tuple[Prometheus | Alertmanager | None, Prometheus | None]]:
    """Whoever says which alerts are firing: Alertmanager where there is one, else Prometheus, else nobody.

    Prometheus, which has the series, is the one of deploy/telemetry, at its own pace, with addresses of this stack.
    """
    if not tools.find("prometheus", tools.PROMETHEUS):
        yield None, None
        return
    given = yaml.safe_load((TELEMETRY / "prometheus.yaml").read_text())
    services = [{"targets": [f"{LOOPBACK}:{stack.ports[name]}"], "labels": {"service": name}} for name in SERVICES]
    scrapes = []
    for scrape in given["scrape_configs"]:
        ours = scrape["job_name"] == "studio"
        kept = {key: value for key, value in scrape.items() if key not in ("dns_sd_configs", "relabel_configs")}
        scrapes.append(kept | {"static_configs": services if ours else [{"targets": [broker.metrics_address]}]})
    pace = given["global"]["scrape_interval"]
    if shutil.which(alertmanager.PROGRAM):
        nowhere = {"pager": "http://127.0.0.1:9/", "tickets": "http://127.0.0.1:9/"}
        with (
            alertmanager.alertmanager(folder, nowhere) as routing,
            prometheus(folder, scrapes, pace, routing.address) as server,
        ):
            yield routing, server
    else:
        with prometheus(folder, scrapes, pace) as server:
            yield server, server
