"""The plan of a job: the directions that are painted, their colours and their stencils."""

from typing import Literal

from pydantic import Field

from studio_contracts.base import FrozenModel
from studio_contracts.brief import MAX_DIRECTIONS, Strategy
from studio_contracts.pictures import StoredPicture
from studio_contracts.reading import Reading

Role = Literal["base", "accent", "highlight"]
"""Base carries the surface (half or more), accents give it structure, highlights draw the eye."""
Layout = Literal["full", "framed", "tiled"]
"""How the picture meets the surface. The picture is only ever scaled evenly, never stretched.

full    the picture has the surface's shape; what hangs over, less than 8 pixels, is cropped evenly at both ends.
framed  scaled to fit inside the surface, centred; the rest of the surface is the base colour.
tiled   panels side by side along the surface, every other one mirrored, so that colours meet at the joints.
"""


class PlanColour(FrozenModel):
    """A colour of a direction, its role and the share of the surface the stencil gives it (0 to 1)."""

    code: str
    role: Role
    share: float


class Direction(FrozenModel):
    """One composition of the brief: how its stencil is drawn, and the stencil itself.

    `subjects_shown` is the share, 0 to 1, of the things named in the brief that the stencil shows; null where it names
    none, and in older documents.
    """

    name: str
    reason: str
    strategy: Strategy
    seed: int
    subjects_shown: float | None = None
    colours: tuple[PlanColour, ...]
    stencil: StoredPicture

    @property
    def codes(self) -> tuple[str, ...]:
        """Colour codes in the order of the palette of the stencil and of every picture clamped to it."""
        return tuple(colour.code for colour in self.colours)


class Plan(FrozenModel):
    """What was decided before painting, and why. Directions are numbered from 0, the most fitting first.

    `reading` is what was understood of the brief. All stencils have one size, and meet the surface in one way.
    `attributions` name the works of others that the stencils show, and their licences. `not_drawn` are things that the
    brief names and no direction draws.
    """

    reading: Reading | None = None
    palette_reason: str
    width_px: int
    height_px: int
    layout: Layout
    mm_per_pixel: float
    attributions: tuple[str, ...] = ()
    not_drawn: tuple[str, ...] = ()
    directions: tuple[Direction, ...] = Field(min_length=1, max_length=MAX_DIRECTIONS)

    @property
    def codes(self) -> tuple[str, ...]:
        """The colour codes of all directions, those of the first before the others."""
        return tuple(dict.fromkeys(code for direction in self.directions for code in direction.codes))
