"""The plan of a job that begins with an edited concept: its one direction is the surface as it was left."""

import hashlib

import numpy as np

from studio_contracts.edits import exchanges_sides
from studio_contracts.job import Job
from studio_contracts.object_keys import stencil_key
from studio_contracts.pictures import StoredPicture
from studio_contracts.plan import Direction, Plan, PlanColour
from studio_stencil.drawing.compose import encode
from studio_stencil.editing.edit import NOTHING, Surface, edit, read_surface
from studio_stencil.planning.roles import roles_by_share

MM_PER_M = 1000


def edited_plan(plan: Plan, number: int, png: bytes, job: Job) -> tuple[Plan, bytes]:
    """The plan of `job` and its stencil, an indexed PNG, from the picture of a concept of the direction `number`.

    `plan` is that of the concept's own job. Raises ValueError for a picture in other colours than can be laid.
    """
    source = job.brief.source
    assert source is not None
    sides = job.brief.surface.width_m * MM_PER_M, job.brief.surface.height_m * MM_PER_M
    before = sides[::-1] if exchanges_sides(source.edits) else sides
    surface = edit(read_surface(png, *before), source.edits)
    data = encode(np.where(surface.indices == NOTHING, np.uint8(0), surface.indices), surface.codes)
    height, width = surface.indices.shape
    edited = plan.model_copy(
        update={
            "palette_reason": "The colours of the edited concept",
            "width_px": width,
            "height_px": height,
            "layout": "full",
            "mm_per_pixel": surface.width_mm / width,
            "directions": (_direction(plan.directions[number], surface, data, job),),
        }
    )
    return edited, data


def _direction(origin: Direction, surface: Surface, data: bytes, job: Job) -> Direction:
    counts = surface.counts
    colours = zip(surface.codes, roles_by_share(counts.tolist()), counts, strict=True)
    height, width = surface.indices.shape
    return origin.model_copy(
        update={
            "reason": "Edited by hand",
            "colours": tuple(
                PlanColour(code=code, role=role, share=float(count) / float(counts.sum()))
                for code, role, count in colours
            ),
            "stencil": StoredPicture(
                key=stencil_key(job.id, 0),
                sha256=hashlib.sha256(data).hexdigest(),
                media_type="image/png",
                width=width,
                height=height,
            ),
        }
    )
