"""What is wrong with foreign bytes."""

from typing import Literal

Reason = Literal["not_a_picture", "too_large", "damaged", "unusable"]


class PictureError(Exception):
    """The bytes cannot become a picture. `reason` is for programs, the message for people."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)  # as given, so that it can be sent between processes
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return self.detail
