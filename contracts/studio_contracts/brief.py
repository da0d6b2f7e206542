"""What a client asks for, and the rules that make it acceptable."""

from collections.abc import Sequence
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from studio_contracts.base import FrozenModel
from studio_contracts.edits import MAX_EDITS, Edit, exchanges_sides
from studio_contracts.outline import MAX_COORDINATE_M, Outline
from studio_contracts.palette import BY_CODE, MAX_CHOSEN
from studio_contracts.text import to_line

JobKind = Literal["painted", "draft"]
PictureFit = Literal["crop", "contain"]
"""How a picture of other sides meets the surface: what hangs over is cut off, or the ground shows at two sides."""
Style = Literal["professional", "playful", "geometric"]
Strategy = Literal[
    "hero", "scattered", "flowing", "panorama", "path", "medallions",
    "track", "stripes", "circles", "hexagons", "islands", "compass", "hopscotch", "snakes", "spiral", "maze", "pitch",
    "voronoi", "bands", "grid",
]  # fmt: skip
"""Ways to draw a stencil: with motifs, as a game or pattern, and filling the surface."""

MAX_PICTURES = 12
MAX_DIRECTIONS = 3
MIN_SIDE_M = 0.5
"""Shortest side of a surface: room for four strips of the narrowest that can be laid, 120 mm."""
MAX_SIDE_M = MAX_COORDINATE_M
MAX_RATIO = 20.0
"""Longest surface, in widths: a path. A picture repeated along a longer one says nothing."""
SURFACE_LIMITS = (
    f"A side is {MIN_SIDE_M:g} to {MAX_SIDE_M:g} m, and the longer side at most {MAX_RATIO:g} times the shorter."
)
SAME_SIDE_M = 0.001
_SIDES = ("width", "height")
MAX_SEED = 2**31 - 1
MAX_PROMPT = 2000
"""Characters of a brief: a landscape architect's paragraph."""


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


Prompt = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PROMPT), AfterValidator(to_line)]
ChosenCodes = Annotated[tuple[str, ...], Field(min_length=1, max_length=MAX_CHOSEN), AfterValidator(_known_codes)]


def _within_limits(side: float) -> float:
    if not MIN_SIDE_M <= side <= MAX_SIDE_M:
        raise PydanticCustomError("surface_side", SURFACE_LIMITS)
    return side


Side = Annotated[
    float,
    Field(allow_inf_nan=False, json_schema_extra={"minimum": MIN_SIDE_M, "maximum": MAX_SIDE_M}),
    AfterValidator(_within_limits),
]


class Surface(FrozenModel):
    """What is to be laid, in metres: a rectangle, whose ratio has a limit too, or what an `outline` leaves of it.

    With an outline the sides follow from it: they are those of the rectangle around it, and may be left out.
    """

    width_m: Side = 10.0
    height_m: Side = 3.0
    outline: Outline | None = Field(
        None, description="Where the surface is no rectangle: its border, and holes for trees and posts."
    )

    @model_validator(mode="before")
    @classmethod
    def _has_the_sides_of_its_outline(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("outline") is not None:
            try:
                outline = given["outline"]
                outer = outline.outer if isinstance(outline, Outline) else outline["outer"]
                sides = {f"{side}_m": max(float(point[axis]) for point in outer) for axis, side in enumerate(_SIDES)}
            except (TypeError, ValueError, LookupError):
                return given  # the outline's own validation says what is wrong
            return {**sides, **given}
        return given

    @model_validator(mode="after")
    def _agrees_with_its_outline(self) -> Self:
        if self.outline is not None:
            width, height = self.outline.size_m
            if max(abs(width - self.width_m), abs(height - self.height_m)) > SAME_SIDE_M:
                text = "The outline is {width} × {height} m, and width_m and height_m say otherwise: leave them out."
                raise PydanticCustomError("outline_size", text, {"width": f"{width:g}", "height": f"{height:g}"})
        return self

    @property
    def area_m2(self) -> float:
        """What is laid."""
        return self.width_m * self.height_m if self.outline is None else self.outline.area_m2

    def after(self, edits: Sequence[Edit]) -> "Surface":
        """The surface with edits made on it: turned by an odd number of quarters its sides are exchanged."""
        outline = None if self.outline is None else self.outline.after(edits)
        width, height = (self.width_m, self.height_m)[:: -1 if exchanges_sides(edits) else 1]
        return Surface(width_m=width, height_m=height, outline=outline)

    @model_validator(mode="after")
    def _is_not_too_long(self) -> Self:
        shorter, longer = sorted((self.width_m, self.height_m))
        if longer > MAX_RATIO * shorter:
            raise PydanticCustomError("surface_ratio", SURFACE_LIMITS)
        return self


class Source(FrozenModel):
    """The job whose directions are painted, and their numbers; all of them where none are named.

    Where a `concept` of it is named instead, that is what the new job begins with, as it would be laid and with the
    `edits` made in their order.
    """

    job: str = Field(min_length=1, max_length=64)
    directions: tuple[Annotated[int, Field(ge=0, lt=MAX_DIRECTIONS)], ...] = Field((), max_length=MAX_DIRECTIONS)
    concept: str | None = Field(None, min_length=1, max_length=64)
    edits: tuple[Edit, ...] = Field((), max_length=MAX_EDITS)

    @field_validator("directions")
    @classmethod
    def _are_different(cls, directions: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(directions)) != len(directions):
            raise PydanticCustomError("repeated_direction", "Each direction may be given once.")
        return directions

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if self.concept is not None and self.directions:
            raise PydanticCustomError("two_sources", "Give directions or a concept, not both.")
        if self.concept is None and self.edits:
            raise PydanticCustomError("no_concept", "Edits are made on a concept: name it.")
        return self


class OwnPicture(FrozenModel):
    """A client's picture, which the job begins with in place of drawn stencils: its hash and how it meets the surface.

    Its bytes are in the object store under `own_picture_key`. Of a draft it is laid as it is; else it is painted over.
    """

    sha256: str = Field(pattern=r"[0-9a-f]{64}")
    fit: PictureFit = "crop"


PromptT = TypeVar("PromptT")


class BriefFields(FrozenModel, Generic[PromptT]):
    """What a brief consists of. Only whether it needs a prompt differs between a brief and a request for one.

    `palette` left out means: choose colours that suit the prompt from the whole range. A draft has one concept for each
    of its directions, drawn by the studio itself without cost; `count` is then what painting it would begin with.
    `source`, in JSON `from`, names the job whose directions are painted, or whose concept is edited, if not new ones.
    """

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    prompt: PromptT = Field(description="What the surface should look like, in plain words.")
    surface: Surface = Surface()
    palette: ChosenCodes | None = Field(None, description="One to six colour codes; leave out to have them chosen.")
    style: Style = "professional"
    count: int = Field(6, ge=1, le=MAX_PICTURES, description="How many pictures.")
    seed: int | None = Field(None, ge=0, le=MAX_SEED, description="The same brief and seed give the same stencils.")
    strategy: Strategy | None = Field(
        None, description="The one way to draw; leave out to have up to three directions chosen."
    )
    framed: bool = Field(
        False,
        description="Where the surface is longer than 16:9: the picture in its middle, with a frame at both ends.",
    )
    kind: JobKind = Field("painted", description="A draft is drawn immediately, without a model and without cost.")
    source: Source | None = Field(
        None, alias="from", description="Begin with what another job has: directions, or a concept with edits."
    )


class Brief(BriefFields[Prompt]):
    """One request for concepts. `picture` is null unless the client brought one."""

    picture: OwnPicture | None = None
