"""One drill: a stack under load, a fault, who names it, the runbook's commands, and what became of every job."""

import re
import ssl
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import trustme
import yaml

from studio_cli.selected_jobs import retry_id
from studio_contracts.services import SERVICES
from studio_drill.deployments import Deployments
from studio_drill.faults import Act, Fault, Ground
from studio_drill.kubectl import LocalCluster
from studio_drill.line import Line
from studio_drill.load import Load
from studio_drill.shell import Shell
from studio_drill.watch import Finding, Watch
from studio_local.broker import NativeBroker
from studio_local.infrastructure import Infrastructure
from studio_local.ports import LOOPBACK
from studio_local.processes import wait_until
from studio_local.stack import ServiceStack
from studio_support import tools
from studio_support.prometheus import Prometheus, prometheus
from studio_support.telemetry_files import TELEMETRY

PACE_SECONDS = 3.0
MEND_SECONDS = 600.0
SETTLED_SECONDS = 300.0
BEFORE = 3
"""Jobs that complete before the fault."""
SETTINGS = {"STANDIN_DELAY_SECONDS": "0.5", "STUDIO_RELAY_AFTER": "1"}


@dataclass
class Report:
    """What happened, with the seconds since the fault was there."""

    fault: Fault
    on: datetime
    lines: list[str] = field(default_factory=list)
    named: Finding | None = None
    named_after: float = 0.0
    mended_after: float | None = None
    jobs: str = ""
    lost: int = 0

    @property
    def passed(self) -> bool:
        """Named in two minutes unless it heals by itself, mended in ten, nothing lost."""
        return (self.named is not None or self.fault.heals) and self.mended_after is not None and not self.lost

    def note(self, text: str) -> None:
        self.lines.append(f"{datetime.now(UTC):%H:%M:%S} {text}")

    def __str__(self) -> str:
        named = "named by nobody" if self.named is None else f"named after {self.named_after:.0f} s by {self.named.who}"
        mended = "not mended" if self.mended_after is None else f"mended {self.mended_after:.0f} s later"
        return f"{self.fault.name}: {named}, {mended}; {self.jobs}"


def carry_out(fault: Fault, infrastructure: Infrastructure) -> Report:
    """Stage it on a stack of its own, and see it through."""
    report = Report(fault, datetime.now(UTC))
    with ground_of(fault, infrastructure) as (ground, watch):
        _settle(ground, watch, fault)
        fault.stage(ground)
        staged = time.monotonic()
        report.note(fault.says)
        _wait_for_a_name(fault, watch, report, staged)
        began = time.monotonic()
        _mend(fault, ground, report)
        if wait_until(lambda: _works(ground), MEND_SECONDS - (time.monotonic() - began)):
            report.mended_after = time.monotonic() - began
            report.note(f"a new job completes, {report.mended_after:.0f} s after the first command")
        ground.load.stop()
        _count_jobs(fault, ground, report)
    return report


def _settle(ground: Ground, watch: Watch, fault: Fault) -> None:
    """All is well before, or the drill would prove nothing."""
    assert wait_until(lambda: completed(ground) >= BEFORE, SETTLED_SECONDS), "no job completes"
    assert wait_until(lambda: not watch.findings(), SETTLED_SECONDS), watch.findings()
    assert watch.named(fault) is None


def _wait_for_a_name(fault: Fault, watch: Watch, report: Report, staged: float) -> None:
    while report.named is None and time.monotonic() - staged < fault.name_seconds:
        report.named = watch.named(fault)
    report.named_after = time.monotonic() - staged
    report.note(f"after {report.named_after:.0f} s {report.named or 'nobody has named it'}")
    for alert in watch.alerts():
        if alert != report.named:
            report.note(f"also {alert}")


def _mend(fault: Fault, ground: Ground, report: Report) -> None:
    for step in fault.mend:
        if isinstance(step, Act):
            step.do(ground)
            report.note(step.says)
        else:
            _command(fault, ground, report, step)


def _command(fault: Fault, ground: Ground, report: Report, step: str) -> None:
    line = fault.command(step, ground.found)
    done = ground.shell.run(line)
    report.lines += [f"$ {line}", *_shortened(done.output)]
    if done.status:
        report.lines.append(f"(status {done.status})")


def _shortened(output: str, most: int = 4) -> list[str]:
    """The end of an output, which counts."""
    lines = [line.rstrip()[:160] for line in output.splitlines() if line.strip()]
    return lines if len(lines) <= most else ["…", *lines[-most:]]


def _works(ground: Ground) -> bool:
    """A job that is posted now completes."""
    job_id = ground.load.post("a pond after the mend")
    return (
        bool(job_id)
        and wait_until(lambda: ground.load.status(job_id) in ("completed", "failed"), 30)
        and (ground.load.status(job_id) == "completed")
    )


def completed(ground: Ground) -> int:
    """How many jobs have completed."""
    return int(ground.database()["jobs"].count_documents({"status": "completed"}))


def _count_jobs(fault: Fault, ground: Ground, report: Report) -> None:
    """Wait until every accepted job has ended; where they fail, each was posted again and completed."""
    retries = [step for step in fault.mend if isinstance(step, str) and step.startswith("studio job retry")]

    def ended() -> bool:
        if _unsaved(fault, ground):
            for step in retries if fault.jobs_fail else ():  # what failed since: safe to repeat
                ground.shell.run(fault.command(step, ground.found))
        return not _unsaved(fault, ground)

    wait_until(ended, SETTLED_SECONDS)
    report.lost = len(_unsaved(fault, ground))
    states = Counter(state for job_id, state in _states(ground).items() if job_id in ground.load.accepted)
    report.jobs = f"{len(ground.load.accepted)} jobs accepted: {_listed(states)}, {report.lost} lost"
    report.note(report.jobs)


def _states(ground: Ground) -> dict[str, str]:
    return {job["_id"]: job["status"] for job in ground.database()["jobs"].find({}, {"status": 1})}


def _unsaved(fault: Fault, ground: Ground) -> list[str]:
    """Accepted jobs that are unknown, that have not ended, or that failed and were not made good."""
    states = _states(ground)

    def good(job_id: str) -> bool:
        state = states.get(job_id, "unknown")
        if state == "failed" and fault.jobs_fail:
            return states.get(retry_id(job_id)) == "completed"
        return state == "completed"

    return [job_id for job_id in ground.load.accepted if not good(job_id)]


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts.most_common())


@contextmanager
def ground_of(fault: Fault, infrastructure: Infrastructure) -> Iterator[tuple[Ground, Watch]]:
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
        server = None
        if tools.find("prometheus", tools.PROMETHEUS):
            (folder / "prometheus").mkdir()
            server = opening.enter_context(_prometheus(folder / "prometheus", stack, broker))
        load = opening.enter_context(Load(stack.gateway_url, PACE_SECONDS))
        yield Ground(deployments, shell, load, broker_line, database_line, expired, valid), Watch(shell, server)


class _Pods:
    """Pods that are no service."""

    def __init__(self, infrastructure: Infrastructure) -> None:
        self._infrastructure = infrastructure

    def __call__(self, pod: str) -> str | None:
        if not re.fullmatch(r"rabbitmq-server-\d", pod):
            return f"there is no pod {pod}"
        self._infrastructure.restart("broker")
        return None


def _context(authority: trustme.CA, lasts: timedelta):  # type: ignore[no-untyped-def]

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
def _prometheus(folder: Path, stack: ServiceStack, broker: NativeBroker) -> Iterator[Prometheus]:
    """The one of deploy/telemetry, at its own pace, with addresses of this stack."""
    given = yaml.safe_load((TELEMETRY / "prometheus.yaml").read_text())
    services = [{"targets": [f"{LOOPBACK}:{stack.ports[name]}"], "labels": {"service": name}} for name in SERVICES]
    scrapes = []
    for scrape in given["scrape_configs"]:
        ours = scrape["job_name"] == "studio"
        kept = {key: value for key, value in scrape.items() if key not in ("dns_sd_configs", "relabel_configs")}
        scrapes.append(kept | {"static_configs": services if ours else [{"targets": [broker.metrics_address]}]})
    with prometheus(folder, scrapes, given["global"]["scrape_interval"]) as server:
        yield server
