"""The slots of a job, one for each call to the provider, and the request that they share."""

from typing import Any, Literal

from studio_contracts.base import FrozenModel, UtcDatetime

SlotState = Literal["waiting", "submitting", "running", "succeeded", "finished", "failed"]
SETTLED: frozenset[SlotState] = frozenset({"finished", "failed"})
UNDER_WAY: frozenset[SlotState] = frozenset({"submitting", "running", "succeeded"})
"""Somebody works on the slot, or it waits for postprocess: it stands before what comes later."""


class GenerationRequest(FrozenModel):
    """Which model makes the pictures and the input every slot shares (the slot adds its image, seed and count).

    `not_sent` is what the brief names and the model's prompt has no room for.
    """

    model: str
    version: str
    cents_per_picture: int
    input: dict[str, Any]
    not_sent: tuple[str, ...] = ()


class Slot(FrozenModel):
    """One provider call: at most one paid prediction per attempt. Of a draft: one direction, for which none is made.

    waiting → submitting (claimed) → running (known to the provider) → succeeded (outputs known) → finished (pictures
    stored), or failed. An infrastructure failure goes back to waiting under the next attempt number. `webhook_received`
    means that the provider reported on an attempt before its id was known here; the report is not interpreted yet.
    `reports` are digests of the reports kept of this attempt since the last rescue.
    """

    number: int
    direction: int = 0
    count: int
    state: SlotState = "waiting"
    attempt: int = 1
    claimed_at: UtcDatetime | None = None
    webhook_received: bool = False
    reports: tuple[str, ...] = ()
    provider_id: str | None = None
    prediction_ids: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    received: int = 0
    error: str | None = None
    predict_seconds: float | None = None
