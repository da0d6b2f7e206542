"""Token buckets in MongoDB: one update a request, with the database's clock, so replicas need not agree on theirs."""

from datetime import datetime
from typing import Any

from pymongo import ReturnDocument, WriteConcern

from studio_chassis.persistence.mongo_outages import translated
from studio_domain.rate_limit import Grant, Rate


class MongoRateLimits:
    """Buckets in `buckets`. Losing some in a failover gives a client a few tokens more."""

    def __init__(self, database: Any) -> None:
        self._buckets = database["buckets"].with_options(write_concern=WriteConcern(w=1))

    @translated
    async def take_tokens(self, bucket_id: str, rate: Rate, wanted: int, now: datetime) -> Grant:
        minutes = {"$divide": [{"$subtract": ["$$NOW", {"$ifNull": ["$at", "$$NOW"]}]}, 60_000]}
        refilled = {"$add": [{"$ifNull": ["$tokens", rate.burst]}, {"$multiply": [minutes, rate.per_minute]}]}
        granted = {"$gte": ["$tokens", wanted]}
        steps = [
            {"$set": {"tokens": {"$min": [rate.burst, refilled]}, "at": "$$NOW"}},
            {"$set": {"granted": granted, "tokens": {"$subtract": ["$tokens", {"$cond": [granted, wanted, 0]}]}}},
        ]
        after = await self._buckets.find_one_and_update(
            {"_id": bucket_id}, steps, upsert=True, return_document=ReturnDocument.AFTER
        )
        return Grant(after["granted"], after["tokens"])
