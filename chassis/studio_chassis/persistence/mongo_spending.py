"""The spending store in MongoDB: a part of the job store, which gives it the database.

Charges and the sums they count in change in one transaction. Two transactions that meet at a sum conflict, and one is
run again, so no two reservations are made for the same money. Those of one process that come during a transaction share
the next.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple, TypeVar

from pymongo import ReplaceOne, UpdateOne

from studio_chassis.persistence.documents import of_ids
from studio_chassis.persistence.id_range import EVERY_ID, IdRange
from studio_chassis.persistence.mongo_outages import outages_as_unavailable, translated
from studio_chassis.runtime.combined import Combined
from studio_contracts.spending import Budgets, Charge, Spending, SpendingControl
from studio_domain.ledger import Ledger
from studio_domain.spending import Outcome, Refusal

T = TypeVar("T")
_CONTROL = "spending"
AMOUNTS = ("held_cents", "spent_cents", "uncertain_cents", "pictures")


class _Wanted(NamedTuple):
    charge: Charge
    budgets: Budgets


class MongoSpendingStore:
    """Charges in `charges`, their sums by day and key in `spending`, what operators decided in `controls`."""

    def __init__(self, database: Any) -> None:
        self._client = database.client
        self._charges = database["charges"]
        self._sums = database["spending"]
        self._controls = database["controls"]
        self._turn = asyncio.Lock()
        self._reserve = Combined(self._reserve_all)

    async def reserve(self, charge: Charge, budgets: Budgets) -> Refusal | None:
        return await self._reserve(_Wanted(charge, budgets))

    @translated
    async def _reserve_all(self, wanted: Sequence[_Wanted]) -> list[Refusal | None]:
        """In the order in which they came, each as if it were alone."""
        charges = [one.charge for one in wanted]

        async def hold(session: Any) -> list[Refusal | None]:
            # stopping changes no sum, so the transaction would not notice it: it is read beside it, anew each time
            ids = {one.id for one in charges}
            known, control = await asyncio.gather(self._known(ids, session), self.spending_control())
            sums = {(one.day, key) for one in (*known, *charges) for key in (None, one.key_id)}
            ledger = Ledger(known, await self._sums_of(sums, session), control)
            before = Ledger(known, ledger.sums.values())
            refused = [ledger.reserve(one.charge, one.budgets) for one in wanted]
            await self._write(before, ledger, session)
            return refused

        return await self._together(hold)

    @translated
    async def settle(self, outcomes: Mapping[str, Outcome]) -> frozenset[str]:
        async def replace(session: Any) -> frozenset[str]:
            known = await self._known(outcomes, session)
            before, ledger = Ledger(known), Ledger(known)
            held = frozenset(name for name, outcome in outcomes.items() if ledger.settle(name, outcome))
            await self._write(before, ledger, session)
            return held

        return await self._together(replace)

    async def _together(self, change: Callable[[Any], Awaitable[T]]) -> T:
        async with self._turn, await self._client.start_session() as session:
            result: T = await session.with_transaction(change)
            return result

    async def _known(self, ids: Collection[str], session: Any) -> list[Charge]:
        found = await self._charges.find({"_id": {"$in": sorted(ids)}}, session=session).to_list(None)
        return [charge for document in found if (charge := _charge(document)) is not None]

    async def _sums_of(self, wanted: Collection[tuple[date, str | None]], session: Any) -> list[Spending]:
        """What was spent on each day by everybody (None), and with each key. Without spending there is none."""
        ids = [_sum_id(day, key_id) for day, key_id in wanted]
        found = await self._sums.find({"_id": {"$in": ids}}, session=session).to_list(None)
        return [spending for document in found if (spending := _spending(document)) is not None]

    async def _write(self, before: Ledger, after: Ledger, session: Any) -> None:
        """Write the charges that changed, and each sum that was looked at for them."""
        changed = [charge for charge in after.charges.values() if charge != before.charges.get(charge.id)]
        if changed:
            await self._sums.bulk_write(
                [_added(before.of(*place), after.of(*place)) for place in after.sums], session=session
            )
            replaced = [ReplaceOne({"_id": charge.id}, _document(charge), upsert=True) for charge in changed]
            await self._charges.bulk_write(replaced, session=session)

    async def held_charges(self, before: datetime, ids: IdRange = EVERY_ID) -> AsyncIterator[Charge]:
        held = {"state": "held", "reserved_at": {"$lt": before}, **of_ids(ids, "job_id")}
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


def _added(before: Spending, after: Spending) -> UpdateOne:
    """The update that adds what was added to a sum; one of a day without spending is made by it.

    It changes something in any case, or two transactions that relied on the same sum would not meet there.
    """
    more = {name: difference for name in AMOUNTS if (difference := getattr(after, name) - getattr(before, name))}
    first = {"day": _stored_day(after.day), "key_id": after.key_id}
    place = {"_id": _sum_id(after.day, after.key_id)}
    return UpdateOne(place, {"$inc": more | {"changes": 1}, "$setOnInsert": first}, upsert=True)


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
