"""What a person changes on a concept: colours, mirrored, turned. The changed concept is a job of its own."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from studio_contracts.base import FrozenModel
from studio_contracts.palette import BY_CODE, MAX_CHOSEN

MAX_EDITS = 100
Millimetres = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]


class Recolour(FrozenModel):
    """Lay `to` instead of `colour`: wherever it lies, or only in the piece at the point `at`.

    `at` is in millimetres from the surface's left and top edge, as the surface is when the edits before are made.
    """

    kind: Literal["recolour"] = "recolour"
    colour: str
    to: str
    at: tuple[Millimetres, Millimetres] | None = None

    @model_validator(mode="after")
    def _names_two_known_colours(self) -> Self:
        for code in (self.colour, self.to):
            if code not in BY_CODE:
                unknown = code.encode("utf-8", "replace").decode()
                text = "Unknown colour code {unknown}. Valid codes: {valid}."
                raise PydanticCustomError("unknown_colour", text, {"unknown": unknown, "valid": ", ".join(BY_CODE)})
        if self.colour == self.to:
            raise PydanticCustomError("same_colour", "A colour is changed to another one.")
        return self


class Mirror(FrozenModel):
    """Exchange left and right, or top and bottom."""

    kind: Literal["mirror"] = "mirror"
    swap: Literal["left_right", "top_bottom"]


class Turn(FrozenModel):
    """Turn clockwise by quarter turns. An odd number of them exchanges the surface's sides."""

    kind: Literal["turn"] = "turn"
    quarters: int = Field(ge=1, le=3)


Edit = Annotated[Recolour | Mirror | Turn, Field(discriminator="kind")]


class EditError(ValueError):
    """The edit of this number, from 0, cannot be made."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(text)
        self.number = number


def codes_after(codes: Iterable[str], edits: Sequence[Edit]) -> tuple[str, ...]:
    """The colours that a surface with these codes may show after the edits, the new ones last.

    Raises EditError for a colour that is not there, and for more colours than a concept can have.
    """
    present = list(codes)
    for number, edit in enumerate(edits):
        if not isinstance(edit, Recolour):
            continue
        if edit.colour not in present:
            raise EditError(number, f"The concept has no {edit.colour} here. It has: {', '.join(present)}.")
        if edit.at is None:
            present[present.index(edit.colour)] = edit.to
            present = list(dict.fromkeys(present))
        elif edit.to not in present:
            present.append(edit.to)
        if len(present) > MAX_CHOSEN:
            raise EditError(number, f"A concept has at most {MAX_CHOSEN} colours; this would be one more.")
    return tuple(present)


def exchanges_sides(edits: Sequence[Edit]) -> bool:
    """Whether the surface's width and height are exchanged in the end."""
    return sum(edit.quarters for edit in edits if isinstance(edit, Turn)) % 2 == 1
