"""What can go wrong with a job: an error ends it, a warning does not."""

from typing import Literal

from studio_contracts.base import FrozenModel

Stage = Literal["stencil", "prediction", "postprocess", "finished"]


class JobWarning(FrozenModel):
    """Something a person should know that did not stop the work."""

    code: str
    text: str
    slot: int | None = None


class JobError(FrozenModel):
    """Why a job failed. `replayable` means an operator can send it on once the cause is fixed."""

    code: str
    title: str
    detail: str
    stage: Stage
    replayable: bool = False
