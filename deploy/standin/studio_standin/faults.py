"""The fault switches: a document that tests replace as a whole, and the choice of the calls that it affects."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from studio_standin.pictures import Flaw

FailureName = Literal[
    "director", "interrupted", "unavailable", "unknown", "out_of_memory", "no_webhook_url", "start_timeout", "stopped",
    "health_check", "start_error", "upload_failed", "nsfw", "flagged", "cuda", "image_not_found", "null", "empty",
]  # fmt: skip

_DIRECTOR = "Director: unexpected error handling prediction ({})"
FAILURES: dict[FailureName, str | None] = {
    "director": _DIRECTOR.format("E9828"),
    "interrupted": "Prediction interrupted; please retry (code: PA)",
    "unavailable": "Service is temporarily unavailable (E004)",
    "unknown": _DIRECTOR.format("E1000"),
    "out_of_memory": _DIRECTOR.format("E1001"),
    "no_webhook_url": _DIRECTOR.format("E4875"),
    "start_timeout": _DIRECTOR.format("E6716"),
    "stopped": _DIRECTOR.format("E8367"),
    "health_check": _DIRECTOR.format("E8765"),
    "start_error": _DIRECTOR.format("E9243"),
    "upload_failed": _DIRECTOR.format("E9825"),
    "nsfw": "NSFW content detected. Try running it again, or try a different prompt.",
    "flagged": "The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
    "cuda": "CUDA out of memory. Tried to allocate 2.50 GiB",
    "image_not_found": "404 Client Error: Not Found for url",
    "null": None,
    "empty": "",
}

Event = Literal["start", "output", "logs", "completed"]
Shape = Literal["sparse", "long_fractions", "unknown_keys"]
RetryIn = Literal["body", "header", "text"]
WebhookKind = Literal[
    "lost", "duplicate", "repeat", "late", "reordered",
    "unsigned", "wrong_signature", "malformed_signature", "stale", "two_signatures",
]  # fmt: skip
FileKind = Literal["missing", "forbidden", "error", "truncated", "not_an_image", "wrong_type", "redirect", "slow"]


class Rule(BaseModel):
    """Which calls a fault affects; by default every one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt_contains: str | None = Field(None, description="Only predictions whose prompt contains this text.")
    times: int | None = Field(None, ge=1, description="Apply to this many calls only.")
    rate: float = Field(1.0, ge=0, le=1, description="Only this share, drawn with the document's seed.")


class HttpFault(Rule):
    """What happens to an API call. A status is the response: 401, 402, 404, 422, 429 or an HTML page of 5xx."""

    status: Literal[401, 402, 404, 422, 429, 500, 502, 503, 504] | None = None
    retry_after: int = Field(1, ge=0, description="Seconds a 429 asks to wait.")
    retry_in: RetryIn = Field(
        "body", description="Where a 429 states the delay: `retry_after` and text, header, or text only."
    )
    delay_seconds: float = Field(0, ge=0, description="Delay of the response; the work goes on during it.")
    drop: bool = Field(False, description="Close the connection instead of responding, after the work was done.")


class CreateFault(HttpFault):
    accepted: bool = Field(False, description="With a status: the prediction is created, and paid, all the same.")
    webhook_first: bool = Field(False, description="Delay the response until every webhook is delivered.")


class ReadFault(HttpFault):
    call: Literal["get", "list", "cancel", "secret"] | None = Field(None, description="Only this call.")


class PredictionFault(Rule):
    """How a prediction runs, what it yields and how it is shown."""

    outcome: Literal["failed", "canceled", "aborted", "stuck_starting", "stuck_processing"] | None = Field(
        None, description="`canceled` is by a person in the dashboard; the stuck ones end by cancel or deadline only."
    )
    failure: FailureName = Field("director", description="The error text of `failed`.")
    delay_seconds: float | None = Field(None, ge=0, description="Instead of the setting.")
    nsfw_dropped: int = Field(
        0, ge=0, description="This many pictures are withheld; when all are, the prediction fails."
    )
    output: Literal["null", "empty_list", "string", "data_uris", "same_names"] | None = Field(
        None, description="`succeeded` with this instead of a list of distinct URLs."
    )
    flaw: Flaw | None = Field(None, description="Every picture is black, of the wrong size, or noise.")
    purge_after_seconds: float | None = Field(None, ge=0, description="From the end, instead of an hour.")
    start_status: Literal["starting", "processing"] = Field("processing", description="Status in the start webhook.")
    shapes: frozenset[Shape] = Field(
        frozenset(), description="Optional keys absent, nine-digit fractions of a second, undocumented keys."
    )


class FileFault(Rule):
    """What the file host does: 404, 403, 500, half the bytes, a web page, a wrong content type, 302, or a delay."""

    kind: FileKind
    index: int | None = Field(None, ge=0, description="Only the picture of this number.")
    location: str = Field("http://127.0.0.1:9/elsewhere.png", description="Target of a redirect.")
    seconds: float = Field(5.0, ge=0, description="How slow `slow` is.")


class WebhookFault(Rule):
    """What happens to a webhook message. Several may affect the same one.

    `duplicate` sends it twice under one id, `repeat` under two; `late` waits `seconds`; `reordered` keeps an
    intermediate event back until after the terminal one; `stale` is signed properly, ten minutes ago.
    """

    kind: WebhookKind
    event: Event | None = Field(None, description="Only this event.")
    seconds: float = Field(1.0, ge=0)


def _as_sequence(value: Any) -> Any:
    return [value] if isinstance(value, dict | BaseModel) else value


T = TypeVar("T")
Rules = Annotated[tuple[T, ...], BeforeValidator(_as_sequence)]


class Faults(BaseModel):
    """All switches. A section is one rule or a list. The first that matches applies; of webhook faults all apply."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(0, description="Of every draw: the same inputs in the same order are struck again.")
    list_echoes_webhook: bool = Field(False, description="`GET /v1/predictions` shows each prediction's webhook.")
    create: Rules[CreateFault] = ()
    read: Rules[ReadFault] = ()
    prediction: Rules[PredictionFault] = ()
    files: Rules[FileFault] = ()
    webhooks: Rules[WebhookFault] = ()


R = TypeVar("R", bound=Rule)


def _always(_: Rule) -> bool:
    return True


class FaultInjector:
    """Holds the faults in force, and counts what they have struck."""

    def __init__(self) -> None:
        self.replace(Faults())

    def replace(self, faults: Faults) -> None:
        self.faults = faults
        self._struck: Counter[int] = Counter()  # by identity: two equal rules are two rules
        self._drawn: Counter[tuple[int, str]] = Counter()

    def first(self, rules: Sequence[R], prompt: str, key: str, applies: Callable[[R], bool] = _always) -> R | None:
        return next(self.all(rules, prompt, key, applies), None)

    def all(self, rules: Sequence[R], prompt: str, key: str, applies: Callable[[R], bool] = _always) -> Iterator[R]:
        """The rules that apply to this call, counted as they are used.

        `key` identifies the call by what is the same in every run (no ids): each key has its own
        sequence of draws, so that concurrency does not change who is struck.
        """
        for rule in rules:
            if not applies(rule) or (rule.prompt_contains or "") not in prompt:
                continue
            if rule.times is not None and self._struck[id(rule)] >= rule.times:
                continue
            if self._draw(rule, key) < rule.rate:
                self._struck[id(rule)] += 1
                yield rule

    def _draw(self, rule: Rule, key: str) -> float:
        self._drawn[id(rule), key] += 1
        return random.Random(f"{self.faults.seed}|{rule!r}|{key}|{self._drawn[id(rule), key]}").random()  # noqa: S311
