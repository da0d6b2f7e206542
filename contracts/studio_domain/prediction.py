"""What the provider says of a prediction, read from any body it is documented to send.

Keys we do not use are ignored, missing ones have defaults; only an id and a known status are indispensable.
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
IDENTIFYING_INPUTS = ("prompt", "seed", "num_outputs")
"""The inputs by which a prediction of ours is recognised in the provider's list."""


class UnreadablePrediction(ValueError):
    """The body is not a prediction we understand: no object, no id, or a status we do not know."""


class PredictionStatus(StrEnum):
    """Replicate's statuses. `canceled`: called off, or out of time while running. `aborted`: out of time before it."""

    STARTING = "starting"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    ABORTED = "aborted"

    @property
    def is_final(self) -> bool:
        """Whether the provider never leaves this status."""
        return self not in (PredictionStatus.STARTING, PredictionStatus.PROCESSING)


class PredictionReport(FrozenModel):
    """One prediction as the provider last described it.

    `outputs` are http(s) or data URIs, unchecked. `output_present` tells an empty list (True) from none at all (False):
    a success without output has been purged, or is announced before its pictures. `input` holds IDENTIFYING_INPUTS
    only. `webhook` carries the slot's token, so it is kept out of reprs and events.
    """

    id: str
    status: PredictionStatus
    outputs: tuple[str, ...] = ()
    output_present: bool = False
    error: str | None = None
    predict_seconds: float | None = None
    data_removed: bool = False
    created_at: UtcDatetime | None = None
    started_at: UtcDatetime | None = None
    completed_at: UtcDatetime | None = None
    input: dict[str, str | int] = Field(default_factory=dict)
    webhook: str | None = Field(None, repr=False)


def read_prediction(body: object) -> PredictionReport:
    """Read a prediction object of the provider, or what `slim_prediction` left of it. Raises UnreadablePrediction."""
    if not isinstance(body, Mapping):
        raise UnreadablePrediction(f"a prediction is an object, not {type(body).__name__}")
    output = body.get("output")
    return PredictionReport(
        id=_id(body.get("id")),
        status=_status(body.get("status")),
        outputs=_outputs(output),
        output_present=output is not None,
        error=_error(body.get("error")),
        predict_seconds=_predict_seconds(body.get("metrics")),
        data_removed=body.get("data_removed") is True,
        created_at=_moment(body.get("created_at")),
        started_at=_moment(body.get("started_at")),
        completed_at=_moment(body.get("completed_at")),
        input=_identifying(body.get("input")),
        webhook=_text_or_none(body.get("webhook")),
    )


def slim_prediction(body: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a prediction worth carrying in an event, as JSON: no logs, no images, no webhook (it holds a token).

    Never raises, and does not judge: `read_prediction` finds the same in it as in the whole body, but the webhook.
    """
    copied = ("id", "status", "data_removed", "created_at", "started_at", "completed_at")
    output = body.get("output")
    return {key: _scalar(body[key]) for key in copied if key in body} | {
        "output": None if output is None else list(_outputs(output)),
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


_LARGEST_INTEGER = 2**63 - 1  # of the database


def _text(value: object) -> str:
    # JSON can smuggle in lone surrogates, which neither the broker nor the database can store.
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _text_or_none(value: object) -> str | None:
    return _text(value) if isinstance(value, str) else None


def _scalar(value: object) -> str | bool | None:
    return value if isinstance(value, bool) else _text_or_none(value)


def _id(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID_CHARS:
        raise UnreadablePrediction(f"the prediction's id is not a text of 1 to {MAX_ID_CHARS} characters")
    return _text(value)


def _status(value: object) -> PredictionStatus:
    try:
        return PredictionStatus(value)  # type: ignore[arg-type]
    except ValueError:
        known = ", ".join(PredictionStatus)
        raise UnreadablePrediction(f"unknown prediction status {_text(value)[:50]!r}; known: {known}") from None


def _outputs(output: object) -> tuple[str, ...]:
    items = output if isinstance(output, list | tuple) else [output]
    return tuple(_text(item) for item in items if isinstance(item, str) and item)


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
            identifying[key] = _text(value)
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST_INTEGER:
            identifying[key] = value
    return identifying
