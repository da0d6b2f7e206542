"""Predictions, how they are shown, and the store that pages through them."""

import asyncio
import base64
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from studio_standin.faults import Event, PredictionFault, Shape
from studio_standin.schemas import Model
from studio_standin.webhooks import Delivery

Status = Literal["starting", "processing", "succeeded", "failed", "canceled", "aborted"]
TERMINAL: frozenset[Status] = frozenset({"succeeded", "failed", "canceled", "aborted"})
PAGE_SIZE = 100

_ALPHABET = string.ascii_lowercase + string.digits


def new_id() -> str:
    """Like the provider's: 26 lower-case letters and digits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(26))


@dataclass
class Prediction:
    """One prediction in flight or finished. `given` is the input as sent, `arguments` what the model runs with."""

    model: Model
    version: str
    given: dict[str, Any]
    arguments: dict[str, Any]
    base_url: str
    fault: PredictionFault
    created_at: datetime
    webhook: str | None = None
    webhook_events_filter: list[Event] | None = None
    deadline: datetime | None = None
    id: str = field(default_factory=new_id)

    status: Status = "starting"
    output: Any = None
    delivered: int = 0
    """Pictures in the output, also once that is purged."""
    logs: str | None = ""
    error: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    data_removed: bool = False

    number: int = 0
    files: list[str] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    sending: list[asyncio.Task[None]] = field(default_factory=list)
    last_in_turn: asyncio.Task[None] | None = None
    at_output: dict[str, Any] | None = None
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def prompt(self) -> str:
        return str(self.arguments["prompt"])

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL

    def wants(self, event: Event) -> bool:
        """With no filter the provider sends new outputs and the end."""
        return self.webhook is not None and event in (self.webhook_events_filter or ("output", "completed"))


def view(prediction: Prediction, *, with_webhook: bool = True) -> dict[str, Any]:
    """The prediction object of the API and of webhook bodies, in the shapes its fault asks for."""
    shapes = prediction.fault.shapes
    body = _required(prediction) | _optional(prediction)
    if prediction.webhook is not None and with_webhook:
        body["webhook"] = prediction.webhook
        if prediction.webhook_events_filter is not None:
            body["webhook_events_filter"] = prediction.webhook_events_filter
    if prediction.deadline is not None:
        body["deadline"] = _timestamp(prediction.deadline, 3, shapes)
    if "sparse" in shapes:
        absent: tuple[object, ...] = (None, "", {})
        body = {k: v for k, v in body.items() if k not in ("data_removed", "source") and v not in absent}
    if "unknown_keys" in shapes:
        body |= {"webhook_completed": None, "stream": True, "x_region": {"zone": ["somewhere"]}}
    return body


def _required(prediction: Prediction) -> dict[str, Any]:
    link = f"{prediction.base_url}/v1/predictions/{prediction.id}"
    return {
        "id": prediction.id,
        "model": prediction.model.name,
        "version": prediction.version,
        "input": prediction.given,
        "output": prediction.output,
        "error": prediction.error,
        "status": prediction.status,
        "created_at": _timestamp(prediction.created_at, 3, prediction.fault.shapes),
        "data_removed": prediction.data_removed,
        "urls": {"get": link, "cancel": f"{link}/cancel", "web": f"https://replicate.com/p/{prediction.id}"},
    }


def _optional(prediction: Prediction) -> dict[str, Any]:
    started, completed = prediction.started_at, prediction.completed_at
    metrics: dict[str, float] = {}
    if completed:
        metrics["total_time"] = (completed - prediction.created_at).total_seconds()
    if completed and started:
        metrics["predict_time"] = (completed - started).total_seconds()
    return {
        "logs": prediction.logs,
        "metrics": metrics,
        "source": "api",
        "started_at": started and _timestamp(started, 6, prediction.fault.shapes),
        "completed_at": completed and _timestamp(completed, 6, prediction.fault.shapes),
    }


def _timestamp(moment: datetime, digits: int, shapes: Iterable[Shape]) -> str:
    """RFC 3339 in UTC; the provider mixes lengths of the fraction within one object."""
    fraction = f"{moment.microsecond:06d}789"
    whole = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{fraction[: 9 if 'long_fractions' in shapes else digits]}Z"


class Page(NamedTuple):
    """Newest first. The cursors are opaque to clients; None where there is nothing further."""

    results: list[Prediction]
    next: str | None
    previous: str | None


class CursorError(ValueError):
    """Not a cursor of ours."""


class Store:
    """Holds at most `limit` predictions."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._created = 0
        self._by_id: dict[str, Prediction] = {}

    def add(self, prediction: Prediction) -> Prediction | None:
        """Returns the prediction that had to go for it, if any."""
        self._created += 1
        prediction.number = self._created
        self._by_id[prediction.id] = prediction
        if len(self._by_id) <= self._limit:
            return None
        return self._by_id.pop(next(iter(self._by_id)))

    def get(self, prediction_id: str) -> Prediction | None:
        return self._by_id.get(prediction_id)

    def newest_first(self) -> list[Prediction]:
        return list(reversed(self._by_id.values()))

    def page(
        self, cursor: str | None, created_after: datetime | None = None, created_before: datetime | None = None
    ) -> Page:
        """A page of those created in [created_after, created_before). Raises CursorError."""
        direction, number = _parse_cursor(cursor) if cursor else ("older", self._created + 1)
        matching = [
            prediction
            for prediction in self.newest_first()
            if (created_after is None or prediction.created_at >= created_after)
            and (created_before is None or prediction.created_at < created_before)
        ]
        if direction == "older":
            results = [prediction for prediction in matching if prediction.number < number][:PAGE_SIZE]
        else:
            results = [prediction for prediction in matching if prediction.number > number][-PAGE_SIZE:]
        older = results and results[-1] is not matching[-1]
        newer = results and results[0] is not matching[0]
        return Page(
            results,
            _cursor("older", results[-1].number) if older else None,
            _cursor("newer", results[0].number) if newer else None,
        )


def _cursor(direction: str, number: int) -> str:
    return base64.urlsafe_b64encode(f"{direction} {number}".encode()).decode()


def _parse_cursor(cursor: str) -> tuple[str, int]:
    try:
        direction, number = base64.urlsafe_b64decode(cursor).decode().split(" ")
        return direction, int(number)
    except ValueError as error:
        raise CursorError(cursor) from error
