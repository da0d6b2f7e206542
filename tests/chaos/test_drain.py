"""SIGTERM with a full prefetch, repeatedly: messages in flight are finished, and no rescue is needed."""

import asyncio
import threading
from typing import Any

from studio_chaos.fleet import Fleet
from studio_chaos.ledger_check import check_ledger, jobs_of, wait_for_rest
from studio_chaos.load_generator import SMALL, post_jobs
from studio_contracts import topology
from studio_local.processes import wait_until

DRAIN_SECONDS = 10
GRACE_SECONDS = DRAIN_SECONDS + 110
NO_RESCUE = {"STUDIO_STUCK_AFTER": "3600", "STUDIO_DRAIN_SECONDS": str(DRAIN_SECONDS)}
"""The relay stays: a gateway that starts takes webhooks before it has found the broker, and leaves them to it."""
WORK_SECONDS = 300


def roll(fleet: Fleet, name: str, times: int) -> None:
    """End a service the moment its queue has filled its hands, and start it again."""
    for _ in range(times):
        fleet.terminate(name, GRACE_SECONDS)
        fleet.start(name)
        fleet.wait_ready(name)


def wait_for(fleet: Fleet, stage: dict[str, Any], jobs: int) -> None:
    with jobs_of(fleet.stack.endpoints) as stored:
        assert wait_until(lambda: stored.count_documents(stage) == jobs, WORK_SECONDS), stage


def delivered_again(fleet: Fleet) -> dict[str, int]:
    """How many deliveries of each queue were repeated."""
    queues = {queue["name"]: queue.get("message_stats", {}) for queue in fleet.broker_lists("queues")}
    return {queue.name: queues[queue.name].get("redeliver", 0) for queue in topology.QUEUES}


def test_no_service_loses_or_repeats_anything_on_sigterm(open_stack: Any, thorough: bool) -> None:
    jobs, times = (200, 20) if thorough else (16, 1)
    with open_stack(**NO_RESCUE) as (fleet, _):
        for name in ("stencil", "predictor", "postprocess"):
            fleet.kill(name)
        accepted = post_jobs(fleet.stack.gateway_url, jobs, surface=SMALL)
        fleet.start("stencil")
        fleet.wait_ready("stencil")
        roll(fleet, "stencil", times)
        wait_for(fleet, {"plan": {"$ne": None}}, jobs)
        gateway = threading.Thread(target=roll, args=(fleet, "gateway", times))
        fleet.start("predictor")
        fleet.wait_ready("predictor")
        gateway.start()
        roll(fleet, "predictor", times)
        gateway.join()
        wait_for(fleet, {"predictions.0.state": "succeeded"}, jobs)
        fleet.start("postprocess")
        fleet.wait_ready("postprocess")
        roll(fleet, "postprocess", times)
        roll(fleet, "reconciler", times)
        assert wait_for_rest(fleet.stack, WORK_SECONDS)
        result = asyncio.run(check_ledger(fleet.stack, accepted))
        assert result.violations == []
        again = delivered_again(fleet)
        assert all(again[queue.name] <= times * queue.prefetch for queue in topology.QUEUES), again
        assert (result.final, result.paid, result.paid_twice, result.missing, result.dead) == (jobs, jobs, 0, 0, 0)
