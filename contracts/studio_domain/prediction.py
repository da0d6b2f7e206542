"""A prediction as the provider describes it, read from any body it may send.

The provider's vocabulary is open: keys we do not use are ignored, missing ones have defaults, and a status we do not
know is kept as it is and counts as not final. Only an id is indispensable. Everything is bounded, because it is stored.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from studio_contracts.base import FrozenModel, UtcDatetime

MAX_ERROR_CHARS = 2_000
MAX_ID_CHARS = 128
MAX_STATUS_CHARS = 64
MAX_INPUT_CHARS = 8_192
MAX_OUTPUTS = 64
MAX_OUTPUT_CHARS = 2**20
"""All outputs of one report together. Links are far shorter; pictures inside the answer would fill the job document."""
IDENTIFYING_INPUTS = ("prompt", "seed", "num_outputs")
"""The inputs by which a prediction of ours is recognised in the provider's list."""


class UnreadablePrediction(ValueError):
    """The body describes no prediction: it is no object, or has no id."""


class PredictionStatus(StrEnum):
    """The statuses Replicate documents. A report may hold another one.

    `canceled`: cancelled by a user, or out of time while running. `aborted`: out of time before it started.
    """

    STARTING = "starting"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    ABORTED = "aborted"


FINAL_STATUSES: frozenset[str] = frozenset(PredictionStatus) - {PredictionStatus.STARTING, PredictionStatus.PROCESSING}
"""The provider never leaves these. No other status, known or not, ends a prediction."""


class PredictionReport(FrozenModel):
    """One prediction as the provider last described it.

    `status` is a PredictionStatus, or another text that the provider sent. `outputs` are http(s) or data URIs,
    unchecked; they are left out, and `oversized` is set, when they exceed MAX_OUTPUT_CHARS. A success without
    output has been purged, or is announced before its pictures. `input` holds IDENTIFYING_INPUTS only. `webhook`
    carries the slot's token, so it is kept out of reprs and events.
    """

    id: str
    status: str
    outputs: tuple[str, ...] = ()
    oversized: bool = False
    error: str | None = None
    predict_seconds: float | None = None
    created_at: UtcDatetime | None = None
    started_at: UtcDatetime | None = None
    completed_at: UtcDatetime | None = None
    input: dict[str, str | int] = Field(default_factory=dict)
    webhook: str | None = Field(None, repr=False)

    @property
    def is_final(self) -> bool:
        """Whether the prediction has ended. One with an unknown status has not."""
        return self.status in FINAL_STATUSES

    @property
    def provider_seconds(self) -> float | None:
        """From the prediction's creation to its end by the provider's own clock, else what its model ran for."""
        if self.created_at is None or self.completed_at is None or self.completed_at < self.created_at:
            return self.predict_seconds
        return (self.completed_at - self.created_at).total_seconds()

    @property
    def has_known_status(self) -> bool:
        """Whether the provider documents this status."""
        return self.status in frozenset[str](PredictionStatus)


def read_prediction(body: object) -> PredictionReport:
    """Read a prediction object of the provider, or what `slim_prediction` left of it. Raises UnreadablePrediction."""
    if not isinstance(body, Mapping):
        raise UnreadablePrediction(f"a prediction is an object, not {type(body).__name__}")
    output = body.get("output")
    return PredictionReport(
        id=_id(body.get("id")),
        status=_status(body.get("status")),
        outputs=() if _is_oversized(body) else _outputs(output),
        oversized=_is_oversized(body),
        error=_error(body.get("error")),
        predict_seconds=_predict_seconds(body.get("metrics")),
        created_at=_moment(body.get("created_at")),
        started_at=_moment(body.get("started_at")),
        completed_at=_moment(body.get("completed_at")),
        input=_identifying(body.get("input")),
        webhook=_text_or_none(body.get("webhook")),
    )


def slim_prediction(body: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a prediction worth carrying in an event, as JSON: no logs, no images, no webhook (it holds a token).

    Never raises, and does not judge: `read_prediction` finds the same in it as in the whole body, except the webhook.
    """
    copied = ("id", "created_at", "started_at", "completed_at")
    output, oversized = body.get("output"), _is_oversized(body)
    return {key: _scalar(body[key]) for key in copied if key in body} | {
        "status": _status(body.get("status")),
        "output": None if output is None else [] if oversized else list(_outputs(output)),
        _OVERSIZED: oversized,
        "error": _error(body.get("error")),
        "metrics": {"predict_time": _predict_seconds(body.get("metrics"))},
        "input": _identifying(body.get("input")),
    }


_CODE = re.compile(r"\bE\d{3,5}\b")
_PERMANENT_CODES = frozenset({"E005", "E1001"})
_TRANSIENT_CODES = frozenset({"E004", "E1000", "E4875", "E6716", "E8367", "E8765", "E9243", "E9825", "E9828"})
_TRANSIENT_TEXTS = (
    "director: unexpected error",
    "code: pa)",
    "prediction interrupted",
    "service is temporarily unavailable",
)


def is_infrastructure_failure(error: str | None) -> bool:
    """Whether a failed prediction's text blames the provider's machinery, so that the same request may succeed.

    False for what the request itself causes (NSFW, E005 flagged as sensitive, E1001 and CUDA out of memory, an input
    that cannot be fetched) and for no text at all: a second try costs money, so it needs a known reason. Some prompts
    meet E9828 every time, so tries must be capped all the same. Codes: Replicate's error-code page; E9828, E004 and
    PA are undocumented but common.
    """
    text = error or ""
    codes = set(_CODE.findall(text))
    if codes & _PERMANENT_CODES:
        return False
    return bool(codes & _TRANSIENT_CODES) or any(phrase in text.lower() for phrase in _TRANSIENT_TEXTS)


def is_content_refusal(error: str | None) -> bool:
    """Whether a failed prediction's text blames what the brief asks for: NSFW, or E005 flagged as sensitive."""
    text = (error or "").lower()
    return "nsfw" in text or "flagged as sensitive" in text or "E005" in _CODE.findall(error or "")


_OVERSIZED = "studio_oversized"
"""Key of ours in a slim prediction: its outputs were too large and are left out."""
_MAX_SCALAR_CHARS = 256
_LARGEST_INTEGER = 2**63 - 1  # of the database


def _text(value: object) -> str:
    try:
        text = str(value)
    except (RecursionError, ValueError):  # nested too deeply, or a number of too many digits
        text = type(value).__name__
    # JSON can hold lone surrogates, which neither the broker nor the database can store.
    return text.encode("utf-8", "replace").decode("utf-8")


def _text_or_none(value: object) -> str | None:
    return _text(value) if isinstance(value, str) else None


def _scalar(value: object) -> str | int | bool | None:
    if isinstance(value, int) and abs(value) <= _LARGEST_INTEGER:
        return value
    return _text(value)[:_MAX_SCALAR_CHARS] if isinstance(value, str) else None


def _id(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST_INTEGER:
        return str(value)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID_CHARS:
        raise UnreadablePrediction(f"the prediction's id is not a text of 1 to {MAX_ID_CHARS} characters")
    return _text(value)


def _status(value: object) -> str:
    return _text("" if value is None else value)[:MAX_STATUS_CHARS]


def _outputs(output: object) -> tuple[str, ...]:
    items = output if isinstance(output, list | tuple) else [output]
    return tuple(_text(item) for item in items[:MAX_OUTPUTS] if isinstance(item, str) and item)


def _is_oversized(body: Mapping[str, Any]) -> bool:
    output = body.get("output")
    items = output if isinstance(output, list | tuple) else [output]
    chars = sum(len(item) for item in items[:MAX_OUTPUTS] if isinstance(item, str))
    return chars > MAX_OUTPUT_CHARS or body.get(_OVERSIZED) is True


def _error(error: object) -> str | None:
    return None if error is None else _text(error)[:MAX_ERROR_CHARS]


def _predict_seconds(metrics: object) -> float | None:
    seconds = metrics.get("predict_time") if isinstance(metrics, Mapping) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return float(seconds) if 0 <= seconds <= _LARGEST_INTEGER else None


def _moment(value: object) -> datetime | None:
    """The moment in UTC, or None when it cannot be read: times are for measuring only, never worth losing a report."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _identifying(inputs: object) -> dict[str, str | int]:
    if not isinstance(inputs, Mapping):
        return {}
    identifying: dict[str, str | int] = {}
    for key in IDENTIFYING_INPUTS:
        value = inputs.get(key)
        if isinstance(value, str):
            identifying[key] = _text(value)[:MAX_INPUT_CHARS]
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST_INTEGER:
            identifying[key] = value
    return identifying
