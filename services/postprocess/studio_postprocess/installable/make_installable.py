"""From a clamped concept to what goes to the installer. Pure and synchronous: made for worker threads."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from studio_contracts.job import LayoutKind
from studio_contracts.palette import Colour
from studio_postprocess.clamp.colour import ByteArray
from studio_postprocess.export.drawing import Drawing, draw
from studio_postprocess.export.materials import Materials, materials
from studio_postprocess.installable.cleaning import Change, Cleaned, clean, untouched
from studio_postprocess.installable.layout import border_of, compose
from studio_postprocess.installable.rules import Inspection, inspect


class Finished(NamedTuple):
    """A concept on its surface.

    composed and installable are index maps (height, width) of the whole surface before and after cleaning, with pixels
    of mm_per_pixel; before and after tell what an installer would object to in each; changed is the share of pixels
    that differ.
    """

    composed: ByteArray
    installable: ByteArray
    mm_per_pixel: float
    before: Inspection
    after: Inspection
    changes: dict[str, Change]
    changed: float
    drawing: Drawing
    materials: Materials


def finish(
    indices: ByteArray,
    palette: Sequence[Colour],
    layout: LayoutKind,
    width_m: float,
    height_m: float,
    base: int = 0,
) -> Finished:
    """Lay a clamped picture, an index map (height, width) into `palette`, on a surface and make it installable.

    `base` is the colour around a framed picture. Everything is made from the one final picture of the surface.
    """
    composed, mm_per_pixel = compose(indices, layout, width_m, height_m, base, border_of(indices, palette, base))
    before, cleaned, after = _cleaned(composed, mm_per_pixel)
    pixels = np.array([np.count_nonzero(cleaned.indices == number) for number in range(len(palette))])
    return Finished(
        composed=composed,
        installable=cleaned.indices,
        mm_per_pixel=mm_per_pixel,
        before=before,
        after=after,
        changes=cleaned.changes,
        changed=cleaned.changed,
        drawing=draw(cleaned.indices, width_m * 1000, height_m * 1000),
        materials=materials(pixels, [colour.code for colour in palette], width_m * height_m),
    )


def _cleaned(composed: ByteArray, mm_per_pixel: float) -> tuple[Inspection, Cleaned, Inspection]:
    """A surface inspected, cleaned and inspected again.

    Where all is large and wide enough to be laid, what cleaning does not make better stays as it is.
    """
    before = inspect(composed, mm_per_pixel)
    if before.score < 100:
        cleaned = clean(composed, mm_per_pixel)
        after = inspect(cleaned.indices, mm_per_pixel)
        if after.score >= before.score or before.counts["area"] or before.counts["width"]:
            return before, cleaned, after
    return before, untouched(composed), before
