"""What the pipeline adds to the provider's own time, and how many jobs it takes.

Run by `make bench-pipeline`: the whole stack as processes, the stand-in's delay at 0, everything bound to two cores
where there are more. First the saturation rate is found by posting jobs concurrently, then jobs are posted at half
that rate. Then drafts are posted one by one: of one brief, whose motifs are met before, and of briefs whose motifs are
all new to the stencil service. Time added by us is what is left of a job's time after the stencil's and
the pictures' own work and the provider's own seconds are taken out: queues, database, HTTP, webhooks.
Ends with status 1 when a target is missed.
"""

import argparse
import threading
import time
from datetime import datetime
from typing import Any, NamedTuple

import httpx
from rich.console import Console
from rich.table import Table

from studio_local.stack import ServiceStack

from measuring import bind, exit_if_missed, percentile, stack_at_once, take_cores

BRIEF: dict[str, Any] = {
    "prompt": "ocean energy with fish, flowing bands of blue and turquoise",
    "surface": {"width_m": 6, "height_m": 4},  # 3:2, so pictures of 1152 x 768
    "strategy": "bands",
    "count": 6,
}
DRAFT = {
    "prompt": "underwater world with a whale and three turtles",
    "surface": {"width_m": 6, "height_m": 4},
    "kind": "draft",
}
NEW_MOTIFS = (
    "a farm with cows, pigs and a tractor",
    "dinosaur footprints",
    "a fox and an owl in the forest",
    "rockets and planets",
    "butterflies around a sunflower",
    "une tortue et deux crabes",
    "Igel und Pilze",
    "a castle with a dragon",
)
DRAFTS, DRAFT_INTERVAL = 10, 2.0
FINAL = ("completed", "failed", "canceled")
JOB_SECONDS = 300


class Shares(NamedTuple):
    """Seconds of one job: ours by stage of the way, and the work that is not counted as ours."""

    to_stencil: float
    to_request: float
    to_provider: float
    from_provider: float
    to_pictures: float
    stencil_work: float
    provider: float
    pictures_work: float
    total: float

    @property
    def added(self) -> float:
        """Time added by us outside provider and pixel work."""
        return self.to_stencil + self.to_request + self.to_provider + self.from_provider + self.to_pictures


def shares(job: dict[str, Any]) -> Shares:
    """Along the job's slowest slot, the one whose pictures were made last."""
    entries = job["timeline"]
    last = [entry for entry in entries if entry["event"] == "pictures.made"][-1]
    at = {
        entry["event"]: datetime.fromisoformat(entry["at"]).timestamp()
        for entry in entries
        if entry["slot"] in (None, last["slot"])
    }
    seconds = {entry["event"]: entry["seconds"] for entry in entries if entry["slot"] in (None, last["slot"])}
    return Shares(
        to_stencil=at["stencil.ready"] - at["job.created"] - seconds["stencil.ready"],
        to_request=at["slots.planned"] - at["stencil.ready"],
        to_provider=at["prediction.started"] - at["slots.planned"],
        from_provider=max(0.0, at["prediction.succeeded"] - at["prediction.started"] - seconds["prediction.succeeded"]),
        to_pictures=max(0.0, at["pictures.made"] - at["prediction.succeeded"] - seconds["pictures.made"]),
        stencil_work=seconds["stencil.ready"],
        provider=seconds["prediction.succeeded"],
        pictures_work=seconds["pictures.made"],
        total=at["job.completed"] - at["job.created"],
    )


def run_jobs(
    stack: ServiceStack, number: int, interval: float, brief: dict[str, Any] = BRIEF
) -> tuple[list[dict[str, Any]], float]:
    """Post `number` jobs, one each `interval` seconds; returns the finished jobs and the seconds it all took."""
    started = time.perf_counter()
    with httpx.Client(base_url=stack.gateway_url, timeout=30, trust_env=False) as client:
        ids = []
        for count in range(number):
            ids.append(client.post("/v1/jobs", json=brief).raise_for_status().json()["id"])
            threading.Event().wait(max(0.0, started + (count + 1) * interval - time.perf_counter()))
        jobs = [wait(client, job_id) for job_id in ids]
    return jobs, time.perf_counter() - started


def wait(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """The job once it is final; polled seldom, so that watching costs little."""
    deadline = time.monotonic() + JOB_SECONDS
    while time.monotonic() < deadline:
        job: dict[str, Any] = client.get(f"/v1/jobs/{job_id}").json()
        if job["status"] in FINAL:
            if job["status"] != "completed":
                raise SystemExit(f"job {job_id} {job['status']}: {job['error']}")
            return job
        threading.Event().wait(0.2)
    raise SystemExit(f"job {job_id} is not done after {JOB_SECONDS} s")


def _seconds(job: dict[str, Any]) -> float:
    """From the moment a job was accepted to its end."""
    return (datetime.fromisoformat(job["finished_at"]) - datetime.fromisoformat(job["created_at"])).total_seconds()


def report(
    console: Console,
    measured: list[Shares],
    drafts: list[dict[str, Any]],
    first: list[dict[str, Any]],
    per_second: float,
    rate: float,
) -> list[str]:
    """Print the table, with the targets it is held against; the targets that were missed."""
    console.print(f"\nSaturation: {per_second:.2f} jobs of {BRIEF['count']} pictures a second.")
    table = Table(title=f"{len(measured)} jobs at half load ({rate:.2f}/s), milliseconds")
    for heading in ("part", "p50", "p99", "share of total p50"):
        table.add_column(heading, justify="left" if heading == "part" else "right")
    rows = {name.replace("_", " "): [getattr(one, name) for one in measured] for name in Shares._fields}
    rows["added by us"] = [one.added for one in measured]
    total = percentile(rows["total"], 50)
    for name, values in rows.items():
        middle, high = percentile(values, 50), percentile(values, 99)
        table.add_row(name, f"{middle * 1000:.0f}", f"{high * 1000:.0f}", f"{middle / total:.0%}")
    console.print(table)
    whole = [_seconds(draft) for draft in drafts]
    console.print(f"A draft: p50 {percentile(whole, 50):.2f} s, p99 {percentile(whole, 99):.2f} s.")
    new = [_seconds(draft) for draft in first]
    console.print(
        f"A draft of motifs not met before: p50 {percentile(new, 50):.2f} s, p99 {percentile(new, 99):.2f} s."
    )
    targets = [
        ("a draft under 0.5 s p50", percentile(whole, 50) < 0.5),
        ("a draft of motifs not met before under 0.5 s p50", percentile(new, 50) < 0.5),
        ("stencil under 50 ms", percentile(rows["stencil work"], 50) < 0.05),
        ("a job's pictures post-processed in under 1 s", percentile(rows["pictures work"], 50) < 1.0),
        ("time added by us under 150 ms p50", percentile(rows["added by us"], 50) < 0.15),
    ]
    for target, met in targets:
        console.print(f"{'met ' if met else 'NOT met'} {target}")
    return [target for target, met in targets if not met]


def main() -> None:
    """Start the stack, measure, print. Raises SystemExit when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=20, help="jobs in each of the two runs")
    take_cores(parser)
    arguments = parser.parse_args()
    console = Console()
    cores = bind(arguments.cores)
    with stack_at_once() as stack:
        console.print(f"Bound to {cores} cores; warming up.")
        run_jobs(stack, 2, 0)
        _, seconds = run_jobs(stack, arguments.jobs, 0)
        per_second = arguments.jobs / seconds
        jobs, _ = run_jobs(stack, arguments.jobs, 2 / per_second)
        drafts = [run_jobs(stack, 1, 0, DRAFT)[0][0] for _ in range(DRAFTS)]
        first = [run_jobs(stack, 1, 0, DRAFT | {"prompt": prompt})[0][0] for prompt in NEW_MOTIFS]
    exit_if_missed(report(console, [shares(job) for job in jobs], drafts, first, per_second, per_second / 2))


if __name__ == "__main__":
    main()
