"""From a provider's picture to everything a concept is stored with. Pure and synchronous: made for worker processes."""

from collections.abc import Iterator, Sequence

import numpy as np

from studio_contracts.brief import Surface
from studio_contracts.file_formats import VECTOR_MEDIA_TYPES
from studio_contracts.job import InstallabilityReport, LayoutKind, Materials, Quality, Violation
from studio_contracts.palette import Colour
from studio_postprocess.clamp.clamp import clamp_for
from studio_postprocess.clamp.colour import ByteArray
from studio_postprocess.export.formats import EXPORTERS
from studio_postprocess.installable.make_installable import Finished, finish
from studio_postprocess.installable.region_limit import limit_regions
from studio_postprocess.io.decode import decode
from studio_postprocess.io.encode import (
    QUANTIZED_MEDIA_TYPE,
    THUMBNAIL_MEDIA_TYPE,
    encode_indexed,
    encode_thumbnail,
    thumbnail_size,
)
from studio_postprocess.io.usable import check_usable, warnings_of
from studio_postprocess.results import ConceptPictures, File, PictureWarning
from studio_postprocess.scoring.measure import measure, shares

MAX_CHANGED = 0.25
"""Share of the surface at which a cleaned picture has nothing left of the designer's."""
MISSED_SHARE = 0.005
"""Share of the surface from which a colour is missed when it is gone: more than the fringes a model leaves."""
MAX_VIOLATIONS = 40
"""Violations kept with a concept, the largest first: a dozen noisy concepts must still fit into one document."""


def make_concept(
    original: bytes,
    palette: Sequence[Colour],
    expected_size: tuple[int, int],
    stencil: ByteArray,
    layout: LayoutKind,
    surface: Surface,
) -> ConceptPictures:
    """Decode, clamp, lay on the surface, clean, measure and encode a picture.

    `expected_size` is (width, height); a picture of another size keeps its own and gets a warning. `stencil` holds
    indices into `palette`, shape (height, width); the palette's first colour is the base. Raises PictureError. Peak
    memory: about 40 bytes a pixel (1152x768: 34 MB, the pixel caps: 260 MB); a palette first met adds at most 40 MB, of
    which 17 are kept while it is among the last four. What all palettes share takes 53 MB from the start.
    """
    rgb, media_type = decode(original)
    height, width = rgb.shape[:2]
    check_usable(width, height)
    indices = clamp_for(tuple(palette)).indices(rgb)
    limited = limit_regions(indices)
    finished = finish(limited, palette, layout, surface.width_m, surface.height_m)
    finished = finished._replace(changed=min(1.0, finished.changed + float(np.mean(limited != indices))))
    laid_height, laid_width = finished.installable.shape
    ground_mm = round(surface.width_m * 1000), round(surface.height_m * 1000)
    return ConceptPictures(
        pictures={
            "original": File(original, media_type, width, height),
            "quantized": File(encode_indexed(indices, palette), QUANTIZED_MEDIA_TYPE, width, height),
            "thumbnail": File(encode_thumbnail(indices, palette), THUMBNAIL_MEDIA_TYPE, *thumbnail_size(width, height)),
            "installable": File(
                encode_indexed(finished.installable, palette), QUANTIZED_MEDIA_TYPE, laid_width, laid_height
            ),
        },
        vectors={
            kind: File(export(finished.drawing, palette), VECTOR_MEDIA_TYPES[kind], *ground_mm)
            for kind, export in EXPORTERS.items()
        },
        quality=Quality(**measure(rgb, indices, palette, stencil, installability(finished))._asdict()),
        shares={
            colour.code: float(share) for colour, share in zip(palette, shares(indices, len(palette)), strict=True)
        },
        installer=_installer(finished, palette),
        materials=Materials.model_validate(finished.materials, from_attributes=True),
        warnings=(*warnings_of(rgb, expected_size), *_lost_colours(finished, palette)),
    )


def installability(finished: Finished) -> float:
    """How far a picture can be laid as it is meant, 0 to 1: the installer score after cleaning, less what it cost.

    The score alone would reward noise, which cleans up to something that has little to do with it.
    """
    return finished.after.score / 100 * max(0.0, 1 - finished.changed / MAX_CHANGED)


def _installer(finished: Finished, palette: Sequence[Colour]) -> InstallabilityReport:
    return InstallabilityReport(
        score_before=finished.before.score,
        score=finished.after.score,
        changed=round(finished.changed, 4),
        counts=finished.after.counts,
        violations=tuple(
            Violation(rule=violation.rule, code=palette[violation.colour].code, box=violation.box)
            for violation in finished.after.violations[:MAX_VIOLATIONS]
        ),
    )


def _lost_colours(finished: Finished, palette: Sequence[Colour]) -> Iterator[PictureWarning]:
    drawn, laid = shares(finished.composed, len(palette)), shares(finished.installable, len(palette))
    for colour, before, after in zip(palette, drawn, laid, strict=True):
        if before >= MISSED_SHARE and after == 0:
            text = f"{colour.name} {colour.code} nowhere covers enough of the surface to be laid, and was left out"
            yield PictureWarning("colour_lost", text)
