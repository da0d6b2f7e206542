"""From a matched picture to what goes to the installer. Pure and synchronous: made for worker threads."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from studio_colour.difference import ByteArray, FloatArray, palette_rgb
from studio_contracts.concept import Materials
from studio_contracts.installer import InstallerRule
from studio_contracts.outline import Outline
from studio_contracts.palette import Colour
from studio_contracts.plan import Layout
from studio_pictures.outline_mask import inside_mask
from studio_postprocess.export.drawing import Drawing, draw
from studio_postprocess.export.materials import materials
from studio_postprocess.installable.cleaning import WORKING_MM, Cleaned, clean, untouched, without_small_and_thin
from studio_postprocess.installable.layout import border_of, compose
from studio_postprocess.installable.outside import BoolArray, with_outside
from studio_postprocess.installable.rules import Inspection, has_fragments, inspect_shapes
from studio_postprocess.installable.shapes import Shapes

SIZE_RULES: tuple[InstallerRule, ...] = ("width", "gap", "area")
"""The rules that cleaning can always obey, by taking away what breaks them."""

GOOD_ENOUGH = 90
"""Score from which a surface that obeys those rules, as one that was cleaned before and edited, stays as it is."""
WORTH_A_CHANGE = 0.7
"""Below that it is changed only where more than this part of what an installer takes off is won."""


class Installable(NamedTuple):
    """A concept on its surface.

    composed and cleaned.indices are index maps (height, width) of the whole surface before and after cleaning, VOID
    outside its outline, with pixels of mm_per_pixel; before and after list what an installer would object to in each.
    shares are those of the palette's colours in what is laid.
    """

    composed: ByteArray
    cleaned: Cleaned
    mm_per_pixel: float
    before: Inspection
    after: Inspection
    drawing: Drawing
    shares: FloatArray
    materials: Materials

    @property
    def indices(self) -> ByteArray:
        """The index map of the surface as it is laid."""
        return self.cleaned.indices


def make_installable(
    indices: ByteArray,
    palette: Sequence[Colour],
    layout: Layout,
    width_m: float,
    height_m: float,
    base: int = 0,
    original: ByteArray | None = None,
    outline: Outline | None = None,
) -> Installable:
    """Lay a picture, an index map (height, width) into `palette`, on a surface and make it installable.

    `base` is the colour around a framed picture. `original` is the picture before its colours were matched, sRGB,
    (height, width, 3): what is too small to lay is merged into what looks most like it there. Everything is made from
    the one final picture of the surface. Where that is no rectangle, its `outline` is its border in all of this.
    """
    border = border_of(indices, palette, base) if layout == "framed" else base
    composed, mm_per_pixel = compose(indices, layout, width_m, height_m, base, border)
    if outline is not None:
        composed = with_outside(composed, outside_of(outline, composed.shape, width_m, height_m))
    look = None
    if original is not None:
        rgb, most = palette_rgb(palette), _working_pixels(width_m, height_m)
        look = compose(_averaged(original, most), layout, width_m, height_m, rgb[base], rgb[border], most)
    before, cleaned, after = _cleaned(composed, mm_per_pixel, None if look is None else look.indices, palette)
    pixels = np.bincount(cleaned.surface.pieces.colour, cleaned.surface.pieces.area, len(palette)).astype(np.int64)
    return Installable(
        composed=composed,
        cleaned=cleaned,
        mm_per_pixel=mm_per_pixel,
        before=before,
        after=after,
        drawing=draw(cleaned.indices, width_m * 1000, height_m * 1000, outline),
        shares=pixels / pixels.sum(),
        materials=materials(
            pixels,
            [colour.code for colour in palette],
            width_m * height_m if outline is None else outline.area_m2,
        ),
    )


def outside_of(outline: Outline, shape: tuple[int, ...], width_m: float, height_m: float) -> BoolArray:
    """Where nothing is laid on a picture of the surface of this shape, (height, width)."""
    height, width = shape[:2]
    return ~inside_mask(outline, (height, width), (width_m * 1000 / width, height_m * 1000 / height))


def _working_pixels(width_m: float, height_m: float) -> int:
    return max(1, round(width_m * height_m * 1e6 / WORKING_MM**2))


def _averaged(original: ByteArray, pixels: int) -> ByteArray:
    """The original with as many pixels as that, or up to four times as many, where its sides can be divided."""
    height, width = original.shape[:2]
    times = max(1, math.isqrt(height * width // pixels))
    while height % times or width % times:
        times -= 1
    smaller = cv2.resize(original, (width // times, height // times), interpolation=cv2.INTER_AREA)
    return smaller.astype(np.uint8, copy=False)


def _cleaned(
    composed: ByteArray, mm_per_pixel: float, look: ByteArray | None, palette: Sequence[Colour]
) -> tuple[Inspection, Cleaned, Inspection]:
    """A surface inspected, cleaned and inspected again. What cleaning makes no better stays as it is.

    That is what scores less by the rules, or little more where every size rule was obeyed before.
    """
    surface = Shapes(composed)
    if not has_fragments(surface, mm_per_pixel):
        before = inspect_shapes(surface, mm_per_pixel)
        if before.score >= GOOD_ENOUGH and _obeys_sizes(before):
            return before, untouched(surface, mm_per_pixel), before
        cleaned = clean(composed, mm_per_pixel, look, palette)
    else:
        cleaned = clean(composed, mm_per_pixel, look, palette)
        before = inspect_shapes(surface, mm_per_pixel, (cleaned.seen, cleaned.working_mm))
    after = inspect_shapes(cleaned.surface, mm_per_pixel)
    if not _obeys_sizes(after):
        again = without_small_and_thin(cleaned, mm_per_pixel)
        again_after = inspect_shapes(again.surface, mm_per_pixel)
        if again_after.score > after.score:
            cleaned, after = again, again_after
    won = after.score - before.score
    if won < 0 or (_obeys_sizes(before) and won <= WORTH_A_CHANGE * (100 - before.score)):
        return before, untouched(surface, mm_per_pixel), before
    return before, cleaned, after


def _obeys_sizes(inspection: Inspection) -> bool:
    return not any(inspection.counts[rule] for rule in SIZE_RULES)
