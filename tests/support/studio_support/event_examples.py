"""One event of each type, as a service would send it."""

from datetime import UTC, datetime

from studio_contracts.events import (
    CallbackRequested,
    Event,
    JobCanceled,
    JobCompleted,
    JobCreated,
    JobFailed,
    Payload,
    PredictionRequested,
    PredictionSucceeded,
    PredictionUpdated,
    StencilReady,
)

AT = datetime(2026, 11, 22, 10, 0, 0, 123000, tzinfo=UTC)
EXAMPLES: tuple[Payload, ...] = (
    JobCreated(),
    StencilReady(),
    PredictionRequested(slot=1, attempt=2),
    PredictionUpdated(slot=0, attempt=1, prediction={"id": "p", "status": "succeeded", "output": ["https://x/ü.png"]}),
    PredictionSucceeded(slot=1, attempt=2),
    JobCompleted(),
    JobFailed(code="timed_out", replayable=False),
    JobCanceled(),
    CallbackRequested(call=7),
)


def example_event(payload: Payload) -> Event:
    """An event of job "j" with this payload."""
    return Event(
        id=f"j:{payload.type}",
        type=payload.type,
        source="/studio/test",
        subject="j",
        time=AT,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        data=payload.model_dump(mode="json"),
    )
