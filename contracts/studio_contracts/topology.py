"""Exchanges and queues, as one table that every service declares alike.

Arguments are those RabbitMQ 3.10 and 4.3 both accept. They are frozen once declared; what an operator may want to tune
belongs into broker policies.
"""

from dataclasses import dataclass
from datetime import timedelta

from studio_contracts import events

EXCHANGE = "studio.events"
"""Durable topic exchange; the routing key is the event type."""

DELIVERY_LIMIT = 20
"""Backstop for messages that kill their consumer. Business attempts are counted in our own header."""

RETRY_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 25, 120, 600))
"""Delays of the delay queues. A message waits in the first that is long enough, then returns to its queue."""

MAX_ATTEMPTS = 6
"""Deliveries of one message to a handler that fails each time, before it becomes a dead letter."""


MOST_PARTITIONS = 64
"""Beyond what one broker has cores for; each partition is a queue of its own that every replica consumes."""


@dataclass(frozen=True)
class Queue:
    """A work queue, the event types it takes, and how many messages one consumer holds at a time.

    One of the busiest is `partitioned`: the setting STUDIO_QUEUE_PARTITIONS divides it among several queues of the
    broker, for each of these has one leader, which is bound to one core. To all but the broker it stays one queue.
    """

    name: str
    types: tuple[str, ...]
    prefetch: int
    partitioned: bool = False

    def partition(self, number: int) -> str:
        """Name of a partition, from 0."""
        return f"{self.name}.{number}"

    def parts(self, partitions: int) -> tuple[str, ...]:
        """Names of the broker's queues that it consists of: its partitions, or itself where it has but one."""
        if partitions == 1 or not self.partitioned:
            return (self.name,)
        return tuple(self.partition(number) for number in range(partitions))

    @property
    def dead_letter_queue(self) -> str:
        """Name of the queue that keeps what could not be handled."""
        return f"{self.name}.dead"


STENCIL_JOB_CREATED = Queue("stencil.job-created", (events.JobCreated.type,), prefetch=4, partitioned=True)
PREDICTOR_STENCIL_READY = Queue("predictor.stencil-ready", (events.StencilReady.type,), prefetch=16, partitioned=True)
PREDICTOR_PREDICTION_REQUESTED = Queue(
    "predictor.prediction-requested", (events.PredictionRequested.type,), prefetch=16
)
PREDICTOR_PREDICTION_UPDATED = Queue("predictor.prediction-updated", (events.PredictionUpdated.type,), prefetch=16)
PREDICTOR_JOB_ENDED = Queue("predictor.job-ended", (events.JobCanceled.type, events.JobFailed.type), prefetch=16)
POSTPROCESS_PREDICTION_SUCCEEDED = Queue(
    "postprocess.prediction-succeeded", (events.PredictionSucceeded.type,), prefetch=2, partitioned=True
)
RECONCILER_CALLBACK_REQUESTED = Queue("reconciler.callback-requested", (events.CallbackRequested.type,), prefetch=32)

QUEUES: tuple[Queue, ...] = (
    STENCIL_JOB_CREATED,
    PREDICTOR_STENCIL_READY,
    PREDICTOR_PREDICTION_REQUESTED,
    PREDICTOR_PREDICTION_UPDATED,
    PREDICTOR_JOB_ENDED,
    POSTPROCESS_PREDICTION_SUCCEEDED,
    RECONCILER_CALLBACK_REQUESTED,
)

MANDATORY_TYPES: frozenset[str] = frozenset(event_type for queue in QUEUES for event_type in queue.types)
"""Types some queue takes: these are published as mandatory. The others are for listeners outside, who may be absent."""


def retry_exchange(delay: timedelta) -> str:
    """Name of the delay exchange for that delay; its queue has the same name."""
    return f"studio.retry.{int(delay.total_seconds() * 1000)}ms"


def retry_delay(attempt: int, at_least: timedelta | None = None) -> timedelta:
    """How long to wait after failed delivery number `attempt` (from 1): the next longer delay queue each time.

    `at_least` asks for a minimum, such as a provider's Retry-After; the longest delay bounds it.
    """
    step = RETRY_DELAYS[min(attempt, len(RETRY_DELAYS)) - 1]
    wanted = max(step, at_least) if at_least is not None else step
    return next((delay for delay in RETRY_DELAYS if delay >= wanted), RETRY_DELAYS[-1])


def outage_delay(waits: int) -> timedelta:
    """How long to wait for a server of ours that does not answer, after `deferrals` earlier waits.

    Each wait publishes the message anew, and a lost confirm leaves a copy besides: at a steady second copies of copies
    would soon be millions. The longest wait is short enough for work to go on soon after the outage.
    """
    return RETRY_DELAYS[min(waits, 2)]
