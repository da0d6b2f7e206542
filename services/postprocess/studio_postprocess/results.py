"""What the work on one picture is asked for and results in.

The parent imports this too: nothing that works on pixels belongs here.
"""

from typing import NamedTuple

from studio_contracts.concept import InstallabilityReport, Materials, Quality
from studio_contracts.file_formats import VectorKind
from studio_contracts.pictures import PictureKind

SCORE_WITHOUT_SUBJECTS = 0.5
"""Part of its score that a concept keeps which shows nothing of what the brief names."""


class PictureWarning(NamedTuple):
    """What the client should know of a picture: a code such as `colour_lost`, and a sentence."""

    code: str
    text: str


class File(NamedTuple):
    """An encoded picture; width and height in pixels, of a vector in millimetres."""

    data: bytes
    media_type: str
    width: int
    height: int


class ConceptPictures(NamedTuple):
    """One concept: its files, its figures, and what it would be laid with."""

    pictures: dict[PictureKind, File]
    vectors: dict[VectorKind, File]
    quality: Quality
    shares: dict[str, float]
    """Share of the pixels of each palette colour by its code, in the palette's order; they sum to 1."""
    installer: InstallabilityReport
    materials: Materials
    warnings: tuple[PictureWarning, ...]


def weighed(quality: Quality, subjects_shown: float | None) -> Quality:
    """The figures of a concept whose direction shows that share of the brief's things: without any it scores half."""
    if subjects_shown is None:
        return quality
    part = SCORE_WITHOUT_SUBJECTS + (1 - SCORE_WITHOUT_SUBJECTS) * subjects_shown
    return quality.model_copy(update={"subjects": subjects_shown, "score": round(quality.score * part, 6)})


class PaletteFit(NamedTuple):
    """That a concept's palette is fitted to its picture: codes of the colours it must have and must not have."""

    asked: tuple[str, ...]
    refused: tuple[str, ...]
