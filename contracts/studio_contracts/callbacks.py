"""What a client may be called about, and the state of each of our calls to it."""

import json
from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from studio_contracts.base import FrozenModel, UtcDatetime

StageCallback = Literal["job.prediction", "job.postprocess"]
"""Calls that a client has to ask for: the job reached that stage."""
EndCallback = Literal["job.completed", "job.failed", "job.canceled"]
CallbackType = StageCallback | EndCallback
CallState = Literal["open", "delivered", "failed"]

STAGE_CALLBACKS: tuple[StageCallback, ...] = get_args(StageCallback)
END_CALLBACKS: tuple[EndCallback, ...] = get_args(EndCallback)
MAX_URL_CHARS = 2_000
MAX_METADATA_PAIRS = 20
MAX_METADATA_BYTES = 2_048


def _fits(metadata: Mapping[str, str]) -> Mapping[str, str]:
    if len(metadata) > MAX_METADATA_PAIRS:
        raise PydanticCustomError("metadata_pairs", f"Metadata has at most {MAX_METADATA_PAIRS} pairs.")
    try:
        size = len(json.dumps(dict(metadata), ensure_ascii=False, separators=(",", ":")).encode())
    except UnicodeEncodeError as error:
        raise PydanticCustomError("no_character", "Metadata holds a code that is no character.") from error
    if size > MAX_METADATA_BYTES:
        raise PydanticCustomError("metadata_size", f"Metadata has at most {MAX_METADATA_BYTES} bytes as JSON.")
    return metadata


MetadataKey = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.-]+$")]
Metadata = Annotated[
    dict[MetadataKey, Annotated[str, StringConstraints(max_length=500)]],
    Field(json_schema_extra={"maxProperties": MAX_METADATA_PAIRS}),
    AfterValidator(_fits),
]
"""A client's own data about its job, returned unchanged: pairs of texts."""


class Call(FrozenModel):
    """One call to the client. `version` is the job's when it became due, and distinguishes the calls of a job.

    open → delivered (a 2xx), or failed (given up). `at` is when it happened, `due_at` when it is tried next, `error`
    the code of a failed job, `reason` why the last attempt failed.
    """

    version: int
    type: CallbackType
    at: UtcDatetime
    error: str | None = None
    state: CallState = "open"
    attempts: int = 0
    due_at: UtcDatetime
    reason: str | None = None


class Callback(FrozenModel):
    """Where the client is called, at which stages besides the end, and the calls so far, oldest first."""

    url: str
    events: tuple[StageCallback, ...] = ()
    calls: tuple[Call, ...] = ()

    def call(self, version: int) -> Call | None:
        """The call that became due with that version of the job."""
        return next((call for call in self.calls if call.version == version), None)


class SecretRotation(FrozenModel):
    """How often the secret of an owner's calls was replaced, and until when the one before signs them, too."""

    number: int = 0
    previous_until: UtcDatetime | None = None

    def valid(self, now: UtcDatetime) -> tuple[int, ...]:
        """The numbers of the secrets to sign with at that moment, the newest first."""
        is_followed = self.previous_until is not None and now < self.previous_until
        return (self.number, self.number - 1) if is_followed else (self.number,)


class CallbackData(FrozenModel):
    """Which job, and how far it was. Calls may come late or twice: the one with the highest `version` is the latest.

    `error` is the code of a failed job, `metadata` what the client gave with its request.
    """

    id: str = Field(description="The job")
    version: int
    url: str = Field(description="Where to read the job: relative where the studio does not know its outside address")
    metadata: Metadata
    error: str | None = None


class CallbackMessage(FrozenModel):
    """The body of a call. The same at each attempt, as is the header `webhook-id`."""

    type: CallbackType
    timestamp: UtcDatetime = Field(description="When it happened")
    data: CallbackData
