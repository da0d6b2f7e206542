"""The job store in MongoDB. The only module that knows motor, so that another driver is a change of one file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import structlog
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo.errors import OperationFailure

from studio_chassis.observability import metrics
from studio_chassis.persistence.indexes import INDEXES, Index, problems
from studio_chassis.persistence.mongo_access import MongoAccessStore
from studio_chassis.persistence.mongo_claims import MongoClaims
from studio_chassis.persistence.mongo_jobs import MongoJobs
from studio_chassis.persistence.mongo_listing import MongoListing
from studio_chassis.persistence.mongo_outages import OUTAGES, translated
from studio_chassis.persistence.mongo_rate_limits import MongoRateLimits
from studio_chassis.persistence.mongo_spending import MongoSpendingStore
from studio_chassis.persistence.mongo_statistics import MongoStatistics
from studio_contracts.database_rights import makes_indexes

OPERATION_SECONDS = 10
log = structlog.get_logger()
_CONFLICTS = (85, 86)  # IndexOptionsConflict, IndexKeySpecsConflict


class MongoJobStore(
    MongoJobs, MongoListing, MongoStatistics, MongoClaims, MongoAccessStore, MongoSpendingStore, MongoRateLimits
):
    """Everything the database keeps for the services. Writes are acknowledged by a majority and journaled."""

    def __init__(self, database: "AsyncIOMotorDatabase[dict[str, Any]]", service: str) -> None:
        MongoJobs.__init__(self, database)
        MongoListing.__init__(self, database)
        MongoStatistics.__init__(self, database)
        MongoClaims.__init__(self, database)
        MongoAccessStore.__init__(self, database)
        MongoSpendingStore.__init__(self, database)
        MongoRateLimits.__init__(self, database)
        self._database = database
        self._indexes = tuple(index for index in INDEXES if makes_indexes(service, index.collection))

    @translated
    async def create_indexes(self) -> tuple[str, ...]:
        """Create the indexes that this service makes, each by itself; safe to repeat. What is wrong with them after.

        An index of the same name with another time to live gets ours. Any other difference is left to an operator:
        building a large index takes long.
        """
        for index in self._indexes:
            await self._create_index(index)
        found = await self._index_problems()
        metrics.index_problems.set(len(found))
        for problem in found:
            log.error("index problem", problem=problem)
        return found

    async def _create_index(self, index: Index) -> None:
        try:
            await self._database[index.collection].create_index(index.keys, name=index.name, **index.options)
        except OUTAGES:
            raise
        except OperationFailure as error:
            log.error("index refused", index=index.name, reason=str(error))
            if error.code in _CONFLICTS and index.time_to_live is not None:
                change = {"name": index.name, "expireAfterSeconds": index.time_to_live}
                with suppress(OperationFailure):  # no such index, or one of another key: it shows as a problem
                    await self._database.command("collMod", index.collection, index=change)

    @translated
    async def index_problems(self) -> tuple[str, ...]:
        """Indexes that are missing or defined otherwise than here, each with how to repair it."""
        return await self._index_problems()

    async def _index_problems(self) -> tuple[str, ...]:
        found: list[str] = []
        for collection in dict.fromkeys(index.collection for index in self._indexes):
            found += problems(collection, await self._database[collection].list_indexes().to_list(None))
        return tuple(found)

    @translated
    async def ping(self) -> None:
        await self._database.command("ping")

    @translated
    async def server_time(self) -> datetime:
        """What time it is on the database's machine."""
        moment: datetime = (await self._database.command("hello"))["localTime"]
        return moment.replace(tzinfo=moment.tzinfo or UTC)

    @translated
    async def used_ratio(self) -> float | None:
        stats = await self._database.command("dbStats")
        used, total = stats.get("fsUsedSize"), stats.get("fsTotalSize")
        return used / total if used is not None and total else None


@asynccontextmanager
async def open_mongo_store(
    url: str, database: str, service: str, operation_seconds: float = OPERATION_SECONDS
) -> AsyncIterator[MongoJobStore]:
    """The store behind a MongoDB URL. Connects on first use; every operation ends within `operation_seconds`."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        url,
        appname=f"studio-{service}",
        tz_aware=True,
        uuidRepresentation="standard",
        w="majority",
        journal=True,
        readConcernLevel="majority",
        timeoutMS=int(operation_seconds * 1000),
        serverSelectionTimeoutMS=5000,
    )
    try:
        yield MongoJobStore(client[database], service)
    finally:
        client.close()
