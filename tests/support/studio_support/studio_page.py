"""What a designer does on the studio's page, shared by the tests of it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

LOADED_MS = 30_000
OCEAN = "Ocean energy with fish, flowing bands of blue and turquoise"


def open_form(page: Page) -> None:
    """Open the page on which a brief is written.

    Chromium drops whatever it is loading when a network interface appears, as Docker's do for the tests beside these:
    then the page is opened once more.
    """
    colour = page.get_by_role("checkbox", name="Standard Blue")
    page.goto("/")
    with suppress(PlaywrightTimeoutError):
        colour.wait_for(timeout=LOADED_MS)
        return
    page.goto("/")
    expect(colour).to_be_visible()


def send(page: Page, prompt: str, count: int = 1) -> str:
    """Send a brief; returns the job's id."""
    open_form(page)
    page.get_by_label("Brief").fill(prompt)
    page.get_by_text("drawing chosen for you").click()
    page.get_by_label("Pictures").fill(str(count))
    page.get_by_role("button", name="Draw").click()
    page.wait_for_url("**/jobs/*")
    return page.url.rpartition("/")[2]


def state(page: Page, text: str) -> None:
    """Wait until the page shows this state of the job."""
    expect(page.locator("#state")).to_have_text(text)


@contextmanager
def held(studio: Any) -> Iterator[None]:
    """Jobs wait between stencil and pictures for as long as this lasts."""
    studio.stack.stop("predictor")
    try:
        yield
    finally:
        studio.stack.start("predictor")
