"""The events services send each other: CloudEvents 1.0 whose subject is the job.

Events are thin. They say what happened to which job; the state is in the job document. Their ids are deterministic, so
the same fact published twice carries the same id.
"""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from studio_contracts.base import FrozenModel, UtcDatetime


class EventError(ValueError):
    """A message that no retry can repair: its type is not ours or its data does not fit."""


class Payload(BaseModel):
    """The data of an event. Consumers ignore fields they do not know, so that producers may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    type: ClassVar[str]

    @property
    def key(self) -> str:
        """Distinguishes this event from others of its type for the same job."""
        return ""


class JobCreated(Payload):
    """A brief was accepted."""

    type: ClassVar[str] = "studio.job.created.v1"


class StencilReady(Payload):
    """The plan is made and the stencil stored."""

    type: ClassVar[str] = "studio.stencil.ready.v1"


class SlotPayload(Payload):
    """An event about one attempt of one slot."""

    slot: int
    attempt: int

    @property
    def key(self) -> str:
        return f"{self.slot}.{self.attempt}"


class PredictionRequested(SlotPayload):
    """One slot wants another attempt; the first attempts of all slots follow from `stencil.ready`."""

    type: ClassVar[str] = "studio.prediction.requested.v1"


def _short(value: object) -> str:
    # It becomes part of the message id, which the broker limits to 255 bytes.
    return str(value).encode("ascii", "replace").decode()[:64]


class PredictionUpdated(SlotPayload):
    """What the provider reported about a prediction, by webhook or when polled. Not interpreted yet."""

    type: ClassVar[str] = "studio.prediction.updated.v1"
    prediction: dict[str, Any]

    @property
    def key(self) -> str:
        identity = (_short(self.prediction.get(name)) for name in ("id", "status"))
        return ".".join((super().key, *identity))


class PredictionSucceeded(SlotPayload):
    """The pictures of one slot are ready to be fetched: the provider's, or of a draft a stencil."""

    type: ClassVar[str] = "studio.prediction.succeeded.v1"


class JobCompleted(Payload):
    """Every promised picture is stored and ranked."""

    type: ClassVar[str] = "studio.job.completed.v1"


class JobFailed(Payload):
    """The job ended without a result."""

    type: ClassVar[str] = "studio.job.failed.v1"
    code: str
    replayable: bool


class JobCanceled(Payload):
    """The client called the job off."""

    type: ClassVar[str] = "studio.job.canceled.v1"


class CallbackRequested(Payload):
    """The client is to be called: `call` is the version of the job with which the call became due."""

    type: ClassVar[str] = "studio.callback.requested.v1"
    call: int

    @property
    def key(self) -> str:
        return str(self.call)


PAYLOADS: dict[str, type[Payload]] = {
    payload.type: payload
    for payload in (
        JobCreated,
        StencilReady,
        PredictionRequested,
        PredictionUpdated,
        PredictionSucceeded,
        JobCompleted,
        JobFailed,
        JobCanceled,
        CallbackRequested,
    )
}


class Event(FrozenModel):
    """A CloudEvent: `source` is the service, `subject` the job id, `traceparent` the job's W3C trace context."""

    id: str
    type: str
    source: str
    subject: str
    time: UtcDatetime
    traceparent: str
    data: dict[str, Any]

    @property
    def payload(self) -> Payload:
        """The typed data. Raises EventError when the type is unknown or the data does not fit it."""
        model = PAYLOADS.get(self.type)
        if model is None:
            raise EventError(f"unknown event type {self.type!r}; known: {', '.join(PAYLOADS)}")
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            raise EventError(f"{self.type}: {error.errors(include_url=False, include_input=False)}") from error
