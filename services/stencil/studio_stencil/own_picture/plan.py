"""The plan of a job that begins with a client's own picture: it is the one direction."""

import hashlib

import numpy as np

from studio_colour.difference import ByteArray
from studio_contracts.brief import Brief
from studio_contracts.object_keys import stencil_key
from studio_contracts.own_picture import UNNAMED
from studio_contracts.pictures import StoredPicture
from studio_contracts.plan import Direction, Plan, PlanColour
from studio_pictures.outline_mask import inside_mask
from studio_stencil.own_picture.fitting import Fitted
from studio_stencil.planning.reading import read_brief
from studio_stencil.planning.roles import roles_by_share
from studio_stencil.planning.size import MOST_RATIO, Fit, fit


def surface_fit(brief: Brief) -> Fit:
    """The picture that the surface takes. On a long surface a whole one is framed, a cropped one is repeated."""
    sides = sorted((brief.surface.width_m, brief.surface.height_m))
    is_whole = brief.picture is not None and brief.picture.fit == "contain"
    framed = brief.framed or (is_whole and sides[1] > MOST_RATIO * sides[0])
    return fit(brief.surface.width_m, brief.surface.height_m, framed=framed)


def laid_pixels(brief: Brief, size: Fit) -> ByteArray | None:
    """How often each pixel of the picture, (height, width), is laid inside the surface's outline; None without one."""
    outline = brief.surface.outline
    if outline is None:
        return None
    shape = size.size.height, size.size.width
    sides_mm = np.array((brief.surface.width_m, brief.surface.height_m)) * 1000
    picture_mm = np.array(size.size) * size.mm_per_pixel
    along = int(sides_mm.argmax())
    panels = round(sides_mm[along] / (size.ground_m[along] * 1000)) if size.layout == "tiled" else 1
    laid = np.zeros(shape, np.uint8)
    for number in range(panels):
        corner = (sides_mm - picture_mm) / 2
        corner[along] += (number - panels // 2) * size.ground_m[along] * 1000
        inside = inside_mask(outline, shape, (size.mm_per_pixel,) * 2, (float(corner[0]), float(corner[1])))
        laid += np.flip(inside, 1 - along) if (number - panels // 2) % 2 else inside  # every other panel is mirrored
    return laid


def own_plan(brief: Brief, job_id: str, seed: int, size: Fit, made: Fitted) -> Plan:
    """The plan for the job document."""
    colours = zip(made.codes, roles_by_share(made.shares), made.shares, strict=True)
    stencil = StoredPicture(
        key=stencil_key(job_id, 0),
        sha256=hashlib.sha256(made.stencil).hexdigest(),
        media_type="image/png",
        width=size.size.width,
        height=size.size.height,
    )
    direction = Direction(
        name="own picture",
        reason=f"the picture you brought: {made.note}",
        strategy="hero",
        seed=seed,
        colours=tuple(PlanColour(code=code, role=role, share=share) for code, role, share in colours),
        stencil=stencil,
    )
    return Plan(
        reading=read_brief(brief.prompt) if brief.prompt != UNNAMED else None,
        palette_reason="as you chose" if brief.palette else "the nearest to your picture",
        width_px=size.size.width,
        height_px=size.size.height,
        layout=size.layout,
        mm_per_pixel=size.mm_per_pixel,
        directions=(direction,),
    )
