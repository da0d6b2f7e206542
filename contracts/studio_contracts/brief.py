"""What a client asks for, and the rules that make it acceptable."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from studio_contracts.base import FrozenModel
from studio_contracts.palette import BY_CODE, MAX_CHOSEN

Style = Literal["professional", "playful", "geometric"]
Strategy = Literal["voronoi", "bands", "grid", "motif"]

MAX_PICTURES = 12
MAX_SIDE_M = 100.0
MAX_SEED = 2**31 - 1
JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"))
"""Zero-width (non-)joiners print nothing, but Indic scripts, Persian and composed emoji are spelt with them."""


def _known_codes(codes: tuple[str, ...]) -> tuple[str, ...]:
    # JSON can smuggle in lone surrogates, which no answer can carry
    unknown = sorted({code.encode("utf-8", "replace").decode() for code in codes if code not in BY_CODE})
    if unknown:
        raise PydanticCustomError(
            "unknown_colour",
            "Unknown colour code {unknown}. Valid codes: {valid}.",
            {"unknown": ", ".join(unknown), "valid": ", ".join(BY_CODE)},
        )
    if len(set(codes)) != len(codes):
        raise PydanticCustomError("repeated_colour", "Each colour code may be given once.")
    return codes


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    seen = line.translate(JOINERS)
    if not seen.strip() or not seen.isprintable():
        raise PydanticCustomError("unprintable", "The prompt holds characters that cannot be printed.")
    return line


Prompt = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_one_line)
]
ChosenCodes = Annotated[tuple[str, ...], Field(min_length=1, max_length=MAX_CHOSEN), AfterValidator(_known_codes)]
Side = Annotated[float, Field(gt=0, le=MAX_SIDE_M, allow_inf_nan=False)]


class Surface(FrozenModel):
    """The rectangle to be laid, in metres."""

    width_m: Side = 10.0
    height_m: Side = 3.0


class Brief(FrozenModel):
    """One request for concepts. `palette` left out means: choose colours that suit the prompt from the whole range."""

    prompt: Prompt = Field(description="What the surface should look like, in plain words.")
    surface: Surface = Surface()
    palette: ChosenCodes | None = Field(None, description="One to six colour codes; leave out to have them chosen.")
    style: Style = "professional"
    count: int = Field(6, ge=1, le=MAX_PICTURES, description="How many pictures.")
    seed: int | None = Field(None, ge=0, le=MAX_SEED, description="The same brief and seed give the same stencil.")
    strategy: Strategy | None = Field(None, description="How the stencil is drawn; leave out to have it chosen.")
