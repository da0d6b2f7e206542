"""What the routes work with."""

import math
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from studio_chassis.persistence.objects import ObjectStore
from studio_chassis.persistence.spending import SpendingStore
from studio_chassis.runtime.clock import Clock
from studio_chassis.runtime.process_pool import WorkRunner
from studio_contracts.job import Limits
from studio_gateway.access.audit import AuditTrail
from studio_gateway.access.failed_checks import FailedChecks
from studio_gateway.access.key_ring import KeyRing
from studio_gateway.access.owned_jobs import JobAccess
from studio_gateway.access.rate_limiter import RateLimiter
from studio_gateway.access.typical_times import TypicalTimes
from studio_gateway.documents.drawn_sheets import DrawnSheets
from studio_gateway.http.concurrency_limit import ConcurrencyLimit
from studio_gateway.settings import GatewaySettings

MAX_UNVERIFIED_BODIES = 4
"""Bodies of up to 4 MiB that are held before anything proves where they come from."""

MAX_DOCUMENTS, MAX_DOCUMENTS_PER_CLIENT = 32, 4
"""Bundles and sheets that are being made and sent, of all clients and of one."""


MAX_UPLOADS, MAX_UPLOADS_PER_CLIENT = 8, 2
"""Pictures and drawings of clients, up to 8 MiB each, that are in memory until they are stored or read."""


@dataclass(frozen=True)
class Dependencies:
    """The gateway's connections and settings. Jobs are reached through `jobs` alone, which asks for a caller."""

    jobs: JobAccess
    keys: KeyRing
    audit: AuditTrail
    objects: ObjectStore
    clock: Clock
    settings: GatewaySettings
    spending: SpendingStore
    rates: RateLimiter
    streams: ConcurrencyLimit
    typical_times: TypicalTimes
    requests: ConcurrencyLimit
    documents: ConcurrencyLimit
    sheets: DrawnSheets
    failed_checks: FailedChecks
    ended_sessions: FailedChecks
    readers: WorkRunner
    unverified_bodies: ConcurrencyLimit = field(default_factory=lambda: ConcurrencyLimit(MAX_UNVERIFIED_BODIES))

    uploads: ConcurrencyLimit = field(default_factory=lambda: ConcurrencyLimit(MAX_UPLOADS, MAX_UPLOADS_PER_CLIENT))

    @property
    def limits(self) -> Limits:
        """What a new job may cost and how long it may take."""
        return Limits(
            attempts_per_slot=self.settings.attempts_per_slot,
            cents=self.settings.job_cents,
            deadline_seconds=math.ceil(self.settings.job_deadline.total_seconds()),
            retention_days=self.settings.retention_days,
        )


def dependencies_of(request: Request) -> Dependencies:
    """What the application behind a request works with."""
    found: Dependencies = request.app.state.dependencies
    return found


async def _dependencies(
    request: Request,
) -> Dependencies:  # a plain function would be called in a thread, for every request
    return dependencies_of(request)


DependenciesDep = Annotated[Dependencies, Depends(_dependencies)]
