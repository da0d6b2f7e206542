"""A yard that is no rectangle: drawn on the preview, written with the keyboard alone, or read from a drawing."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from studio_support.same_process import SameProcess
from studio_support.served_gateway import ServedGateway
from studio_support.studio_page import open_form

PLACE = """([x, y]) => {
  const view = document.getElementById("outline");
  const place = new DOMPoint(x + Number(view.dataset.left), y + Number(view.dataset.top));
  const { x: across, y: down } = place.matrixTransform(view.getScreenCTM());
  return [across, down];
}"""
"""Where a point of the surface, in metres, is on the screen."""
CORNERS = [(0, 0), (9, 0), (9, 3.5), (4, 3.5), (4, 6), (0, 7)]


@pytest.fixture
def page(browser: Browser, gateway: ServedGateway) -> Iterator[Page]:
    context = browser.new_context(base_url=gateway.url, viewport={"width": 1280, "height": 1000})
    object.__setattr__(gateway.inner.app.state.dependencies, "readers", SameProcess())
    page = context.new_page()
    open_form(page)
    page.get_by_label("Brief").fill("fish")
    page.get_by_label("Width").fill("9")
    page.get_by_label("Height").fill("7")
    page.get_by_text("The yard is no rectangle").click()
    yield page
    context.close()


def click(page: Page, x: float, y: float) -> None:
    page.mouse.click(*page.evaluate(PLACE, [x, y]))


def sent(page: Page) -> dict[str, Any]:
    with page.expect_response("**/v1/jobs") as response:
        page.get_by_role("button", name="Draft first, free").click()
    assert response.value.status == 202, response.value.text()
    surface: dict[str, Any] = json.loads(response.value.request.post_data or "")["surface"]
    return surface


def test_it_is_clicked_dragged_undone_and_has_a_tree(page: Page, check: Any) -> None:
    for corner in [*CORNERS, (6, 6)]:
        click(page, *corner)
    page.get_by_role("button", name="Undo").click()
    page.mouse.move(*page.evaluate(PLACE, [4, 6]))
    page.mouse.down()
    page.mouse.move(*page.evaluate(PLACE, [4, 7]))
    page.mouse.up()
    expect(page.get_by_role("textbox", name="Border")).to_have_value("0 0\n9 0\n9 3.5\n4 3.5\n4 7\n0 7")
    page.get_by_label("Click adds a tree or post").check()
    click(page, 1.5, 5)
    expect(page.locator("#area")).to_have_text("45 m²")
    check(page, "form-yard")
    page.reload()
    expect(page.get_by_role("textbox", name="Border")).to_have_value("0 0\n9 0\n9 3.5\n4 3.5\n4 7\n0 7")
    surface = sent(page)
    assert (surface["width_m"], surface["height_m"]) == (9, 7)
    assert surface["outline"]["outer"] == [[0, 0], [9, 0], [9, 3.5], [4, 3.5], [4, 7], [0, 7]]
    assert len(surface["outline"]["holes"]) == 1


def test_it_is_written_with_the_keyboard_and_a_fault_is_shown_at_its_field(page: Page) -> None:
    border = page.get_by_role("textbox", name="Border")
    border.fill("1 1\n5 5\n5 1\n1 5")
    page.get_by_role("button", name="Draft first, free").click()
    expect(page.locator("#surface-error")).to_contain_text(
        "its side from point 1 to point 2 meets the one from point 3"
    )
    expect(border).to_be_focused()
    border.fill("1 1\n5,5 1\n5,5 5\n1 5")
    expect(page.locator("#surface-error")).to_be_empty()
    page.get_by_label("Trees and posts").fill("3 3 1")
    surface = sent(page)  # moved to its corner
    assert (surface["width_m"], surface["height_m"], surface["outline"]["outer"][2]) == (4.5, 4, [4.5, 4])


def test_it_is_read_from_a_drawing_whose_unit_is_chosen(page: Page) -> None:
    path = '<path d="M0,0 H6 V2 H3 V4 H0 Z"/><circle cx="1.5" cy="2" r=".4"/>'
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 6 4">{path}</svg>'.encode()
    page.get_by_label("From a drawing").set_input_files(
        {"name": "yard.svg", "mimeType": "image/svg+xml", "buffer": drawing}
    )
    expect(page.locator("#surface-error")).to_contain_text("does not say how large it is")
    page.get_by_label("Unit").select_option("m")
    expect(page.locator("#yard-status")).to_have_text("Read. Points: 6, holes: 1, lines left out: 0.")
    expect(page.locator("#surface-error")).to_be_empty()
    expect(page.get_by_label("Width")).to_have_value("6")
    assert len(sent(page)["outline"]["holes"]) == 1


def test_a_border_that_is_written_beyond_the_sides_is_seen_whole_and_widens_them(page: Page) -> None:
    border = page.get_by_role("textbox", name="Border")
    border.fill("0 0\n12 0\n12 8\n0 8")
    expect(page.locator("#outline")).to_have_attribute("aria-label", "The surface to scale: 12 by 8 metres")
    border.press("Tab")
    expect(page.get_by_label("Width")).to_have_value("12")
    expect(page.get_by_label("Height")).to_have_value("8")


def test_a_compared_picture_ends_at_the_slider_on_both_sides(page: Page, gateway: ServedGateway) -> None:
    """What is transparent outside the outline shows nothing of the picture beside it."""
    brief = {"prompt": "fish", "count": 1, "surface": {"outline": {"outer": CORNERS}}}
    job_id = httpx.post(f"{gateway.url}/v1/jobs", json=brief, timeout=60, trust_env=False).json()["id"]
    gateway.finish(job_id)
    page.goto(f"/jobs/{job_id}#0-0")
    page.get_by_text("Compare", exact=True).click()
    sides = page.locator(".compare .side")
    expect(sides).to_have_count(2)
    page.locator("#split").fill("30")
    expect(sides.first).to_have_css("clip-path", "inset(0px 70% 0px 0px)")
    expect(sides.last).to_have_css("clip-path", "inset(0px 0px 0px 30%)")


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_the_preview_stays_in_sight_of_the_panel(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    border = page.get_by_role("textbox", name="Border")
    border.fill("0 0\n9 0\n9 7")
    border.scroll_into_view_if_needed()
    expect(page.locator("#outline")).to_be_in_viewport(ratio=1)
    expect(border).to_be_in_viewport(ratio=1)
    click(page, 0, 7)
    expect(border).to_have_value("0 0\n9 0\n9 7\n0 7")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
