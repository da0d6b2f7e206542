"""A finished picture of a job: its files, quality, installability and materials."""

from typing import Any, Literal

from pydantic import Field, model_validator

from studio_contracts.base import FrozenModel
from studio_contracts.errors import JobWarning
from studio_contracts.file_formats import VectorKind
from studio_contracts.installer import InstallerRule
from studio_contracts.pictures import PictureKind, StoredPicture


class Quality(FrozenModel):
    """Measured figures of one concept, 0 to 1 and higher is better; `mean_delta_e` alone is a CIEDE2000 difference.

    `subjects` is `subjects_shown` of the concept's direction, which the score follows.
    """

    score: float
    fidelity: float
    flatness: float
    contrast: float
    balance: float
    adherence: float | None = None
    installability: float | None = None
    subjects: float | None = None
    mean_delta_e: float


class ColourShare(FrozenModel):
    """How much of the final picture one colour covers (0 to 1)."""

    code: str
    share: float


class Violation(FrozenModel):
    """A breach of an installer rule: the colour's code, and a box (left, top, width, height) in mm on the surface."""

    rule: InstallerRule
    code: str
    box: tuple[float, float, float, float]


class InstallabilityReport(FrozenModel):
    """What an installer would say: score 0 to 100 before and after cleaning, and how much of the picture was kept.

    `kept` is the share, 0 to 1, of the lengths of shapes and borders that survived cleaning, `kept_subject` that of
    everything but the ground, `kept_by_colour` that of each colour by its code; null in documents that are older than
    these figures. `counts` has every rule, `violations` the largest of what remains after cleaning.
    """

    score_before: int
    score: int
    kept: float | None = None
    kept_subject: float | None = None
    kept_by_colour: dict[str, float] = Field(default_factory=dict)
    counts: dict[InstallerRule, int]
    violations: tuple[Violation, ...]

    @model_validator(mode="before")
    @classmethod
    def _without_changed(cls, data: Any) -> Any:
        """Documents older than `kept` have the share of the surface that changed instead."""
        return {name: value for name, value in data.items() if name != "changed"} if isinstance(data, dict) else data


class ColourMaterial(FrozenModel):
    """What one colour takes: share of the surface, m², kg of granule with wastage, bags."""

    code: str
    share: float
    area_m2: float
    kg: float
    bags: int


class BlendPart(FrozenModel):
    """A granule of a blend: its parts of twelve and kg with wastage."""

    code: str
    parts: int = Field(ge=1, le=12)
    kg: float


class Blend(FrozenModel):
    """A mixture of granules for an area where one granule is not what was asked for or shown.

    `named`: the brief's `word` means the colour `hex` (sRGB, #rrggbb), which cannot be bought; the area is all that is
    laid in `code` for it. `texture`: the picture speckles where `code` is laid, and looks like `hex` from afar; the
    area is that of the speckled pieces. `delta_e` is how much the mixture differs from that colour (CIEDE2000),
    `delta_e_alone` how much `code` alone does. The recipe is a choice: `Materials.colours` is without it.
    """

    reason: Literal["named", "texture"]
    word: str = ""
    hex: str
    code: str
    recipe: tuple[BlendPart, ...]
    delta_e: float
    delta_e_alone: float
    area_m2: float
    kg: float


class Materials(FrozenModel):
    """What the surface takes; the totals are the sums of the lines. Binder: least and most kg.

    `blends` are mixtures that come nearer to what was wanted than the one granule of their line.
    """

    colours: tuple[ColourMaterial, ...]
    area_m2: float
    kg: float
    bags: int
    binder_kg: tuple[float, float]
    blends: tuple[Blend, ...] = ()


class Concept(FrozenModel):
    """One finished picture. Ranks count from 1, best first, and are set when the job completes.

    `rank` is among all pictures of the job, `rank_in_direction` among those of the same direction.
    `installable` and the vectors show the whole surface in its layout, `quantized` the model's picture.
    """

    id: str
    slot: int
    index: int
    direction: int = 0
    rank: int | None = None
    rank_in_direction: int | None = None
    pictures: dict[PictureKind, StoredPicture]
    quality: Quality
    palette_used: tuple[ColourShare, ...]
    vectors: dict[VectorKind, StoredPicture] = Field(default_factory=dict)
    installer: InstallabilityReport | None = None
    materials: Materials | None = None
    warnings: tuple[JobWarning, ...] = ()

    @property
    def files(self) -> dict[PictureKind | VectorKind, StoredPicture]:
        """Everything stored of the concept, pictures and vectors alike."""
        return dict([*self.pictures.items(), *self.vectors.items()])
