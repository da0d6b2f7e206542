"""From a provider's picture to everything a concept is stored with. Pure and synchronous: made for worker threads."""

from collections.abc import Iterator, Sequence

import numpy as np

from studio_colour.difference import ByteArray, palette_rgb
from studio_contracts.brief import Surface
from studio_contracts.concept import InstallabilityReport, Violation
from studio_contracts.file_formats import VECTOR_MEDIA_TYPES
from studio_contracts.palette import Colour
from studio_contracts.plan import Layout
from studio_contracts.reading import UnsoldColour
from studio_pictures.decode import decode
from studio_postprocess.clamp.clamp import clamp_for
from studio_postprocess.clamp.hue import hue_difference, hue_first
from studio_postprocess.clamp.palette_fit import fit_palette
from studio_postprocess.export.blends import Texture, changes, textures, with_blends
from studio_postprocess.export.formats import EXPORTERS
from studio_postprocess.installable.layout import compose
from studio_postprocess.installable.make_installable import Installable, make_installable, outside_of
from studio_postprocess.installable.outside import BoolArray, with_outside
from studio_postprocess.installable.region_limit import limit_regions
from studio_postprocess.io.encode import (
    QUANTIZED_MEDIA_TYPE,
    THUMBNAIL_MEDIA_TYPE,
    encode_indexed,
    encode_thumbnail,
    thumbnail_size,
)
from studio_postprocess.io.usable import check_usable, warnings_of
from studio_postprocess.results import ConceptPictures, File, PictureWarning
from studio_postprocess.scoring.kept import Kept, kept
from studio_postprocess.scoring.measure import measure, shares

SUBJECT_LOST = 0.5
"""Share of the subject kept below which a surface has lost it."""
MOST_WITHOUT_SUBJECT = 0.40
"""Highest score of such a surface."""
MISSED_SHARE = 0.005
"""Share of the surface from which a colour is missed when it is gone: more than the fringes a model leaves."""
MAX_VIOLATIONS = 40
"""Violations kept with a concept, the largest first: a dozen noisy concepts must still fit into one document."""


def make_concept(
    original: bytes,
    palette: Sequence[Colour],
    expected_size: tuple[int, int],
    stencil: ByteArray,
    layout: Layout,
    surface: Surface,
    asked: Sequence[Colour] | None = None,
    refused: Sequence[Colour] = (),
    unsold: Sequence[UnsoldColour] = (),
    is_drawn: bool = False,
) -> ConceptPictures:
    """Decode, clamp, lay on the surface, clean, measure and encode a picture.

    `expected_size` is (width, height); a picture of another size keeps its own and gets a warning. `stencil` holds
    indices into `palette`, shape (height, width); the palette's first colour is the base. Where the client has chosen
    no colours, `asked` are those that the brief names, maybe none: the concept gets them and others that suit its own
    picture, where `palette` does not, but none of those `refused`. For colours that are `unsold`, and where the picture
    speckles, the materials have blends. A picture that `is_drawn` is the stencil itself, and so its own clamp. Raises
    PictureError.

    `quantized` is the exact clamp; what is laid is matched hue first, and thumbnail and shares show it. Peak memory:
    about 40 bytes a pixel (1152x768: 34 MB, the pixel caps: 260 MB); a palette first met adds at most 8 MB, of which
    4 are kept while it is among the last four. What all palettes share takes 14 MB from the start.
    """
    rgb, media_type = decode(original)
    height, width = rgb.shape[:2]
    check_usable(width, height)
    unseen = _unseen((height, width), layout, surface)
    colours = tuple(palette) if asked is None else fit_palette(rgb, palette, asked, refused, unseen)
    indices = stencil if is_drawn and asked is None else clamp_for(colours).indices(rgb)
    matched = hue_first(rgb, colours)
    limited = limit_regions(matched)
    base = int(hue_difference(palette_rgb(palette[:1])[0], colours).argmin())
    laid = make_installable(limited, colours, layout, surface.width_m, surface.height_m, base, rgb, surface.outline)
    survived = kept(laid.cleaned.seen, laid.cleaned.laid, laid.cleaned.working_mm, laid.composed)
    faithful = survived.overall * (1 - laid.cleaned.fragments)
    shown = with_outside(indices, unseen)
    quality = measure(rgb, shown, colours, _recoloured(stencil, palette, colours), laid.after.score / 100 * faithful)
    quality = quality.model_copy(update={"score": _judged(quality.score, faithful, survived)})
    laid_height, laid_width = laid.indices.shape
    ground_mm = round(surface.width_m * 1000), round(surface.height_m * 1000)
    return ConceptPictures(
        pictures={
            "original": File(original, media_type, width, height),
            "quantized": File(encode_indexed(indices, colours), QUANTIZED_MEDIA_TYPE, width, height),
            "thumbnail": File(
                encode_thumbnail(laid.indices, colours), THUMBNAIL_MEDIA_TYPE, *thumbnail_size(laid_width, laid_height)
            ),
            "installable": File(encode_indexed(laid.indices, colours), QUANTIZED_MEDIA_TYPE, laid_width, laid_height),
        },
        vectors={
            kind: File(export(laid.drawing, colours), VECTOR_MEDIA_TYPES[kind], *ground_mm)
            for kind, export in EXPORTERS.items()
        },
        quality=quality,
        shares={colour.code: float(share) for colour, share in zip(colours, laid.shares, strict=True)},
        installer=_report(laid, survived, colours),
        materials=with_blends(laid.materials, unsold, _textures(laid, matched, rgb, layout, surface), colours),
        warnings=(
            *warnings_of(rgb, expected_size),
            *_losses(laid, survived, colours, named=colours if asked is None else tuple(asked)),
        ),
    )


def _unseen(shape: tuple[int, int], layout: Layout, surface: Surface) -> BoolArray:
    """The pixels of the picture that come to lie outside the surface's outline everywhere."""
    unseen = np.zeros(shape, np.bool_)
    if surface.outline is not None:
        places = np.arange(unseen.size, dtype=np.int32).reshape(shape)
        laid = compose(places, layout, surface.width_m, surface.height_m, -1, -1).indices
        outside = outside_of(surface.outline, laid.shape, surface.width_m, surface.height_m)
        for where, is_unseen in ((outside, True), (~outside, False)):
            unseen.ravel()[laid[where & (laid >= 0)]] = is_unseen
    return unseen


def _textures(
    laid: Installable, matched: ByteArray, rgb: ByteArray, layout: Layout, surface: Surface
) -> dict[int, Texture]:
    changing = compose(changes(matched), layout, surface.width_m, surface.height_m, 0, 0).indices
    nothing = np.zeros(3, np.uint8)
    picture = compose(rgb, layout, surface.width_m, surface.height_m, nothing, nothing).indices
    return textures(laid.cleaned.surface.pieces, changing, picture, laid.mm_per_pixel)


def _installer_score(laid: Installable, survived: Kept) -> int:
    """A surface without its subject is not what was ordered, however well it can be laid."""
    most = 100 if survived.subject >= SUBJECT_LOST else round(100 * MOST_WITHOUT_SUBJECT)
    return min(laid.after.score, most)


def _judged(score: float, faithful: float, survived: Kept) -> float:
    """The score of a concept of which the part `faithful` is laid: cubed, as nothing makes up for a lost subject."""
    most = 1.0 if survived.subject >= SUBJECT_LOST else MOST_WITHOUT_SUBJECT
    return round(min(score * faithful**3, most), 6)


def _recoloured(stencil: ByteArray, palette: Sequence[Colour], colours: tuple[Colour, ...]) -> ByteArray:
    """The stencil, indices into the plan's palette, as indices into the nearest of the concept's colours."""
    if tuple(palette) == colours:
        return stencil
    nearest: ByteArray = hue_difference(palette_rgb(palette), colours).argmin(axis=1).astype(np.uint8)
    return nearest[stencil]


def _report(laid: Installable, survived: Kept, colours: Sequence[Colour]) -> InstallabilityReport:
    return InstallabilityReport(
        score_before=laid.before.score,
        score=_installer_score(laid, survived),
        kept=round(survived.overall, 4),
        kept_subject=round(survived.subject, 4),
        kept_by_colour={colours[index].code: round(share, 4) for index, share in survived.by_colour.items()},
        counts=laid.after.counts,
        violations=tuple(
            Violation(rule=breach.rule, code=colours[breach.colour].code, box=breach.box)
            for breach in laid.after.violations[:MAX_VIOLATIONS]
        ),
    )


def _losses(
    laid: Installable, survived: Kept, colours: Sequence[Colour], named: Sequence[Colour]
) -> Iterator[PictureWarning]:
    """What the client has lost, each with its share. `named` are the colours somebody asked for."""
    drawn, there = shares(laid.composed, len(colours)), laid.shares
    for colour, before, after in zip(colours, drawn, there, strict=True):
        if before >= MISSED_SHARE and after == 0:
            text = f"{colour.name} {colour.code} covered {before:.1%} of the picture and is gone: no part could be laid"
            yield PictureWarning("colour_lost", text)
    unused = ", ".join(
        f"{colour.name} {colour.code}"
        for colour, share in zip(colours, drawn, strict=True)
        if share == 0 and colour in named
    )
    if unused:
        yield PictureWarning("colour_unused", f"no pixel of the picture is {unused}")
    if np.count_nonzero(there) == 1:
        only = colours[int(there.argmax())]
        yield PictureWarning("blank_surface", f"the surface is blank: all of it is {only.name} {only.code}")
    if survived.subject < SUBJECT_LOST:
        text = f"the subject is lost: {survived.subject:.0%} of its outline could be kept"
        yield PictureWarning("subject_lost", text)
