"""Outlines from the drawings of others: what is read, to how many millimetres, and what hostile files meet."""

import io
import json
import math
from collections.abc import Callable
from typing import Any

import ezdxf.filemanagement
import httpx
import pytest
import shapely
from ezdxf.document import Drawing
from ezdxf.enums import TextEntityAlignment

from studio_chassis.runtime.process_pool import WorkLost
from studio_contracts.outline import Outline
from studio_gateway.outline_files.found import MAX_FILE_BYTES, FoundOutline, OutlineFileError, Unit
from studio_gateway.outline_files.lines import MAX_LINES
from studio_gateway.outline_files.read_file import read_file
from studio_support.gateway_in_memory import GatewayInMemory
from studio_support.same_process import SameProcess

PATH = "/v1/outlines"
CORNERS = [(0, 0), (9, 0), (9, 3.5), (4, 3.5), (4, 7), (0, 7)]


def dxf(draw: Callable[[Any], object], units: int = 6, **options: Any) -> bytes:
    document: Drawing = ezdxf.filemanagement.new("R2010", units=units)
    draw(document.modelspace())
    file = io.StringIO()
    document.write(file, **options)
    return file.getvalue().encode()


def svg(inside: str, root: str = 'width="9000mm" height="7000mm" viewBox="0 0 9 7"') -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {root}>{inside}</svg>'.encode()


def read(data: bytes, unit: Unit | None = None, layer: str | None = None) -> tuple[Outline, FoundOutline]:
    found = read_file(data, unit, layer)
    return Outline.model_validate_json(found.outline), found


def polygon(outline: Outline) -> shapely.Polygon:
    return shapely.Polygon(outline.outer, outline.holes)


L_SHAPE = shapely.Polygon([(x, 7 - y) for x, y in CORNERS])
ELL = "M0,3.5 V0 H4 V3.5 H9 V7 H0 Z"


def closed(space: Any) -> None:
    space.add_lwpolyline(CORNERS, close=True)


def loose(space: Any) -> None:
    for start, end in zip(CORNERS, [*CORNERS[1:], CORNERS[0]], strict=True):
        space.add_line(*((start, end) if start[0] < 4 else (end, start)))


def in_a_block(space: Any) -> None:
    block = space.doc.blocks.new("yard")
    block.add_lwpolyline([(x + 5, y) for x, y in CORNERS], close=True)
    space.add_blockref("yard", (20, 30))


@pytest.mark.parametrize("draw", [closed, loose, in_a_block])
def test_a_dxf_is_read_however_its_border_is_drawn(draw: Callable[[Any], object]) -> None:
    outline, found = read(dxf(draw))
    assert polygon(outline).equals(L_SHAPE)
    assert (found.unit, found.layer, found.left_out, found.open_lines) == ("m", None, 0, 0)


def yard_with_trees(space: Any) -> None:
    space.add_arc((4, 4), 4, 0, 180)
    space.add_line((0, 4), (0, 0))
    space.add_line((0, 0), (8, 0))
    space.add_line((8, 0), (8, 4))
    space.add_circle((2, 3), 0.5)
    space.add_ellipse((5, 3), major_axis=(0.8, 0), ratio=0.5)
    space.add_spline([(4, 5), (5, 5.6), (4.4, 6.4), (3.6, 6), (4, 5)])
    space.add_circle((2, 3), 0.2)  # the trunk in the tree's circle
    space.add_circle((20, 3), 1)  # the neighbour's tree
    space.add_line((0, 5), (1, 5.2))
    space.add_text("yard", height=0.2).set_placement((1, 1), align=TextEntityAlignment.LEFT)


def test_arcs_and_splines_become_sides_within_5_mm_and_what_lies_inside_is_a_hole() -> None:
    outline, found = read(dxf(yard_with_trees))
    assert (len(outline.holes), found.left_out, found.open_lines) == (3, 2, 1)
    border = shapely.union_all([shapely.Point(4, 4).buffer(4, quad_segs=500), shapely.box(0, 4, 8, 8)])
    assert shapely.Polygon(outline.outer).hausdorff_distance(border) < 0.005
    areas = sorted(shapely.Polygon(hole).area for hole in outline.holes)
    assert areas[1:] == pytest.approx([math.pi * 0.25, math.pi * 0.32], rel=0.02) or areas[0] > 0.2


@pytest.mark.parametrize(("units", "factor"), [(4, 1000), (5, 100), (6, 1), (1, 1 / 0.0254), (2, 1 / 0.3048)])
def test_the_unit_of_a_dxf_counts(units: int, factor: float) -> None:
    data = dxf(lambda space: space.add_lwpolyline([(x * factor, y * factor) for x, y in CORNERS], close=True), units)
    assert read(data)[0].size_m == (9, 7)


def test_a_dxf_without_a_unit_needs_one() -> None:
    with pytest.raises(OutlineFileError, match="does not say its unit: give unit=mm, cm, m, in or ft"):
        read(dxf(closed, units=0))
    assert read(dxf(closed, units=0), "m")[0].size_m == (9, 7)


def test_a_layer_is_read_alone() -> None:
    def layered(space: Any) -> None:
        space.add_lwpolyline([(-1, -1), (20, -1), (20, 20), (-1, 20)], close=True, dxfattribs={"layer": "paper"})
        space.add_lwpolyline(CORNERS, close=True, dxfattribs={"layer": "yard"})
        for layer in ("paper", "yard"):
            space.doc.layers.add(layer)

    assert read(dxf(layered))[0].size_m == (21, 21)
    assert read(dxf(layered), layer="YARD")[0].size_m == (9, 7)
    with pytest.raises(OutlineFileError, match=r"no layer garden. There are: .*paper, yard"):
        read(dxf(layered), layer="garden")


@pytest.mark.parametrize(
    ("inside", "root"),
    [
        (f'<path d="{ELL}"/>', 'width="9000mm" height="7000mm" viewBox="0 0 9 7"'),
        (f'<path transform="scale(1000)" d="{ELL}"/>', 'width="900cm" height="700cm" viewBox="0 0 9000 7000"'),
        (
            '<g transform="translate(2 1)"><polygon points="0,3.5 0,0 4,0 4,3.5 9,3.5 9,7 0,7"/></g>',
            'width="12000mm" height="9000mm" viewBox="0 0 12 9"',
        ),
    ],
)
def test_an_svg_with_a_size_is_read_in_it(inside: str, root: str) -> None:
    outline, found = read(svg(inside, root))
    assert polygon(outline).equals_exact(L_SHAPE, 0.002, normalize=True)
    assert found.unit is None


def test_an_svg_without_a_size_needs_the_unit_of_its_numbers() -> None:
    data = svg(f'<path d="{ELL}"/>', 'viewBox="0 0 20 20"')
    with pytest.raises(OutlineFileError, match="does not say how large it is"):
        read(data)
    assert read(data, "m")[0].size_m == (9, 7)


def test_holes_of_an_svg() -> None:
    outline, _ = read(svg(f'<path d="{ELL}"/><circle cx="2" cy="5" r=".5"/><rect x="6" y="5" width="1" height="1"/>'))
    assert len(outline.holes) == 2
    circle = max(outline.holes, key=len)
    assert shapely.Polygon(circle).hausdorff_distance(shapely.Point(2, 5).buffer(0.5, quad_segs=300)) < 0.005


def bomb(space: Any) -> None:
    below = space.doc.blocks.new("0b")
    below.add_line((0, 0), (1, 1))
    for level in range(1, 12):
        block = space.doc.blocks.new(f"{level}b")
        for number in range(10):
            block.add_blockref(f"{level - 1}b", (number, level))
    space.add_blockref("11b", (0, 0))


BAD: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "no DXF and no SVG"),
    "a binary DXF": (b"AutoCAD Binary DXF\r\n\x1a\x00", "save it as ASCII DXF"),
    "half a DXF": (dxf(closed)[:4000], ""),
    "no DXF": (b"0\nSECTION\nnonsense", ""),
    "nothing drawn": (dxf(lambda space: None), "no lines in it"),
    "nothing closed": (dxf(lambda space: space.add_line((0, 0), (1, 1))), "None of its 1 lines closes"),
    "a bomb of blocks": (dxf(bomb), f"more than {MAX_LINES} parts"),
    "far too large": (dxf(lambda space: space.add_circle((0, 0), 1e5)), "say which unit the drawing has"),
    "too thin": (dxf(lambda space: space.add_lwpolyline([(0, 0), (9, 0), (9, 1e-7)], close=True)), ""),
    "an entity": (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg(f'<path d="{ELL}"/>'), "declares the entity"),
    "a file elsewhere": (svg('<image href="file:///etc/passwd"/>'), "nothing is fetched"),
    "a script": (svg("<script>1</script>"), "script"),
    "no XML": (b"<svg", "no whole SVG"),
    "endless numbers": (svg('<path d="M0,0 L1e999,0 L1,1 Z"/>'), ""),
    "crossing itself": (svg('<path d="M0,0 L9,7 L9,0 L0,5 Z"/>'), "crosses or touches itself"),
}


@pytest.mark.parametrize(("data", "text"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_read_is_refused_in_words(data: bytes, text: str) -> None:
    with pytest.raises(OutlineFileError) as raised:
        read(data)
    assert text in str(raised.value)
    assert str(raised.value).endswith(".")


@pytest.fixture
def served(gateway: GatewayInMemory) -> SameProcess:
    runner = SameProcess()
    object.__setattr__(gateway.app.state.dependencies, "readers", runner)
    return runner


async def test_what_was_read_is_the_surface_of_a_brief(client: httpx.AsyncClient, served: SameProcess) -> None:
    answer = await client.post(f"{PATH}?unit=m", content=dxf(closed, units=0))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["area_m2"], found["unit"], found["left_out"]) == (45.5, "m", 0)
    job = await client.post("/v1/jobs", json={"prompt": "waves", "surface": found["surface"], "kind": "draft"})
    assert job.status_code == 202
    assert job.json()["brief"]["surface"] == json.loads(json.dumps(found["surface"]))


@pytest.mark.parametrize("error", [WorkLost("it took 10 s"), MemoryError()])
async def test_a_file_that_takes_too_much_is_refused(
    client: httpx.AsyncClient, served: SameProcess, error: Exception
) -> None:
    served.errors.append(error)
    answer = await client.post(PATH, content=dxf(closed))
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert (problem["field"], "takes too much to read" in problem["detail"]) == ("file", True)


async def test_bytes_beyond_the_limit_are_refused_before_they_are_read(
    client: httpx.AsyncClient, served: SameProcess
) -> None:
    answer = await client.post(PATH, content=b"0" * (MAX_FILE_BYTES + 1))
    assert answer.status_code == 413
    refused = await client.post(f"{PATH}?unit=miles", content=dxf(closed))
    assert refused.json()["errors"][0]["field"] == "unit"
