"""Stencils of surfaces that are no rectangles: what a brief names lies inside the outline, and whole."""

import io

import numpy as np
import pytest
import shapely
from PIL import Image

from studio_contracts.brief import Strategy, Surface
from studio_contracts.edits import Edit, Mirror, Recolour, Turn
from studio_contracts.outline import Outline
from studio_stencil.drawing.compose import WHOLE, Sketch, sketched
from studio_stencil.drawing.directions import Direction
from studio_stencil.drawing.room import area_on_picture, largest_rectangle
from studio_stencil.drawing.scene import Ground
from studio_stencil.drawing.task import shape_of
from studio_stencil.editing.edit import NOTHING, edit, read_surface
from studio_stencil.planning.plan import draw, make_plan
from studio_stencil.planning.reading import read_brief
from studio_support.outlines import L_SHAPE, ROUND

CODES = ("RH20", "RH31", "RH30", "RH41")
MOTIFS: list[Strategy] = [
    "hero",
    "scattered",
    "flowing",
    "panorama",
    "path",
    "medallions",
    "track",
    "islands",
    "stripes",
]


def ground_of(surface: Surface) -> Ground:
    assert surface.outline is not None
    area = area_on_picture(surface.outline, "full", (surface.width_m, surface.height_m))
    return Ground(surface.width_m * 1000, surface.height_m * 1000, 1152, 896, area)


def sketch_of(brief: str, surface: Surface, strategy: Strategy) -> Sketch:
    size_m, direction = (surface.width_m, surface.height_m), Direction("", strategy, "")
    return sketched(read_brief(brief), CODES, *size_m, (1152, 896), direction, 5, ground_of(surface).outline)


@pytest.mark.parametrize("surface", [L_SHAPE, ROUND], ids=["L", "round"])
@pytest.mark.parametrize("strategy", MOTIFS)
def test_motifs_lie_inside_the_outline(surface: Surface, strategy: Strategy) -> None:
    ground = ground_of(surface)
    sketch = sketch_of("a whale and three fish", surface, strategy)
    assert sketch.placed or strategy == "islands"  # which finds no room between two trees
    moved = (ground.room.left, ground.room.top) if strategy in {*WHOLE, "islands"} else (0, 0)
    for place in sketch.placed:
        shape = shapely.transform(shape_of(place), lambda points: points + moved)
        assert shape.difference(ground.surface).area < 0.01 * shape.area, place


@pytest.mark.parametrize("strategy", sorted(WHOLE))
def test_games_are_not_cut(strategy: Strategy) -> None:
    sketch = sketch_of("waves", ROUND, strategy)
    assert sketch.room is not None
    assert sketch.below
    for area in [*(sketch.room.taking(layer.area) for layer in sketch.below), *(spot.area for spot in sketch.above)]:
        assert area.difference(sketch.ground.surface.buffer(2)).is_empty


def test_the_largest_rectangle_lies_inside() -> None:
    for surface in (L_SHAPE, ROUND):
        ground = ground_of(surface)
        room = ground.room
        box = shapely.box(room.left, room.top, room.left + room.width, room.top + room.height)
        assert ground.surface.buffer(2).covers(box)
        assert box.area > 0.2 * ground.surface.area
    assert largest_rectangle(shapely.box(0, 0, 4800, 2400)) == (0, 0, 4800, 2400)
    assert largest_rectangle(shapely.LineString([(0, 0), (100, 100)]).buffer(0.1)) is None


def test_shares_and_colours_are_of_what_is_laid() -> None:
    plan = make_plan("waves", 9, 7, None, "bands", 3, outline=L_SHAPE.outline)
    stencil = draw(plan, plan.directions[0])
    assert sum(stencil.shares) == pytest.approx(1)
    whole = draw(plan._replace(outline=None), plan.directions[0])
    assert stencil.indices.shape == whole.indices.shape
    assert stencil.shares != whole.shares


def test_on_panels_the_outline_is_what_all_of_them_have_inside() -> None:
    """Three panels of 4 m, the outer ones mirrored: a corner cut off at the far right is at the left of each."""
    outline = Outline.model_validate({"outer": [(0, 0), (12, 0), (12, 0.8), (11, 0.8), (11, 1.2), (0, 1.2)]})
    area = area_on_picture(outline, "tiled", (4, 1.2))
    assert area is not None
    corner = shapely.box(0, 800, 1000, 1200)
    assert shapely.box(0, 0, 4000, 1200).difference(area).equals(corner)


def test_in_a_frame_the_outline_is_where_the_picture_is() -> None:
    outline = Outline.model_validate({"outer": [(0, 0), (10, 0), (10, 2), (5, 2), (5, 3), (0, 3)]})
    area = area_on_picture(outline, "framed", (6, 3))
    assert area is not None
    assert area.bounds == (0, 0, 6000, 3000)
    assert area.area == pytest.approx(6e6 * 3 - 3e6)


def test_a_concept_is_edited_inside_its_outline() -> None:
    """What is transparent stays so: recoloured, mirrored and turned."""
    file = io.BytesIO()
    pixels = np.full((2, 3, 4), (0, 117, 188, 255), np.uint8)  # RH20
    pixels[1, 2] = (255, 255, 255, 0)
    Image.fromarray(pixels).save(file, "PNG")
    surface = read_surface(file.getvalue(), 3000, 2000)
    assert surface.codes == ("RH20",)
    edits: list[Edit] = [Recolour(colour="RH20", to="RH30"), Mirror(swap="left_right"), Turn(quarters=1)]
    changed = edit(surface, edits)
    assert changed.codes == ("RH30",)
    assert changed.indices.tolist() == [[NOTHING, 0], [0, 0], [0, 0]]
