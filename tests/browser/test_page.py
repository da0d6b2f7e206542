"""The studio's page as a designer uses it, on the real stack."""

import io
import zipfile
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from studio_support.studio_page import OCEAN, held, open_form, send, state

TOO_WIDE = """[...document.querySelectorAll("body *")]
  .map((element) => [Math.round(element.getBoundingClientRect().right), element.outerHTML.slice(0, 90)])
  .filter(([right]) => right > innerWidth)"""
"""What reaches over the right edge of the window."""
BUDGET_BYTES = 150_000


def test_a_concept_is_made_watched_opened_compared_and_downloaded(studio: Any, page: Page, check: Any) -> None:
    open_form(page)
    check(page, "form")
    page.get_by_label("Brief").fill(OCEAN)
    page.get_by_label("Width").fill("8")
    page.get_by_label("Height").fill("5")
    expect(page.locator("#outline")).to_have_accessible_name("The surface to scale: 8 by 5 metres")
    expect(page.locator("#area")).to_have_text("40 m²")
    for name in ("Cream", "Standard Blue", "Turquoise", "Bright Yellow"):
        page.get_by_role("checkbox", name=name).check()
    expect(page.locator("#price-sum")).to_have_text("$0.18")
    check(page, "form-filled")
    with held(studio):
        page.get_by_role("button", name="Draw 6 concepts").click()
        expect(page.get_by_role("img", name="Stencil").first).to_be_visible()
        expect(page.locator(".stages [aria-current=step]")).to_contain_text("Pictures")
        check(page, "making")
    state(page, "Completed")
    expect(page.get_by_role("heading", name="6 concepts, best first")).to_be_visible()
    expect(page.locator(".rank")).to_have_text(["1", "2", "3", "4", "5", "6"])
    scores = [int(text.split()[1]) for text in page.locator(".concept .score-line").all_text_contents()]
    assert len(scores) == 6
    assert scores == sorted(scores, reverse=True)
    check(page, "ready")

    page.get_by_role("button", name="1 ").first.click()
    dialog = page.get_by_role("dialog", name="Concept 1 of 6")
    dialog.get_by_text("Compare", exact=True).click()
    slider = dialog.get_by_role("slider", name="Slider between Original and Installable")
    box = slider.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
    expect(slider).to_have_attribute("aria-valuetext", "25 % Original, the rest Installable")
    check(page, "compared")
    with page.expect_download() as saved:
        dialog.get_by_role("link", name="Clamped").click()
    assert saved.value.suggested_filename.endswith(".png")
    dialog.get_by_role("button", name="Next concept").click()
    expect(page.get_by_role("heading", name="Concept 2 of 6")).to_be_visible()
    page.get_by_role("button", name="Close").click()

    with page.expect_download() as saved:
        page.get_by_role("link", name="Download all").click()
    with zipfile.ZipFile(io.BytesIO(saved.value.path().read_bytes())) as bundle:
        assert "job.json" in bundle.namelist()
        assert sum(name.endswith("quantized.png") for name in bundle.namelist()) == 6


def test_pictures_are_shown_as_they_arrive(studio: Any, page: Page, check: Any) -> None:
    with studio.faults(prediction=[{"delay_seconds": 6, "times": 1}]) as mark:
        send(page, mark, count=6)
        expect(page.get_by_role("heading", name="Pictures so far")).to_be_visible()
        expect(page.locator(".concept:not(.waiting)").first).to_be_visible()
        state(page, "Running")
        check(page, "arriving")
        state(page, "Completed")


def test_a_failed_job_says_why_and_offers_its_brief_again(studio: Any, page: Page, check: Any) -> None:
    with studio.faults(prediction=[{"outcome": "failed", "failure": "nsfw"}]) as mark:
        send(page, mark)
        state(page, "Failed")
    expect(page.get_by_text("NSFW content detected").first).to_be_visible()
    check(page, "failed")
    page.get_by_role("link", name="Try again with this brief").click()
    expect(page.get_by_label("Brief")).to_have_value(mark)


def test_a_running_job_can_be_canceled(studio: Any, page: Page, check: Any) -> None:
    with studio.faults(prediction=[{"outcome": "stuck_processing"}]) as mark:
        job_id = send(page, mark)
        state(page, "Running")
        page.get_by_role("button", name="Cancel").click()
        state(page, "Canceled")
    expect(page.get_by_role("heading", name="This job was canceled")).to_be_visible()
    expect(page.get_by_text("Nothing was charged.")).to_be_visible()
    expect(page.get_by_role("link", name="Start again from this brief")).to_be_visible()
    check(page, "canceled")
    assert studio.job(job_id)["status"] == "canceled"


def test_a_reload_and_another_device_show_the_same_job(studio: Any, page: Page, new_page: Any) -> None:
    with held(studio):
        send(page, OCEAN)
        expect(page.get_by_role("img", name="Stencil").first).to_be_visible()
        page.reload()
        other = new_page()
        other.goto(page.url)
        for seen in (page, other):
            expect(seen.get_by_role("heading", level=1)).to_have_text(OCEAN)
            expect(seen.get_by_role("img", name="Stencil").first).to_be_visible()
    for seen in (page, other):
        state(seen, "Completed")
        expect(seen.locator(".concept")).to_have_count(1)


def test_a_restart_of_the_server_is_survived(studio: Any, page: Page, check: Any) -> None:
    with held(studio):
        send(page, OCEAN)
        expect(page.get_by_role("img", name="Stencil").first).to_be_visible()
        studio.stack.stop("gateway")
        try:
            expect(page.locator("#connection")).to_contain_text("cannot be reached")
            check(page, "disconnected")
        finally:
            studio.stack.start("gateway")
        expect(page.locator("#connection")).to_be_hidden()
    state(page, "Completed")


def test_drafts_show_what_was_understood_and_the_chosen_one_is_painted(studio: Any, page: Page, check: Any) -> None:
    open_form(page)
    page.get_by_label("Brief").fill("three green turtles and a large whale in the ocean, no fish, qwertzuiop")
    page.get_by_role("button", name="Draft first, free").click()
    page.wait_for_url("**/jobs/*")
    draft_id = page.url.rpartition("/")[2]
    state(page, "Completed")
    understood = page.locator("#reading")
    expect(understood).to_contain_text("3 ×")
    expect(understood).to_contain_text("whale")
    expect(understood.get_by_text("Not understood")).to_be_visible()
    expect(understood).to_contain_text("qwertzuiop")
    drafts = page.locator(".concept")
    count = drafts.count()
    assert count >= 1
    expect(drafts.first.locator("h3")).not_to_be_empty()
    assert studio.paid_for({"id": draft_id}) == []
    expect(page.get_by_role("button", name="Paint all directions, 6 pictures, $0.18")).to_be_visible()
    check(page, "drafts")
    name = drafts.first.locator("h3").inner_text()
    drafts.first.get_by_role("button", name="Paint this draft, $0.06").click()
    page.wait_for_url(lambda url: "/jobs/" in url and draft_id not in url)
    state(page, "Completed")
    painted = studio.job(page.url.rpartition("/")[2])
    assert painted["brief"]["from"]["job"] == draft_id
    assert [direction["name"] for direction in painted["plan"]["directions"]] == [name]
    assert len(painted["concepts"]) == 2
    check(page, "painted-from-draft")


def test_what_was_understood_names_its_colours_after_a_lost_answer(page: Page) -> None:
    lost: list[str] = []

    def lose_once(route: Any) -> None:
        if "/jobs/" in page.url and not lost:
            lost.append(page.url)
            route.abort()
        else:
            route.continue_()

    page.route("**/v1/palette", lose_once)
    send(page, "a red fish")
    expect(page.locator("#reading")).to_contain_text("Red")
    assert lost


def test_polling_covers_for_events_that_do_not_come(page: Page) -> None:
    page.route("**/events", lambda route: route.abort())
    send(page, OCEAN)
    state(page, "Completed")


def test_a_phone_of_320_pixels_shows_everything_without_sideways_scrolling(
    studio: Any, new_page: Any, check: Any
) -> None:
    def fits(width: str) -> None:
        assert phone.evaluate(f"document.{width}") <= 320, phone.evaluate(TOO_WIDE)

    job = studio.run(count=2)
    phone = new_page(viewport={"width": 320, "height": 640}, has_touch=True)
    open_form(phone)
    phone.get_by_text("drawing chosen for you").click()
    fits("documentElement.scrollWidth")
    check(phone, "phone-form")
    phone.goto(f"/jobs/{job['id']}")
    expect(phone.locator(".concept")).to_have_count(2)
    phone.get_by_text("How it went").click()
    fits("documentElement.scrollWidth")
    check(phone, "phone-ready")
    phone.locator("button[data-concept]").first.tap()
    for view in ("As laid", "Compare", "In the yard", "In a photo", "Edit"):
        phone.get_by_text(view, exact=True).tap()
        expect(phone.get_by_role("radio", name=view)).to_be_checked()
        fits("querySelector('dialog').scrollWidth")
        check(phone, f"phone-{view.lower().replace(' ', '-')}")


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    open_form(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the brief")).to_be_focused()
    page.get_by_label("Brief").focus()
    page.keyboard.type("a pond")
    page.get_by_role("checkbox", name="Azure").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox", name="Azure")).to_be_checked()
    page.locator("#more summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    expect(page.get_by_role("button", name="Draw 1 concept")).to_be_visible()
    page.get_by_label("Width").focus()
    page.keyboard.press("Enter")
    state(page, "Completed")
    opener = page.locator("button[data-concept]")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_role("radio", name="Compare")).to_be_checked()
    page.get_by_role("slider").focus()
    page.keyboard.press("End")
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "100 % Original, the rest Installable")
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_progress_is_announced_to_screen_readers(page: Page) -> None:
    send(page, OCEAN)
    expect(page.get_by_role("status").and_(page.locator("#announce"))).to_contain_text("Completed. 1 concept")


def test_nothing_moves_for_those_who_asked_for_it(studio: Any, new_page: Any) -> None:
    job = studio.run(count=1)
    calm = new_page(reduced_motion="reduce")
    calm.goto(f"/jobs/{job['id']}")
    card = calm.locator(".concept")
    expect(card).to_be_visible()
    assert card.evaluate("element => getComputedStyle(element).animationName") == "none"


@pytest.mark.parametrize("path", ["/", "/jobs/any"])
def test_a_page_stays_within_its_budget_and_is_asked_for_once(page: Page, visits: Any, path: str) -> None:
    page.goto(path)
    page.wait_for_load_state("networkidle")
    files = [answer for answer in visits.responses if "/v1/" not in answer.url and not answer.url.endswith(".ttf")]
    assert len(files) > 3
    assert all(answer.status == 200 for answer in files)
    assert sum(len(answer.body()) for answer in files) < BUDGET_BYTES
    visits.responses.clear()
    page.reload()
    page.wait_for_load_state("networkidle")
    policy = "script-src 'self'"
    document = next(answer for answer in visits.responses if answer.url.endswith(path))
    assert policy in document.headers["content-security-policy"]
