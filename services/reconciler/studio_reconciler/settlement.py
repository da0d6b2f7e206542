"""Settling money: what is held for an attempt is replaced by what the attempt delivered.

The job's document knows what became of an attempt. Of those that ended with their job, the provider knows.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from studio_chassis.errors import ChassisError, JobNotFound
from studio_chassis.persistence.id_range import EVERY_ID, IdRange
from studio_chassis.persistence.store import JobStore
from studio_chassis.replicate.client import ReplicateClient
from studio_chassis.replicate.errors import NotFound, ProviderError
from studio_chassis.runtime.clock import Clock
from studio_contracts.job import Job
from studio_contracts.spending import Charge
from studio_domain.prediction import read_prediction
from studio_domain.spending import Outcome, delivered_by, outcome

SETTLE_AFTER = timedelta(seconds=10)
"""No prediction is made in less; a charge that is younger is not looked at."""
AT_ONCE = 20
"""Charges whose jobs are read together and that are settled in one transaction."""
GIVE_UP_AFTER = timedelta(hours=1)
"""The provider deletes a prediction's data after an hour, and no process searches again for a claim of an ended job."""
UNCERTAIN = Outcome(0, certain=False)
log = structlog.get_logger()


@dataclass(frozen=True)
class Settlement:
    """Goes through the charges that are held."""

    store: JobStore
    provider: ReplicateClient
    now: Clock

    async def settle_held(self, ids: IdRange = EVERY_ID) -> None:
        """One round over the held charges of these jobs. One that cannot be settled does not stop the others."""
        some: list[Charge] = []
        async for charge in self.store.held_charges(self.now() - SETTLE_AFTER, ids):
            some.append(charge)
            if len(some) == AT_ONCE:
                await self._settle(some)
                some = []
        await self._settle(some)

    async def _settle(self, charges: Sequence[Charge]) -> None:
        found = await asyncio.gather(*map(self._known_outcome, charges))
        outcomes = {charge.id: result for charge, result in zip(charges, found, strict=True) if result is not None}
        if not outcomes:
            return
        try:
            done = await self.store.settle(outcomes)
        except ChassisError as error:
            log.warning("not settled yet", charges=len(outcomes), reason=str(error))
            return
        for charge in charges:
            if charge.id in done:
                result = outcomes[charge.id]._asdict()
                log.info("settled", job_id=charge.job_id, slot=charge.slot, attempt=charge.attempt, **result)

    async def _known_outcome(self, charge: Charge) -> Outcome | None:
        try:
            return await self._outcome(charge)
        except (ChassisError, ProviderError) as error:
            log.warning("not settled yet", job_id=charge.job_id, slot=charge.slot, reason=str(error))
            return None

    async def _outcome(self, charge: Charge) -> Outcome | None:
        try:
            job = await self.store.load(charge.job_id)
        except JobNotFound:
            return UNCERTAIN
        known = outcome(job, charge)
        if known is not None or not job.is_final:
            return known
        found = await self._ask_provider(job, charge)
        if found is None and self.now() - charge.reserved_at > GIVE_UP_AFTER:
            return UNCERTAIN
        return found

    async def _ask_provider(self, job: Job, charge: Charge) -> Outcome | None:
        """What the provider delivered to a job that had ended; None while it still runs, or where no id is known."""
        slot = job.slot(charge.slot)
        if slot is None or slot.provider_id is None:
            return None
        try:
            return delivered_by(read_prediction(await self.provider.read(slot.provider_id)))
        except NotFound:
            return UNCERTAIN
