"""Writing a brief: what helps on the way to the button."""

from typing import Any

from playwright.sync_api import Page, expect

from studio_support.studio_page import held, open_form


def test_what_was_typed_survives_a_reload_and_is_sent_by_ctrl_enter(studio: Any, page: Page) -> None:
    open_form(page)
    page.get_by_label("Brief").fill("a pond with frogs")
    page.get_by_label("Length").fill("7")
    page.get_by_role("checkbox", name="Azure").check()
    page.reload()
    expect(page.get_by_label("Brief")).to_have_value("a pond with frogs")
    expect(page.get_by_label("Length")).to_have_value("7")
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
