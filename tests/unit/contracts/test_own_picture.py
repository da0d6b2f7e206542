"""What a client may bring as a picture: recognised by its content; an SVG that reaches outside or acts is refused."""

import pytest

from studio_contracts.own_picture import MAX_SVG_ELEMENTS, OwnPictureError, check_svg, kind_of

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 20 10">{}</svg>'
_TENFOLD = "".join('<!ENTITY a{} "{}">'.format(number, f"&a{number - 1};" * 10) for number in range(1, 10))
BILLION_LAUGHS = f'<!DOCTYPE svg [<!ENTITY a0 "ha">{_TENFOLD}]><svg viewBox="0 0 1 1"><desc>&a9;</desc></svg>'

REFUSED = {
    "a script": (SVG.format("<script>alert(1)</script>"), "script"),
    "an event handler": (SVG.format('<rect onload="alert(1)"/>'), "onload"),
    "a page within": (SVG.format("<foreignObject><p>a</p></foreignObject>"), "foreignObject"),
    "a file": (SVG.format('<image href="file:///etc/passwd"/>'), "nothing is fetched"),
    "a relative file": (SVG.format('<image xlink:href="../secret.png"/>'), "nothing is fetched"),
    "an address": (SVG.format('<use href="https://example.com/a.svg#b"/>'), "nothing is fetched"),
    "an SVG within": (SVG.format('<image href="data:image/svg+xml;base64,PHN2Zz4="/>'), "nothing is fetched"),
    "a style's address": (SVG.format('<g style="fill:url( http://example.com/a )"/>'), "nothing is fetched"),
    "an imported style": (SVG.format("<style>@import 'a.css';</style>"), "nothing is fetched"),
    "a style in parts": (SVG.format("<style>g { fill: u<![CDATA[rl(//example.com)]]> }</style>"), "nothing is fetched"),
    "an entity": ('<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + SVG.format("&x;"), "entity x"),
    "an entity bomb": (BILLION_LAUGHS, "entity a"),
    "text": (SVG.format("<text>Hi</text>"), "convert text to paths"),
    "animation": (SVG.format("<rect><animate/></rect>"), "animated"),
    "too many elements": (SVG.format("<g/>" * MAX_SVG_ELEMENTS), "elements"),
    "too deep": (SVG.format("<g>" * 201 + "</g>" * 201), "within each other"),
    "no size": ("<svg><rect/></svg>", "how large"),
    "no area": ('<svg viewBox="0 0 0 10"/>', "how large"),
    "a size that is no number": ('<svg viewBox="0 0 nan 10"/>', "how large"),
    "too long": ('<svg viewBox="0 0 1000 10"/>', "times the shorter"),
    "another language": ("<html><body/></html>", "begins with <html>"),
    "an unknown encoding": ('<?xml version="1.0" encoding="klingon"?>' + SVG.format(""), "no whole SVG"),
    "a foreign encoding": ('<?xml version="1.0" encoding="shift_jis"?>' + SVG.format(""), "no whole SVG"),
    "cut off": (SVG.format("")[:-3], "no whole SVG"),
}


@pytest.mark.parametrize(("svg", "why"), REFUSED.values(), ids=REFUSED)
def test_an_svg_that_is_refused_is_told_why(svg: str, why: str) -> None:
    with pytest.raises(OwnPictureError, match=why.replace("(", r"\(")):
        check_svg(svg.encode())


@pytest.mark.parametrize(
    ("svg", "ratio"),
    [
        (SVG.format('<path id="a" d="M0 0h9"/><use href="#a"/><g fill="url(#b)"/>'), 2.0),
        ('<svg width="30mm" height="10mm"/>', 3.0),
        (SVG.format('<image href="data:image/png;base64,AAAA"/>'), 2.0),
        ('\ufeff<?xml version="1.0"?><!-- drawn by hand --><svg viewBox="0,0,5,10"/>', 0.5),
    ],
)
def test_a_plain_svg_is_taken(svg: str, ratio: float) -> None:
    assert kind_of(svg.encode()) == "SVG"
    assert check_svg(svg.encode()) == ratio


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n...", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"  <svg/>", "SVG"),
    ],
)
def test_the_content_says_what_it_is(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"%PDF-1.7", b"BM", b"\0" * 20, b"RIFF\0\0\0\0WAVE"])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(OwnPictureError):
        kind_of(data)
