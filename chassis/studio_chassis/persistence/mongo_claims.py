"""Leases and idempotency keys in MongoDB: who is at work, and which request came first. Parts of the job store."""

from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from studio_chassis.persistence.documents import stored_owner
from studio_chassis.persistence.mongo_outages import translated
from studio_chassis.persistence.store import IdempotencyRecord


class MongoClaims:
    """Leases in `leases`, idempotency keys in `claims`."""

    def __init__(self, database: Any) -> None:
        self._leases = database["leases"]
        self._claims = database["claims"]

    @translated
    async def claim(self, claim: IdempotencyRecord) -> IdempotencyRecord:
        owner = stored_owner(claim.owner)
        place = claim.key if owner is None else {"owner": owner, "key": claim.key}
        document = {name: getattr(claim, name) for name in ("fingerprint", "job_id", "claimed_at")}
        try:
            await self._claims.insert_one({"_id": place, **document})
        except DuplicateKeyError:
            known = await self._claims.find_one({"_id": place})
            if known is None:  # it ran out this very moment, so this one takes its place
                return await self.claim(claim)
            return claim._replace(**{name: known[name] for name in document})
        return claim

    @translated
    async def renew_lease(self, name: str, holder: str, now: datetime, until: datetime) -> tuple[str, ...]:
        others = {"$and": [{"$gte": ["$$this.until", now]}, {"$ne": ["$$this.holder", {"$literal": holder}]}]}
        kept = {"$filter": {"input": {"$ifNull": ["$leases", []]}, "cond": others}}
        own = {"holder": {"$literal": holder}, "until": until}
        document = await self._leases.find_one_and_update(
            {"_id": name},
            [{"$set": {"leases": {"$concatArrays": [kept, [own]]}}}],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return tuple(sorted(lease["holder"] for lease in document["leases"]))
