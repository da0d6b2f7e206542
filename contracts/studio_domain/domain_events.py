"""What can happen to a job. Plain facts: what follows from them is decided in `lifecycle`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from studio_contracts.concept import Concept
from studio_contracts.events import Event, Payload
from studio_contracts.plan import Plan
from studio_contracts.slot import GenerationRequest
from studio_domain.prediction import PredictionReport


@dataclass(frozen=True)
class StencilDrawn:
    """The plan is made and its stencils are stored; `seconds` of work went into it."""

    plan: Plan
    seconds: float


class SlotPlan(NamedTuple):
    """How many pictures one provider call is asked for, and of which direction."""

    direction: int
    pictures: int


@dataclass(frozen=True)
class SlotsPlanned:
    """The model is chosen and the wanted pictures are divided into slots.

    `claims`: numbers of the slots that are claimed with it, as by `SlotClaimed`.
    """

    generation: GenerationRequest
    slots: tuple[SlotPlan, ...]
    claims: frozenset[int] = frozenset()

    @property
    def cents(self) -> int:
        """What the first attempts of all slots cost."""
        return sum(slot.pictures for slot in self.slots) * self.generation.cents_per_picture


@dataclass(frozen=True)
class SlotEvent:
    """A event about one attempt of one slot; about any other attempt it means nothing."""

    slot: int
    attempt: int


@dataclass(frozen=True)
class SlotClaimed(SlotEvent):
    """The predictor is about to ask for the prediction. Only one claim of an attempt succeeds."""


@dataclass(frozen=True)
class ClaimReleased(SlotEvent):
    """The request certainly made no prediction (refused connection, throttled, no credit): it may be made again."""


@dataclass(frozen=True)
class CreationRefused(SlotEvent):
    """The provider refuses the request for what it holds, or a budget has no room: asking again would not help."""

    reason: str
    code: str = "prediction_refused"


@dataclass(frozen=True)
class CreationLost(SlotEvent):
    """The answer was lost, and after the grace time the provider knows of no such prediction."""


@dataclass(frozen=True)
class WebhookReceived(SlotEvent):
    """A report of the provider on a prediction; `prediction` is its JSON, as it came."""

    prediction: dict[str, object]


@dataclass(frozen=True)
class PredictionReported(SlotEvent):
    """The provider's report, interpreted: from a webhook, a poll, or the response to our request."""

    report: PredictionReport


@dataclass(frozen=True)
class PictureFailure:
    """One picture that could not be had, and why."""

    index: int
    code: str
    text: str


@dataclass(frozen=True)
class PicturesMade(SlotEvent):
    """The pictures of one slot are stored; some may have failed."""

    concepts: tuple[Concept, ...]
    failures: tuple[PictureFailure, ...]
    seconds: float


@dataclass(frozen=True)
class WorkFailed:
    """A service cannot do its part. Replayable when the message is kept as a dead letter."""

    code: str
    title: str
    detail: str
    replayable: bool = False


def set_aside(dead_letter_queue: str) -> WorkFailed:
    """The failure of a job whose message lies in that queue, where an operator can replay it."""
    detail = f"The step was set aside in {dead_letter_queue}. An operator can replay it."
    return WorkFailed("set_aside", "A step could not be carried out", detail, replayable=True)


@dataclass(frozen=True)
class Undeliverable:
    """The broker gave up delivering a message, which ended its consumers each time; it is a dead letter now."""

    payload: Payload
    dead_letter_queue: str


@dataclass(frozen=True)
class CancelRequested:
    """The client calls the job off."""


@dataclass(frozen=True)
class DetailsChanged:
    """The owner names the job, writes notes, moves it to a project, or marks concepts by id as favourites or not.

    None leaves a detail as it is, an empty text removes it.
    """

    name: str | None = None
    notes: str | None = None
    project: str | None = None
    favourites: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class DeletionRequested:
    """The owner wants a job that has ended gone, with its files."""


@dataclass(frozen=True)
class DeadlinePassed:
    """The job ran out of the time it was given."""


@dataclass(frozen=True)
class RescueRequested:
    """Nothing moved for so long, or for longer where that did not help: publish the outstanding messages again."""

    stuck_after: timedelta = timedelta(0)


@dataclass(frozen=True)
class Reopened:
    """An operator reopens a failed job; `event` is the dead letter's, published again with what is outstanding."""

    event: Event | None = field(default=None)


@dataclass(frozen=True)
class CallbackAttempted:
    """The client was called, or could not be: `error` says why, and `is_permanent` that no later attempt would help.

    `call` is the version of the job with which the call became due.
    """

    call: int
    error: str | None = None
    is_permanent: bool = False


@dataclass(frozen=True)
class CallbackReplayed:
    """An operator has this call made again."""

    call: int


@dataclass(frozen=True)
class CallbackOverdue:
    """Calls were not made for so long after they became due."""

    after: timedelta


DomainEvent = (
    StencilDrawn
    | SlotsPlanned
    | SlotClaimed
    | ClaimReleased
    | CreationRefused
    | CreationLost
    | WebhookReceived
    | PredictionReported
    | PicturesMade
    | WorkFailed
    | Undeliverable
    | CancelRequested
    | DetailsChanged
    | DeletionRequested
    | DeadlinePassed
    | RescueRequested
    | Reopened
    | CallbackAttempted
    | CallbackReplayed
    | CallbackOverdue
)
