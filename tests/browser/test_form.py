"""Writing a brief: what helps on the way to the button, and what the page says that stands in its way."""

import subprocess
import sys
from typing import Any

from playwright.sync_api import Page, expect

from studio_support.studio_page import OCEAN, held, open_form


def test_what_was_typed_survives_a_reload_and_is_sent_by_ctrl_enter(studio: Any, page: Page) -> None:
    open_form(page)
    page.get_by_label("Brief").fill("a pond with frogs")
    page.get_by_label("Width").fill("7")
    page.get_by_role("checkbox", name="Azure").check()
    page.reload()
    expect(page.get_by_label("Brief")).to_have_value("a pond with frogs")
    expect(page.get_by_label("Width")).to_have_value("7")
    expect(page.get_by_role("checkbox", name="Azure")).to_be_checked()
    with held(studio):
        page.get_by_label("Brief").press("Control+Enter")
        page.wait_for_url("**/jobs/*")
    open_form(page)
    expect(page.get_by_label("Brief")).to_have_value("")


def test_a_problem_goes_away_when_its_field_is_edited(page: Page) -> None:
    open_form(page)
    page.get_by_role("button", name="Draw").click()
    expect(page.locator("#prompt-error")).not_to_be_empty()
    page.get_by_label("Brief").fill("a pond")
    expect(page.locator("#prompt-error")).to_be_empty()
    expect(page.get_by_label("Brief")).not_to_have_attribute("aria-invalid", "true")


def test_the_colours_are_one_stop_of_the_tab_key(page: Page) -> None:
    open_form(page)
    first = page.get_by_role("checkbox").first
    first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox").nth(1)).to_be_checked()
    expect(page.get_by_role("checkbox").nth(1)).to_be_focused()
    page.get_by_label("Brief").focus()
    stops = 0
    while not page.evaluate("document.activeElement.id === 'submit'"):
        page.keyboard.press("Tab")
        stops += 1
        assert stops < 20
    assert stops <= 10


def test_an_example_gives_the_style_that_it_names(page: Page) -> None:
    open_form(page)
    page.get_by_role("button", name="Calm geometric court in warm tones").click()
    expect(page.get_by_label("Brief")).to_have_value("Calm geometric court in warm tones")
    expect(page.get_by_role("radio", name="Geometric")).to_be_checked()


def test_the_button_of_a_phone_is_always_in_sight(new_page: Any) -> None:
    phone = new_page(viewport={"width": 360, "height": 640}, has_touch=True)
    open_form(phone)
    expect(phone.get_by_role("button", name="Draw 6 concepts")).to_be_in_viewport()


def test_every_refusal_is_shown_at_its_field_and_nothing_is_stored(studio: Any, page: Page, check: Any) -> None:
    before = studio.stored_jobs()
    open_form(page)
    page.get_by_role("button", name="Draw").click()
    expect(page.locator("#prompt-error")).to_contain_text("Say in a few words")
    expect(page.get_by_label("Brief")).to_be_focused()
    page.get_by_label("Brief").fill("a pond")
    page.get_by_label("Width").fill("150")
    page.get_by_label("Height").fill("0")
    page.get_by_text("drawing chosen for you").click()
    page.get_by_label("Seed").fill("-1")
    page.get_by_role("button", name="Draw").click()
    expect(page.locator("#surface-error")).to_contain_text("Width: A side is 0.5 to 100 m")
    expect(page.locator("#surface-error")).to_contain_text("Height: A side is 0.5 to 100 m")
    expect(page.locator("#outline-caption")).to_have_text("A side has 0.5 to 100 m")
    expect(page.locator("#seed-error")).to_contain_text("Give 0 or more.")
    expect(page.get_by_label("Width")).to_be_focused()
    expect(page.get_by_label("Width")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#prompt-error")).to_be_empty()
    check(page, "refused")
    assert studio.stored_jobs() == before


def test_six_colours_are_the_most_and_the_page_says_so(page: Page, studio: Any) -> None:
    open_form(page)
    boxes = page.get_by_role("checkbox")
    assert boxes.count() == len(studio.get("/v1/palette").json())
    for i in range(6):
        boxes.nth(i).check()
    expect(boxes.nth(6)).to_be_disabled()
    expect(page.locator("#palette-hint")).to_contain_text("6 of 6 chosen, which is the most")
    boxes.nth(0).uncheck()
    expect(boxes.nth(6)).to_be_enabled()


def test_a_brief_whose_answer_was_lost_is_sent_again_as_the_same_job(studio: Any, page: Page) -> None:
    before = studio.stored_jobs()
    open_form(page)
    page.get_by_label("Brief").fill(OCEAN)

    def lose_the_answer(route: Any) -> None:
        route.fetch()
        route.abort()

    page.route("**/v1/jobs", lose_the_answer, times=1)
    page.get_by_role("button", name="Draw").click()
    expect(page.locator("#form-error")).to_contain_text("cannot be reached")
    page.get_by_role("button", name="Draw").click()
    page.wait_for_url("**/jobs/*")
    assert studio.stored_jobs() == before + 1


def test_the_page_says_that_the_budget_is_used_up_before_the_button_is_pressed(studio: Any, page: Page) -> None:
    def spend(*arguments: str) -> None:
        command = [sys.executable, "-m", "studio_cli", "spend", *arguments]
        subprocess.run(command, env=studio.stack.environment, check=True, capture_output=True)

    try:
        spend("limit", "7")
        open_form(page)
        expect(page.locator("#price-terms")).to_contain_text("may be spent until")
        expect(page.locator("#price-terms")).to_contain_text("Drafts are free.")
        spend("stop")
        page.reload()
        expect(page.locator("#price-terms")).to_have_text("Painting is stopped for now. Drafts are free.")
    finally:
        spend("limit")
        spend("resume")
    page.reload()
    expect(page.locator("#price-terms")).to_have_text("6 × $0.03 a picture")


def test_the_first_paint_does_not_wait_for_the_api(page: Page) -> None:
    page.route("**/v1/**", lambda route: None)  # never answered
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Draw 6 concepts")).to_be_visible()
    paints = page.evaluate("performance.getEntriesByName('first-contentful-paint').length")
    assert paints == 1


def test_the_key_x_swaps_width_and_height(page: Page) -> None:
    open_form(page)
    page.get_by_label("Width").fill("7")
    page.get_by_label("Width").press("Control+x")  # cuts, as everywhere
    page.get_by_label("Width").fill("7")
    page.get_by_label("Height").press("x")
    expect(page.get_by_label("Width")).to_have_value("3")
    expect(page.get_by_label("Height")).to_have_value("7")
    expect(page.locator("#outline")).to_have_attribute("aria-label", "The surface to scale: 3 by 7 metres")


DRAWING = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">
<rect width="100" height="100" fill="#0075bc"/>
<circle cx="50" cy="50" r="30" fill="#ffd833"/></svg>"""


def test_a_picture_of_ones_own_is_seen_on_the_surface_and_laid_with_one_button(page: Page) -> None:
    open_form(page)
    page.get_by_label("Your own picture").set_input_files(
        {"name": "sun.svg", "mimeType": "image/svg+xml", "buffer": DRAWING}
    )
    page.get_by_label("Width").fill("6")
    expect(page.locator("#outline image")).to_have_attribute("width", "6")  # of 6 × 3 m: what hangs over is clipped
    page.get_by_role("radio", name="All of it").check()
    expect(page.locator("#outline image")).to_have_attribute("width", "3")
    expect(page.get_by_role("button", name="Draft first")).to_be_hidden()
    page.get_by_role("button", name="Lay this picture, free").click()
    page.wait_for_url("**/jobs/*")
    expect(page.locator(".about-direction").first).to_contain_text("shown whole, with 50% ground at left and right")
    job_id = page.url.rpartition("/")[2].partition("#")[0]
    page.goto(f"{page.url.rpartition('/jobs/')[0]}/?from={job_id}")
    expect(page.get_by_label("Width")).to_have_value("6")
    expect(page.get_by_label("Brief")).to_have_value("")  # nothing was written, and nothing is drawn by mistake


DROP = """(drawing) => {
    const data = new DataTransfer();
    data.items.add(new File([drawing], "sun.svg", { type: "image/svg+xml" }));
    const over = new DragEvent("dragover", { dataTransfer: data, bubbles: true, cancelable: true });
    const drop = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
    const field = document.getElementById("prompt");
    return [over, drop].map((event) => !field.dispatchEvent(event));
}"""
"""Drops a file on the form; whether the page takes it at each event, and the browser does not open it instead."""


def test_a_file_that_is_dropped_anywhere_on_the_form_is_taken_as_a_chosen_one(page: Page) -> None:
    open_form(page)
    address = page.url
    assert page.evaluate(DROP, DRAWING.decode()) == [True, True]
    expect(page.locator("#own-name")).to_have_text("sun.svg")
    expect(page.locator("#outline image")).to_be_visible()
    expect(page.get_by_role("button", name="Lay this picture, free")).to_be_enabled()
    assert page.url == address
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#own-name")).to_be_hidden()


def test_a_file_that_is_no_picture_is_refused_beside_its_field(page: Page) -> None:
    open_form(page)
    page.get_by_label("Your own picture").set_input_files(
        {"name": "sun.svg", "mimeType": "image/svg+xml", "buffer": b"<svg viewBox='0 0 1 1'><script/></svg>"}
    )
    page.get_by_role("button", name="Lay this picture, free").click()
    expect(page.locator("#picture-error")).to_contain_text("it has a script")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#picture-error")).to_be_empty()
    expect(page.get_by_role("button", name="Draft first")).to_be_visible()
