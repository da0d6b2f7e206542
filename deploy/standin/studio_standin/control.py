"""The routes that are ours, not the provider's: the fault switches, and the ledger of what was created and paid."""

import hashlib
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from studio_standin.app_state import AppStateDep
from studio_standin.faults import Event, Faults
from studio_standin.predictions import Prediction, Status


class LedgerDelivery(BaseModel):
    webhook_id: str
    event: Event
    sent_at: datetime
    answer: int | None
    error: str | None


class LedgerEntry(BaseModel):
    id: str
    created_at: datetime
    model: str
    version: str
    status: Status
    paid: bool
    pictures: int
    seed: int
    num_outputs: int
    prompt: str
    prompt_sha256: str
    webhook: str | None
    webhooks: list[LedgerDelivery]


class Ledger(BaseModel):
    """Every prediction the store still holds, oldest first; `refused` counts create calls that made none, by status."""

    created: int
    paid: int
    refused: dict[int, int]
    predictions: list[LedgerEntry]


routes = APIRouter(prefix="/standin")


@routes.put("/faults")
async def replace_faults(app_state: AppStateDep, faults: Faults) -> Faults:
    app_state.fault_injector.replace(faults)
    return faults


@routes.get("/faults")
async def get_faults(app_state: AppStateDep) -> Faults:
    return app_state.fault_injector.faults


@routes.delete("/faults", status_code=204)
async def clear_faults(app_state: AppStateDep) -> None:
    app_state.fault_injector.replace(Faults())


@routes.get("/ledger")
async def get_ledger(app_state: AppStateDep) -> Ledger:
    entries = [_entry(prediction) for prediction in reversed(app_state.store.newest_first())]
    paid = sum(entry.paid for entry in entries)
    return Ledger(created=len(entries), paid=paid, refused=dict(app_state.refused), predictions=entries)


def _entry(prediction: Prediction) -> LedgerEntry:
    return LedgerEntry(
        id=prediction.id,
        created_at=prediction.created_at,
        model=prediction.model.name,
        version=prediction.version,
        status=prediction.status,
        paid=prediction.started_at is not None,  # time that ran is billed; aborted ones never ran
        pictures=prediction.delivered if prediction.status == "succeeded" else 0,
        seed=prediction.arguments["seed"],
        num_outputs=prediction.arguments["num_outputs"],
        prompt=prediction.prompt,
        prompt_sha256=hashlib.sha256(prediction.prompt.encode()).hexdigest(),
        webhook=prediction.webhook,
        webhooks=[LedgerDelivery(**vars(delivery)) for delivery in prediction.deliveries],
    )
