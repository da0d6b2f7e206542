"""One opened concept: as laid, compared, in the yard, and its figures, on the real stack."""

import io
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from studio_support.studio_page import OCEAN, state

NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"


def test_a_picture_s_link_opens_it_and_back_closes_it(studio: Any, page: Page) -> None:
    job = studio.run(count=2)
    page.goto(f"/jobs/{job['id']}#{job['concepts'][1]['id']}")
    expect(page.get_by_role("heading", name="Concept 2 of 2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.locator("button[data-concept]").first.click()
    expect(page.get_by_role("heading", name="Concept 1 of 2")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_two_concepts_stand_side_by_side_with_what_tells_them_apart(studio: Any, page: Page, check: Any) -> None:
    job = studio.run(OCEAN, count=3)
    first, _, third = sorted(job["concepts"], key=lambda concept: concept["rank"])
    page.goto(f"/jobs/{job['id']}#{first['id']}")
    page.get_by_text("Side by side").click()
    page.get_by_label("Beside it").select_option(label="Concept 3")
    table = page.get_by_role("dialog").get_by_role("table").first
    for name, unit in (("Balance", "%"), ("Granule", "kg")):
        expect(table.get_by_role("row", name=name)).to_contain_text(unit)
    for concept in (first, third):
        for colour in concept["palette_used"]:
            expect(table.get_by_role("rowheader", name=colour["name"], exact=True)).to_be_visible()
        expect(table.get_by_role("row", name="Bags")).to_contain_text(str(concept["materials"]["bags"]))
    check(page, "beside")
    page.get_by_role("button", name="Favourite: concept 1").last.click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "true")


def test_materials_violations_and_drawings_are_shown(studio: Any, page: Page, check: Any) -> None:
    job = studio.run(OCEAN, count=1)
    concept = job["concepts"][0]
    page.goto(f"/jobs/{job['id']}#{concept['id']}")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img", name="The surface as laid")).to_be_visible()
    expect(dialog.get_by_role("table")).to_contain_text(f"{concept['materials']['kg']:.1f} kg")
    expect(dialog.get_by_text(f"{concept['installer']['score']} of 100 once cleaned")).to_be_visible()
    expect(dialog.get_by_role("link", name="DXF")).to_be_visible()
    with page.expect_download() as saved:
        dialog.get_by_role("link", name="SVG").click()
    assert saved.value.suggested_filename.endswith(".svg")
    for link, suffix in (("Sheet to print", ".pdf"), ("Excel", ".xlsx"), ("CSV", ".csv")):
        with page.expect_download() as saved:
            dialog.get_by_role("link", name=link).click()
        assert saved.value.suggested_filename.endswith(suffix)
    check(page, "inspected")


def test_violations_are_marked_where_they_are(studio: Any, page: Page) -> None:
    job = studio.run(OCEAN, surface={"width_m": 10, "height_m": 3})
    found = {"rule": "radius", "code": "RH20", "box": [7000, 1000, 1000, 500]}  # mm
    job["concepts"][0]["violations"] = [found]
    page.route(f"**/v1/jobs/{job['id']}", lambda route: route.fulfill(json=job))
    page.goto(f"/jobs/{job['id']}#{job['concepts'][0]['id']}")
    page.get_by_label("Mark violations").check()
    mark, whole = page.locator(".marks rect").bounding_box(), page.locator(".sheet").bounding_box()
    assert mark
    assert whole
    assert (mark["x"] - whole["x"]) / whole["width"] == pytest.approx(0.7, abs=0.02)
    assert (mark["y"] - whole["y"]) / whole["height"] == pytest.approx(1 / 3, abs=0.03)
    page.get_by_label("Mark violations").uncheck()
    expect(page.locator(".marks")).to_have_count(0)


def test_the_surface_is_enlarged_and_measured(studio: Any, page: Page) -> None:
    job = studio.run(count=1)
    page.goto(f"/jobs/{job['id']}#{job['concepts'][0]['id']}")
    frame, sheet = page.get_by_role("region", name="The surface"), page.locator(".sheet")
    expect(page.get_by_role("button", name="Smaller")).to_be_disabled()
    for _ in range(2):
        page.get_by_role("button", name="Larger").click()
    expect(page.get_by_text("200 %")).to_be_visible()
    inner, outer = sheet.bounding_box(), frame.bounding_box()
    assert inner
    assert outer
    assert inner["width"] == pytest.approx(outer["width"] * 2, rel=0.05)
    page.get_by_label("Dimensions").check()
    surface = job["brief"]["surface"]
    for side in (surface["width_m"], surface["height_m"]):
        length = f"{side * 1000:,.0f} mm".replace(",", NARROW_SPACE)
        expect(page.locator(".dimensions")).to_contain_text(length)


def test_people_in_the_yard_stand_to_scale(studio: Any, page: Page, check: Any) -> None:
    job = studio.run(count=1)
    page.goto(f"/jobs/{job['id']}#{job['concepts'][0]['id']}")
    page.get_by_text("In the yard").click()
    check(page, "yard")
    heights = page.evaluate("""() => [...document.querySelectorAll(".thing")]
        .map((thing) => thing.offsetHeight / document.querySelector(".plane").offsetHeight)""")
    depth = job["brief"]["surface"]["height_m"]
    assert [height * depth for height in heights] == pytest.approx([2.2, 2.2, 1.75, 1.75 * 0.65], rel=0.05)
    page.get_by_label("Continue beyond the edge").check()
    expect(page.locator(".copy")).to_have_count(9)
    page.get_by_label("People and equipment").uncheck()
    expect(page.locator(".thing")).to_have_count(0)
    page.get_by_label("Turn").fill("-30")
    assert page.locator(".scene").evaluate("scene => scene.style.getPropertyValue('--turn')") == "-30deg"


def test_the_dark_page_has_no_barriers(studio: Any, new_page: Any, check: Any) -> None:
    job = studio.run(count=1)
    dark = new_page(color_scheme="dark")
    dark.goto("/")
    expect(dark.get_by_role("checkbox", name="Standard Blue")).to_be_visible()
    check(dark, "dark-form")
    dark.goto(f"/jobs/{job['id']}")
    dark.get_by_text("Why").click()
    check(dark, "dark-ready")
    dark.locator("button[data-concept]").click()
    check(dark, "dark-laid")


PLACES = "([kind, surface, picture]) => import('/static/lay.js').then((lay) => lay.places(kind, surface, picture))"


@pytest.mark.parametrize(
    ("layout", "size", "copies", "shares"),
    [
        ("full", (6, 3), 1, (1.0, 4 / 3)),
        ("framed", (10, 3), 1, (0.45, 1.0)),
        ("framed", (3, 10), 1, (1.0, 0.2)),
        ("tiled", (15, 3), 5, (0.3, 1.0)),
        ("tiled", (3, 15), 9, (1.0, 2 / 15)),
    ],
)
def test_a_picture_lies_on_the_surface_undistorted(
    page: Page, layout: str, size: tuple[int, int], copies: int, shares: tuple[float, float]
) -> None:
    page.goto("/")
    surface = {"width_m": size[0], "height_m": size[1]}
    places = page.evaluate(PLACES, [layout, surface, {"width": 1152, "height": 768}])
    assert len(places) == copies
    assert all((place["width"], place["height"]) == pytest.approx(shares) for place in places)
    left, right = min(place["left"] for place in places), max(place["left"] + place["width"] for place in places)
    assert (left + right) / 2 == pytest.approx(0.5)
    assert {place["flipX"] for place in places} == ({False, True} if layout == "tiled" and size[0] > 3 else {False})


def test_more_of_a_direction_is_drawn_with_one_click(studio: Any, page: Page) -> None:
    job = studio.run(OCEAN, count=1)
    page.goto(f"/jobs/{job['id']}")
    page.get_by_role("button", name="2 more like this, $0.06").click()
    page.wait_for_url(lambda url: "/jobs/" in url and job["id"] not in url)
    state(page, "Completed")
    more = studio.job(page.url.rpartition("/")[2])
    assert len(more["concepts"]) == 2
    assert more["plan"]["directions"] == [
        {**direction, "stencil": {**direction["stencil"], "url": more["plan"]["directions"][0]["stencil"]["url"]}}
        for direction in job["plan"]["directions"]
    ]


PROJECTED = """([corners, size]) => import("/static/photo.js").then(({ projection }) => {
    const matrix = new DOMMatrix(projection(corners, ...size));
    return [[0, 0], [size[0], 0], size, [0, size[1]]].map(([x, y]) => {
        const point = new DOMPoint(x, y).matrixTransform(matrix);
        return [point.x / point.w, point.y / point.w];
    });
})"""


def test_the_surface_is_laid_between_four_corners_of_a_photo(studio: Any, page: Page, check: Any) -> None:
    job = studio.run(OCEAN, count=1)
    page.goto(f"/jobs/{job['id']}#{job['concepts'][0]['id']}")
    page.get_by_text("In a photo").click()
    photo = io.BytesIO()
    Image.new("RGB", (800, 500), (180, 190, 170)).save(photo, "JPEG")
    page.set_input_files("#photo", {"name": "yard.jpg", "mimeType": "image/jpeg", "buffer": photo.getvalue()})
    expect(page.get_by_role("img", name="The surface in the photo")).to_be_visible()
    handle = page.get_by_role("button", name="Corner, near left")
    before = handle.bounding_box()
    handle.press("ArrowRight")
    after = handle.bounding_box()
    assert before
    assert after
    assert after["x"] > before["x"]
    handle.drag_to(page.get_by_role("button", name="Corner, far right"))  # would fold the surface: it stays convex
    check(page, "in-a-photo")
    page.set_input_files("#photo", {"name": "yard.txt", "mimeType": "text/plain", "buffer": b"no picture"})
    expect(page.get_by_text("not a picture that the browser can show")).to_be_visible()


def test_a_projection_meets_its_corners(page: Page) -> None:
    page.goto("/")
    corners = [[120, 200], [500, 180], [640, 460], [20, 400]]
    found = page.evaluate(PROJECTED, [corners, [640, 480]])
    for corner, point in zip(corners, found, strict=True):
        assert point == pytest.approx(corner, abs=0.1)
