"""Jobs that froze, a hundred in each state, and two reconcilers whose clocks differ: each is rescued once, in time."""

import asyncio
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace
from uuid import NAMESPACE_OID, uuid5

import pytest

from studio_chaos.in_process import Provider, addresses, service_context_on
from studio_chaos.job_fixtures import STATES, freeze
from studio_chaos.ledger_check import settled_counts
from studio_chaos.virtual_clock import VirtualClock
from studio_chassis.persistence import outbox_publisher
from studio_chassis.replicate.client import ReplicateClient
from studio_chassis.runtime.clock import utc_now
from studio_chassis.runtime.service import ServiceContext
from studio_contracts import topology
from studio_contracts.job import Job, Limits
from studio_local.infrastructure import Endpoints, Infrastructure
from studio_reconciler import app
from studio_reconciler.lease import Lease
from studio_reconciler.rescue import Rescuer
from studio_reconciler.settings import ReconcilerSettings
from studio_reconciler.settlement import Settlement
from studio_reconciler.undelivered import UndeliveredMessages

PERIOD = timedelta(seconds=10)
STUCK_AFTER = timedelta(seconds=300)
DEADLINE = timedelta(seconds=900)
SKEW = timedelta(minutes=2)
AWAITED = {
    "pending": topology.STENCIL_JOB_CREATED,
    "drawn": topology.PREDICTOR_STENCIL_READY,
    "waiting": topology.PREDICTOR_STENCIL_READY,
    "submitting": topology.PREDICTOR_STENCIL_READY,
    "running": topology.POSTPROCESS_PREDICTION_SUCCEEDED,  # the provider, which is asked, has its pictures
    "succeeded": topology.POSTPROCESS_PREDICTION_SUCCEEDED,
}
"""By the state in which a job froze, the queue of the message that its rescue leads to."""


def reconciler(chassis: ServiceContext, endpoints: Endpoints, provider: ReplicateClient, name: str) -> app.Reconciler:
    settings = ReconcilerSettings(
        **addresses(endpoints), replicate_api_token="token", public_base_url="http://studio", stuck_after=STUCK_AFTER
    )
    rescuer = Rescuer(chassis.jobs, chassis.store, provider, chassis.clock)
    undelivered = UndeliveredMessages(chassis.broker, chassis.jobs, chassis.clock)
    lease, settlement = Lease(chassis.store, name, chassis.clock), Settlement(chassis.store, provider, chassis.clock)
    return app.Reconciler(chassis, rescuer, settings, lease, undelivered, settlement)


def rescues(jobs: tuple[Job, ...]) -> Counter[int]:
    """How many jobs were rescued how often."""
    return Counter(sum(entry.event == "job.rescued" for entry in job.timeline) for job in jobs)


def rescuers(jobs: tuple[Job, ...]) -> set[str]:
    """The reconcilers that rescued them."""
    return {entry.service for job in jobs for entry in job.timeline if entry.event == "job.rescued"}


@pytest.mark.parametrize("skew", [timedelta(0), SKEW, -SKEW], ids=["same clock", "ahead", "behind"])
async def test_frozen_jobs_are_rescued_once_and_in_time_by_two_reconcilers(
    infrastructure: Infrastructure, monkeypatch: pytest.MonkeyPatch, thorough: bool, skew: timedelta
) -> None:
    frozen = utc_now()
    each = 100 if thorough else 15
    everything = each * len(STATES)
    time, provider = VirtualClock(frozen), Provider()
    for name in ("RELAY_SECONDS", "RESCUE_SECONDS"):
        monkeypatch.setattr(app, name, PERIOD.total_seconds())
    monkeypatch.setattr(outbox_publisher, "CLEAR_SECONDS", DEADLINE.total_seconds())  # real ones: time is virtual here
    limits = Limits(deadline_seconds=int(DEADLINE.total_seconds()))
    names = {str(uuid5(NAMESPACE_OID, f"{state} {number}")): state for state in STATES for number in range(each)}
    provider.known = {name: {"id": name, "status": "succeeded", "output": ["https://x/a.png"]} for name in names}
    earliest = min(timedelta(0), -skew)  # what the clock that is ahead takes for later than it is
    with infrastructure.isolated() as endpoints:
        async with (
            service_context_on(endpoints, "one", time.now) as one,
            service_context_on(endpoints, "other", time.skewed(skew)) as other,
            provider.client() as replicate,
        ):

            async def sleep(seconds: float) -> None:
                """As if outboxes were cleared in time: before the next moment."""
                await asyncio.gather(one.jobs.outbox.flush(), other.jobs.outbox.flush())
                await time.sleep(seconds)

            monkeypatch.setattr(app, "asyncio", SimpleNamespace(sleep=sleep))
            await asyncio.gather(
                *(freeze(one.store, time.now, name, STATES.index(state), limits) for name, state in names.items())
            )
            both = [reconciler(one, endpoints, replicate, "one"), reconciler(other, endpoints, replicate, "other")]
            async with time.running(*(loop for each in both for loop in (each.rescue, each.relay))):
                await time.pass_until(frozen + STUCK_AFTER + earliest - PERIOD)
                assert rescues(await one.store.recent(everything)) == {0: everything}
                await time.pass_until(frozen + STUCK_AFTER + 2 * PERIOD)
                rescued = await one.store.recent(everything)
                assert rescues(rescued) == {1: everything}
                if not skew:
                    assert rescuers(rescued) == {"one", "other"}
                expected = Counter(AWAITED[state].name for state in names.values())
                assert await settled_counts(endpoints, expected) == expected
                assert provider.asked == Counter(name for name, state in names.items() if state == "running")
                await time.pass_until(frozen + DEADLINE + earliest - PERIOD)
                assert not any(job.is_final for job in await one.store.recent(everything))
                await time.pass_until(frozen + DEADLINE + 2 * PERIOD)
                ended = await one.store.recent(everything)
        assert Counter(job.error.code for job in ended if job.error) == {"timed_out": everything}
        assert {sum(entry.event == "job.failed" for entry in job.timeline) for job in ended} == {1}
