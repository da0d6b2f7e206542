"""A page of which a part does not arrive: it comes again by itself, and says what is missing where it cannot."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from studio_support.served_gateway import ServedGateway

UNLOADED = "A part of this page did not arrive."


@pytest.fixture
def page(browser: Browser, gateway: ServedGateway) -> Iterator[Page]:
    context = browser.new_context(base_url=gateway.url, reduced_motion="reduce", locale="en")
    yield context.new_page()
    context.close()


def lose(page: Page, name: str, times: int) -> None:
    """The file does not arrive the first `times` times."""
    page.route(f"**/static/{name}", lambda route: route.abort(), times=times)


@pytest.mark.parametrize("name", ["form.js", "dom.js"])
def test_a_page_whose_script_was_lost_comes_again_by_itself(page: Page, name: str) -> None:
    lose(page, name, 1)
    page.goto("/")
    expect(page.get_by_role("checkbox", name="Cream")).to_be_visible()
    expect(page.get_by_text(UNLOADED)).to_be_hidden()


def test_a_page_that_lost_all_it_asked_for_comes_again_by_itself(page: Page) -> None:
    page.route("**/static/**", lambda route: route.abort())
    page.goto("/")
    expect(page.get_by_text(UNLOADED)).to_be_visible()
    page.unroute("**/static/**")
    expect(page.get_by_role("checkbox", name="Cream")).to_be_visible()
    expect(page.get_by_text(UNLOADED)).to_be_hidden()


def test_a_page_whose_style_was_lost_comes_again_by_itself(page: Page) -> None:
    lose(page, "style.css", 1)
    page.goto("/")
    expect(page.locator("body")).to_have_css("font-family", re.compile("Manrope"))


def test_a_page_whose_texts_are_never_answered_asks_for_them_again(page: Page) -> None:
    unanswered: list[Route] = []
    page.route("**/static/messages.en.json", lambda route: unanswered.append(route), times=1)
    page.goto("/", wait_until="commit")
    expect(page.get_by_role("checkbox", name="Cream")).to_be_visible()
    assert unanswered


def test_a_page_that_fails_again_waits_half_a_minute_or_for_a_person(page: Page) -> None:
    lost: list[str] = []

    def refuse(route: Route) -> None:
        lost.append(route.request.url)
        route.abort()

    page.clock.install()
    page.route("**/static/form.js", refuse)
    page.goto("/")
    page.wait_for_function("() => sessionStorage.getItem('studio_loaded_again') !== null")
    expect(page.get_by_text(UNLOADED)).to_be_visible()
    page.clock.fast_forward(15_000)
    assert len(lost) == 2
    page.get_by_role("button", name="Load it again").click()
    expect(page.get_by_text(UNLOADED)).to_be_visible()
    page.unroute("**/static/form.js")
    page.clock.fast_forward(30_000)
    expect(page.get_by_role("checkbox", name="Cream")).to_be_visible()


def test_a_concept_whose_viewer_is_lost_again_and_again_says_so_and_opens_once_it_arrives(
    gateway: ServedGateway, page: Page
) -> None:
    gateway.accept("lost-viewer")
    gateway.finish("lost-viewer")
    (concept,) = gateway.inner.database.jobs["lost-viewer"].concepts
    page.route("**/static/viewer.js", lambda route: route.abort())
    page.goto(f"/jobs/lost-viewer#{concept.id}")
    expect(page.get_by_text(UNLOADED)).to_be_visible()
    page.unroute("**/static/viewer.js")
    expect(page.get_by_role("dialog", name="Concept 1 of 1")).to_be_visible()
    expect(page.get_by_text(UNLOADED)).to_be_hidden()
