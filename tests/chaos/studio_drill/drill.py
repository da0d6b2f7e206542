"""One drill: a stack under load, a fault, who names it, the runbook's commands, and what became of every job."""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from studio_cli.selected_jobs import retry_id
from studio_contracts.job import TERMINAL
from studio_drill.faults import Act, DrillStack, Fault
from studio_drill.watch import Finding, Watch
from studio_local.processes import wait_until

RESOLVE_SECONDS = 600.0
SETTLED_SECONDS = 300.0
LOOK_SECONDS = 0.5
"""Between two looks: each uses everything that the doctor proves."""
BEFORE = 3
"""Jobs that complete before the fault."""


@dataclass
class Report:
    """What happened, with the seconds since the fault was there."""

    fault: Fault
    on: datetime
    lines: list[str] = field(default_factory=list)
    named: Finding | None = None
    named_after: float = 0.0
    resolved_after: float | None = None
    jobs: str = ""
    lost: int = 0

    @property
    def passed(self) -> bool:
        """Named in two minutes unless it heals by itself, resolved in ten, nothing lost."""
        return (self.named is not None or self.fault.heals) and self.resolved_after is not None and not self.lost

    def note(self, text: str) -> None:
        self.lines.append(f"{datetime.now(UTC):%H:%M:%S} {text}")

    def __str__(self) -> str:
        named = "named by nobody" if self.named is None else f"named after {self.named_after:.0f} s by {self.named.who}"
        resolved = "not resolved" if self.resolved_after is None else f"resolved {self.resolved_after:.0f} s later"
        return f"{self.fault.name}: {named}, {resolved}; {self.jobs}"


def carry_out(fault: Fault, studio: DrillStack, watch: Watch, ring_seconds: float = 0.0) -> Report:
    """Stage it on a stack under load that is well, and see it through. The load goes on.

    Nobody resolves it for `ring_seconds` while no alert rings, although the doctor may have named it before.
    """
    report = Report(fault, datetime.now(UTC))
    _settle(studio, watch, fault)
    fault.stage(studio)
    staged = time.monotonic()
    report.note(fault.says)
    _wait_for_a_name(fault, watch, report, staged)
    wait_until(lambda: watch.rang_thrice(fault), ring_seconds)
    began = time.monotonic()
    _resolve(fault, studio, report)
    if _works(studio, began + RESOLVE_SECONDS):
        report.resolved_after = time.monotonic() - began
        report.note(f"a new job completes, {report.resolved_after:.0f} s after the first command")
    _count_jobs(fault, studio, report)
    return report


def _settle(studio: DrillStack, watch: Watch, fault: Fault) -> None:
    """All is well before, or the drill would prove nothing."""
    assert wait_until(lambda: completed(studio) >= BEFORE, SETTLED_SECONDS), "no job completes"
    assert wait_until(lambda: not watch.findings(), SETTLED_SECONDS), watch.findings()
    assert wait_until(lambda: watch.named(fault) is None, SETTLED_SECONDS), watch.named(fault)


def _wait_for_a_name(fault: Fault, watch: Watch, report: Report, staged: float) -> None:
    while report.named is None and time.monotonic() - staged < fault.name_seconds:
        time.sleep(LOOK_SECONDS)
        report.named = watch.named(fault)
    report.named_after = time.monotonic() - staged
    report.note(f"after {report.named_after:.0f} s {report.named or 'nobody has named it'}")
    for alert in watch.alerts():
        if alert != report.named:
            report.note(f"also {alert}")


def _resolve(fault: Fault, studio: DrillStack, report: Report) -> None:
    for step in fault.remedy:
        if isinstance(step, Act):
            step.do(studio)
            report.note(step.says)
        else:
            _command(fault, studio, report, step)


def _command(fault: Fault, studio: DrillStack, report: Report, step: str) -> None:
    line = fault.command(step, studio.found)
    done = studio.shell.run(line)
    report.lines += [f"$ {line}", *_shortened(done.output)]
    if done.status:
        report.lines.append(f"(status {done.status})")


def _shortened(output: str, most: int = 4) -> list[str]:
    """The end of an output, which counts."""
    lines = [line.rstrip()[:160] for line in output.splitlines() if line.strip()]
    return lines if len(lines) <= most else ["…", *lines[-most:]]


def _works(studio: DrillStack, deadline: float) -> bool:
    """A job that is posted now completes; after one that fails, another one."""
    job_id = ""

    def completes() -> bool:
        nonlocal job_id
        if not job_id or studio.load.status(job_id) in TERMINAL - {"completed"}:
            job_id = studio.load.post("a pond after the fix")
        return studio.load.status(job_id) == "completed"

    return wait_until(completes, deadline - time.monotonic())


def completed(studio: DrillStack) -> int:
    """How many jobs have completed."""
    return int(studio.database["jobs"].count_documents({"status": "completed"}))


def _count_jobs(fault: Fault, studio: DrillStack, report: Report) -> None:
    """Wait until every job accepted so far has ended; where they fail, each was posted again and completed."""
    accepted = list(studio.load.accepted)
    retries = [step for step in fault.remedy if isinstance(step, str) and step.startswith("studio job retry")]

    def ended() -> bool:
        if _unsaved(fault, studio, accepted):
            for step in retries if fault.jobs_fail else ():  # what failed since: safe to repeat
                studio.shell.run(fault.command(step, studio.found))
        return not _unsaved(fault, studio, accepted)

    wait_until(ended, SETTLED_SECONDS)
    report.lost = len(_unsaved(fault, studio, accepted))
    states = Counter(state for job_id, state in _states(studio).items() if job_id in accepted)
    report.jobs = f"{len(accepted)} jobs accepted: {_listed(states)}, {report.lost} lost"
    report.note(report.jobs)


def _states(studio: DrillStack) -> dict[str, str]:
    return {job["_id"]: job["status"] for job in studio.database["jobs"].find({}, {"status": 1})}


def _unsaved(fault: Fault, studio: DrillStack, accepted: list[str]) -> list[str]:
    """Accepted jobs that are unknown, that have not ended, or that failed and were not made good."""
    states = _states(studio)

    def good(job_id: str) -> bool:
        state = states.get(job_id, "unknown")
        if state == "failed" and fault.jobs_fail:
            return states.get(retry_id(job_id)) == "completed"
        return state == "completed"

    return [job_id for job_id in accepted if not good(job_id)]


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts.most_common())
