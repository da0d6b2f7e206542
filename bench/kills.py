"""What is lost while workers are killed, the broker restarts and webhooks do not arrive: the same schedule for each."""

import random
import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import httpx
from peers.contestants import Contestant, peer, studio, worker_of

from studio_local.infrastructure import Infrastructure

from rounds import BRIEF, NAMES

SEED = 7
INTERVAL = 0.5
"""Seconds between two posts."""
KILLED_AT = (4.0, 9.0, 14.0, 20.0, 26.0)
BROKER_RESTARTS_AT = 12.0
LOST_WEBHOOKS = 0.1
PATIENCE_SECONDS = 90
"""After the last post: what has not completed by then is lost. The studio rescues jobs after ten seconds here."""


class Losses(NamedTuple):
    """Of the jobs that were posted: not answered with 202, and answered so but not completed in the end."""

    refused: int
    lost: int


def kill_round(infrastructure: Infrastructure, binaries: Path, name: str, jobs: int, cores: int) -> Losses:
    """One contestant under the schedule."""
    folder = infrastructure.root / f"{name}-kills"
    running: AbstractContextManager[Contestant] = (
        studio(infrastructure, folder, canned=True, extra={"STUDIO_STUCK_AFTER": "10"})
        if name == "studio"
        else peer(name, worker_of(name, cores), infrastructure, folder, binaries, canned=True)
    )
    with running as contestant:
        return _under_kills(contestant, infrastructure, jobs)


def _under_kills(contestant: Contestant, infrastructure: Infrastructure, jobs: int) -> Losses:
    faults = {"seed": SEED, "webhooks": [{"kind": "lost", "rate": LOST_WEBHOOKS}]}
    httpx.put(f"{contestant.standin_url}/standin/faults", json=faults, trust_env=False).raise_for_status()
    ids: list[str] = []
    posting = threading.Thread(target=_post, args=(contestant.url, jobs, ids))
    started, draw = time.monotonic(), random.Random(SEED)
    posting.start()
    events = [(at, False) for at in KILLED_AT] + [(BROKER_RESTARTS_AT, True)]
    for at, is_broker in sorted(events):
        time.sleep(max(0.0, started + at - time.monotonic()))
        if is_broker:
            infrastructure.restart("broker")
            continue
        worker = draw.choice(contestant.workers)
        worker.kill()
        worker.start()
    posting.join()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while contestant.ended(ids) < len(ids) and time.monotonic() < deadline:
        for worker in contestant.workers:
            worker.start()  # one that the broker's absence has ended: who runs it would have it restarted
        time.sleep(0.5)
    completed = sum(job["status"] == "completed" for job in contestant.results(ids))
    return Losses(jobs - len(ids), len(ids) - completed)


def _post(url: str, jobs: int, ids: list[str]) -> None:
    """Post a job each INTERVAL, once; the ids of those that are taken."""
    started = time.monotonic()
    with httpx.Client(base_url=url, timeout=10, trust_env=False) as client:
        for number in range(jobs):
            time.sleep(max(0.0, started + number * INTERVAL - time.monotonic()))
            try:
                answer = client.post("/v1/jobs", json=BRIEF)
            except httpx.HTTPError:
                continue
            if answer.status_code == httpx.codes.ACCEPTED:
                ids.append(answer.json()["id"])


def report(found: Mapping[str, Losses], jobs: int) -> list[str]:
    """What each lost, as a section of the report."""
    lines = [f"## Under kills, {jobs} jobs", ""]
    lines += [
        f"A job each {INTERVAL} s; {len(KILLED_AT)} times a worker is killed (SIGKILL) and started again, once the"
    ]
    lines += [f"broker restarts, {LOST_WEBHOOKS:.0%} of the webhooks are lost.", ""]
    lines += ["| | studio | FastStream | Celery |", "|---|---|---|---|"]
    lines += [f"| refused | {' | '.join(str(found[name].refused) for name in NAMES)} |"]
    lines += [f"| accepted and lost | {' | '.join(str(found[name].lost) for name in NAMES)} |", ""]
    return lines
