"""The spending store in MongoDB: a part of the job store, which gives it the database.

A charge and the two sums it counts in change in one transaction. Two transactions that meet at a sum conflict, and one
is run again, so no two reservations are made for the same money. Those of one process wait for their turn instead.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

from pymongo import UpdateOne

from studio_chassis.persistence.mongo_outages import outages_as_unavailable, translated
from studio_contracts.spending import Budgets, Charge, Spending, SpendingControl
from studio_domain.spending import Outcome, Refusal, amounts, budgets_left, purchase_refusal, settled

T = TypeVar("T")
_CONTROL = "spending"


class MongoSpendingStore:
    """Charges in `charges`, their sums by day and key in `spending`, what operators decided in `controls`."""

    def __init__(self, database: Any) -> None:
        self._client = database.client
        self._charges = database["charges"]
        self._sums = database["spending"]
        self._controls = database["controls"]
        self._turn = asyncio.Lock()

    @translated
    async def reserve(self, charge: Charge, budgets: Budgets) -> Refusal | None:
        async def hold(session: Any) -> Refusal | None:
            # stopping changes no sum, so the transaction would not notice it: it is read beside it, anew each time
            found = self._charges.find_one({"_id": charge.id}, session=session)
            document, control = await asyncio.gather(found, self.spending_control())
            known = _charge(document)
            if known is not None and known.state == "held" and known.day == charge.day:
                return purchase_refusal(charge.cents, charge.day, control, ())
            if known is not None:
                await self._add(known.day, known.key_id, _less(known), session)
            spent, by_key = await self._sums_of(charge.day, charge.key_id, session)
            left = budgets_left(charge.key_id, control, budgets, spent, by_key)
            refused = purchase_refusal(charge.cents, charge.day, control, left)
            if refused is not None:
                await session.abort_transaction()
                return refused
            await self._add(charge.day, charge.key_id, amounts(charge), session)
            await self._charges.replace_one({"_id": charge.id}, _document(charge), upsert=True, session=session)
            return None

        return await self._together(hold)

    @translated
    async def settle(self, charge_id: str, outcome: Outcome) -> bool:
        async def replace(session: Any) -> bool:
            charge = _charge(await self._charges.find_one({"_id": charge_id}, session=session))
            if charge is None or charge.state != "held":
                return False
            after = settled(charge, outcome)
            more = Counter(amounts(after))
            more.update(_less(charge))
            await self._add(charge.day, charge.key_id, more, session)
            await self._charges.replace_one({"_id": charge_id}, _document(after), session=session)
            return True

        return await self._together(replace)

    async def _together(self, change: Callable[[Any], Awaitable[T]]) -> T:
        async with self._turn, await self._client.start_session() as session:
            result: T = await session.with_transaction(change)
            return result

    async def _sums_of(self, day: date, key_id: str, session: Any) -> tuple[Spending, Spending]:
        """What was spent on that day by everybody, and with that key."""
        both = {_sum_id(day, one): Spending(day=day, key_id=one) for one in (None, key_id)}
        async for document in self._sums.find({"_id": {"$in": list(both)}}, session=session):
            both[document["_id"]] = _spending(document) or both[document["_id"]]
        everybody, with_key = both.values()
        return everybody, with_key

    async def _add(self, day: date, key_id: str, more: Mapping[str, int], session: Any) -> None:
        changes = [
            UpdateOne(
                {"_id": _sum_id(day, one)},
                {"$inc": dict(more), "$setOnInsert": {"day": _stored_day(day), "key_id": one}},
                upsert=True,
            )
            for one in (None, key_id)
        ]
        await self._sums.bulk_write(changes, session=session)

    async def held_charges(self, before: datetime) -> AsyncIterator[Charge]:
        held = {"state": "held", "reserved_at": {"$lt": before}}
        with outages_as_unavailable():
            async for document in self._charges.find(held, sort=[("reserved_at", 1)], batch_size=100):
                charge = _charge(document)
                assert charge is not None
                yield charge

    @translated
    async def spending(
        self, first: date, last: date, keys: Collection[str | None] | None = None
    ) -> tuple[Spending, ...]:
        query: dict[str, Any] = {"day": {"$gte": _stored_day(first), "$lte": _stored_day(last)}}
        if keys is not None:
            query["key_id"] = {"$in": list(keys)}
        found = [_spending(document) async for document in self._sums.find(query, sort=[("day", 1), ("_id", 1)])]
        return tuple(one for one in found if one is not None)

    @translated
    async def spending_control(self) -> SpendingControl:
        return _control(await self._controls.find_one({"_id": _CONTROL}))

    @translated
    async def stop_spending(self, reason: str) -> None:
        await self._decide({"$set": {"stopped": True, "reason": reason}})

    @translated
    async def resume_spending(self) -> None:
        await self._decide({"$set": {"stopped": False, "reason": ""}})

    @translated
    async def pause_predictor(self, reason: str) -> None:
        await self._decide({"$set": {"predictor_paused": True, "pause_reason": reason}})

    @translated
    async def resume_predictor(self) -> None:
        await self._decide({"$set": {"predictor_paused": False, "pause_reason": ""}})

    @translated
    async def limit_spending(self, key_id: str | None, cents: int | None) -> None:
        name = "day_cents" if key_id is None else f"key_day_cents.{key_id}"
        await self._decide({"$unset": {name: ""}} if cents is None else {"$set": {name: cents}})

    async def _decide(self, change: dict[str, Any]) -> None:
        await self._controls.update_one({"_id": _CONTROL}, change, upsert=True)


def _less(charge: Charge) -> dict[str, int]:
    return {name: -amount for name, amount in amounts(charge).items()}


def _stored_day(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _sum_id(day: date, key_id: str | None) -> str:
    return day.isoformat() if key_id is None else f"{day.isoformat()}/{key_id}"


def _document(charge: Charge) -> dict[str, Any]:
    return {**charge.model_dump(), "_id": charge.id, "day": _stored_day(charge.day)}


def _known(model: Any, document: Any, **changed: Any) -> Any:
    """The fields of the document that the model knows. What a later release added is overlooked."""
    return model.model_validate({name: document[name] for name in model.model_fields if name in document} | changed)


def _charge(document: Any) -> Charge | None:
    return None if document is None else _known(Charge, document, day=document["day"].date())


def _spending(document: Any) -> Spending | None:
    return None if document is None else _known(Spending, document, day=document["day"].date())


def _control(document: Any) -> SpendingControl:
    return SpendingControl() if document is None else _known(SpendingControl, document)
