"""Who did what: an entry for each thing a caller changed."""

import structlog

from studio_chassis.errors import Unavailable
from studio_chassis.persistence.access import AuditLog
from studio_chassis.runtime.clock import Clock
from studio_contracts.access import AuditAction, AuditEntry
from studio_gateway.access.caller import Caller

log = structlog.get_logger()


class AuditTrail:
    """Keeps the entries of the gateway."""

    def __init__(self, store: AuditLog, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def record(self, caller: Caller, action: AuditAction, target: str, detail: str = "") -> None:
        """Keep that the caller did this. It is done already, so that without a store the log has the entry."""
        entry = AuditEntry(
            at=self._clock(),
            action=action,
            actor=caller.key_id or caller.via,
            owner=caller.owner,
            target=target,
            address=caller.address,
            detail=detail,
        )
        try:
            await self._store.append_audit(entry)
        except Unavailable as error:
            log.error("audit entry not stored", entry=entry.model_dump(mode="json"), reason=str(error))
