"""What the reconciler does. Of several replicas each looks after its share of the jobs."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import httpx

from studio_chassis.replicate.client import ReplicateClient
from studio_chassis.replicate.http_client import open_http_client
from studio_chassis.runtime.handlers import JobHandler
from studio_chassis.runtime.service import ServiceContext, ServiceDefinition
from studio_contracts import topology
from studio_contracts.events import CallbackRequested
from studio_reconciler.callbacks import CallbackSender
from studio_reconciler.lease import Lease
from studio_reconciler.rescue import Rescuer
from studio_reconciler.retention import remove_expired
from studio_reconciler.settings import ReconcilerSettings
from studio_reconciler.settlement import Settlement
from studio_reconciler.stats import measure_backlog, measure_indexes, measure_spending, measure_volumes
from studio_reconciler.undelivered import UndeliveredMessages

RELAY_SECONDS = 2.0
RESCUE_SECONDS = 5.0
STATS_SECONDS = 15.0
RELAY_BATCH = 500
EXPIRY_SECONDS = 60.0
UNDELIVERED_SECONDS = 15.0
SETTLE_SECONDS = 5.0


@dataclass(frozen=True)
class Reconciler:
    """The loops and the lease they share."""

    chassis: ServiceContext
    rescuer: Rescuer
    settings: ReconcilerSettings
    lease: Lease
    undelivered: UndeliveredMessages
    settlement: Settlement

    async def relay(self) -> None:
        """Publish what was committed and not yet published."""
        while True:
            await self.chassis.jobs.outbox.relay(self.settings.relay_after, RELAY_BATCH, await self.lease.share())
            await asyncio.sleep(RELAY_SECONDS)

    async def rescue(self) -> None:
        """Rescue jobs that stopped moving."""
        while True:
            ids = await self.lease.share()
            await self.rescuer.end_overdue(ids)
            await self.rescuer.rescue_stuck(self.settings.stuck_after, ids)
            await self.rescuer.request_overdue_calls(ids)
            await asyncio.sleep(min(RESCUE_SECONDS, self.settings.stuck_after.total_seconds() / 4))

    async def expire(self) -> None:
        """Remove jobs whose retention has ended."""
        while True:
            ids = await self.lease.share()
            await remove_expired(self.chassis.store, self.chassis.objects, self.chassis.clock(), ids)
            await asyncio.sleep(EXPIRY_SECONDS)

    async def settle(self) -> None:
        """Replace the money that is held by what was delivered for it."""
        while True:
            await self.settlement.settle_held(await self.lease.share())
            await asyncio.sleep(SETTLE_SECONDS)

    async def report_undelivered(self) -> None:
        """Fail the jobs whose messages the broker dead-lettered. These are few, and one replica does it for all."""
        while True:
            if await self.lease.is_first():
                await self.undelivered.report()
            await asyncio.sleep(UNDELIVERED_SECONDS)

    async def count(self) -> None:
        """Count unfinished work. Each replica does, so that any of them may be scraped."""
        while True:
            await measure_backlog(self.chassis.store, self.chassis.clock())
            await measure_spending(self.chassis.store, self.settings.budgets, self.chassis.clock())
            await measure_volumes(self.chassis.store, self.chassis.objects)
            await measure_indexes(self.chassis.store)
            await asyncio.sleep(STATS_SECONDS)

    async def poll(self) -> None:
        """Ask for predictions instead of waiting for webhooks."""
        while True:
            await self.rescuer.poll_running(await self.lease.share())
            await asyncio.sleep(self.settings.poll_every.total_seconds())


@asynccontextmanager
async def build(chassis: ServiceContext, settings: ReconcilerSettings) -> AsyncIterator[ServiceDefinition]:
    """Relay, rescue, expiry and calls to clients always; polling only where the provider cannot call back."""
    async with (
        open_http_client() as http,
        httpx.AsyncClient(trust_env=False) as clients,  # a proxy would look up names itself, past our check
    ):
        provider = ReplicateClient(http, settings.replicate_api_base, settings.replicate_api_token, chassis.clock)
        rescuer = Rescuer(chassis.jobs, chassis.store, provider, chassis.clock)
        holder = f"{socket.gethostname()}-{uuid4().hex[:8]}"
        undelivered = UndeliveredMessages(chassis.broker, chassis.jobs, chassis.clock)
        settlement = Settlement(chassis.store, provider, chassis.clock)
        lease = Lease(chassis.store, holder, chassis.clock)
        reconciler = Reconciler(chassis, rescuer, settings, lease, undelivered, settlement)
        loops = [
            reconciler.relay,
            reconciler.rescue,
            reconciler.expire,
            reconciler.count,
            reconciler.report_undelivered,
            reconciler.settle,
        ]
        if settings.public_base_url is None:
            loops.append(reconciler.poll)
        sender = CallbackSender(
            chassis.jobs,
            clients,
            settings.callbacks,
            settings.callback_secrets,
            chassis.store,
            settings.public_base_url or "",
            chassis.clock,
        )
        handler = JobHandler(topology.RECONCILER_CALLBACK_REQUESTED, CallbackRequested, sender.call, of_ended_jobs=None)
        yield ServiceDefinition([handler], loops=loops)
