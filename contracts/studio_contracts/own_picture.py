"""What a client may bring as a picture: found by its content, never by its name; and what an SVG may not hold."""

from typing import Literal
from xml.parsers import expat

MAX_PICTURE_BYTES = 8 * 2**20
MAX_SVG_ELEMENTS = 20_000
MAX_SVG_DEPTH = 200
MAX_SVG_RATIO = 20.0
UNNAMED = "Own picture"
"""The prompt of a job that begins with a picture and came without one."""
OwnKind = Literal["PNG", "JPEG", "WebP", "SVG"]
_BOM = b"\xef\xbb\xbf"
_REFUSED = {
    "script": "it has a script, which no picture needs: remove it",
    "foreignobject": "it embeds a page (foreignObject): export it as plain SVG",
    "text": "it has text, and fonts differ: convert text to paths",
    "animate": "it is animated: export a still picture",
    "animatetransform": "it is animated: export a still picture",
    "animatemotion": "it is animated: export a still picture",
    "set": "it is animated: export a still picture",
}
_EMBEDDED = ("data:image/png", "data:image/jpeg", "data:image/jpg")


class OwnPictureError(ValueError):
    """Why the bytes are not taken, in words for people."""


def kind_of(data: bytes) -> OwnKind:
    """What the bytes are by their first ones. Raises OwnPictureError."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data.removeprefix(_BOM).lstrip()[:1] == b"<":
        return "SVG"
    raise OwnPictureError("this is no PNG, JPEG, WebP or SVG, whatever its name says" if data else "the file is empty")


def check_svg(data: bytes) -> float:
    """Width over height of an SVG. Nothing it refers to is fetched, so what refers to other files is refused.

    Raises OwnPictureError for what is not an SVG, cannot be drawn alike everywhere (text, animation), refers to
    anything outside, declares entities, or has more elements, depth or length than the limits.
    """
    reader = _SvgReader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = reader.entity
    try:
        parser.Parse(data, True)
    except OwnPictureError:
        raise
    except (expat.ExpatError, ValueError, LookupError) as error:  # the last two for encodings that nobody knows
        raise OwnPictureError(f"this is no whole SVG: {error}") from error
    return reader.ratio


class _SvgReader:
    """Collects what an SVG is refused for, element by element."""

    def __init__(self) -> None:
        self.ratio = 0.0
        self._elements = self._depth = 0
        self._path: list[str] = []
        self._style: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2].lower()
        self._elements += 1
        self._depth += 1
        self._path.append(local)
        if self._elements == 1:
            if local != "svg":
                raise OwnPictureError(f"this is no SVG: it begins with <{name[:40]}>")
            self.ratio = _ratio(attributes)
        if self._elements > MAX_SVG_ELEMENTS or self._depth > MAX_SVG_DEPTH:
            raise OwnPictureError(f"it has more than {MAX_SVG_ELEMENTS} elements, or {MAX_SVG_DEPTH} within each other")
        if local in _REFUSED:
            raise OwnPictureError(_REFUSED[local])
        for key, value in attributes.items():
            _check_attribute(local, key.rpartition(":")[2].lower(), value)

    def end(self, _: str) -> None:
        self._depth -= 1
        if self._path.pop() == "style":
            _check_style("".join(self._style))  # whole, for it arrives in parts
            self._style.clear()

    def text(self, data: str) -> None:
        if self._path[-1] == "style":
            self._style.append(data)

    def entity(self, name: str, *_: object) -> None:
        raise OwnPictureError(f"it declares the entity {name[:40]}: export it as plain SVG")


def _check_attribute(element: str, key: str, value: str) -> None:
    if key.startswith("on"):
        raise OwnPictureError(f"it has a script ({key}): remove it")
    if key == "href" and element != "a":
        target = value.strip()
        if not (target.startswith("#") or target.lower().startswith(_EMBEDDED)):
            raise OwnPictureError(f"it refers to {target[:60]!r}, and nothing is fetched: embed that picture")
    if "url(" in value or "@import" in value:
        _check_style(value)


def _check_style(text: str) -> None:
    if "@import" in text.lower():
        raise OwnPictureError("its style imports another file, and nothing is fetched: embed the style")
    for part in text.lower().split("url(")[1:]:
        target = part.strip(" \t\r\n\"'")
        if not target.startswith("#"):
            raise OwnPictureError(f"its style refers to {target[:60]!r}, and nothing is fetched")


def _ratio(attributes: dict[str, str]) -> float:
    """Of the root element: its viewBox, or else width and height in any one unit."""
    box = [_number(part) for part in attributes.get("viewBox", "").replace(",", " ").split()]
    sides = box[2:] if len(box) == 4 else [_number(attributes.get(name, "")) for name in ("width", "height")]
    if not all(side is not None and 0 < side < 1e9 for side in sides):
        raise OwnPictureError("it does not say how large it is: give it a viewBox, or width and height")
    width, height = (side or 0.0 for side in sides)
    if max(width, height) > MAX_SVG_RATIO * min(width, height):
        raise OwnPictureError(f"its longer side is more than {MAX_SVG_RATIO:g} times the shorter")
    return width / height


def _number(text: str) -> float | None:
    try:
        return float(text.strip().removesuffix("px").removesuffix("mm").removesuffix("cm").removesuffix("pt"))
    except ValueError:
        return None
