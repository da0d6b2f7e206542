"""The page in German: as a browser prefers it, and as chosen."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from studio_support.served_gateway import ServedGateway

TRANSLATED = "texts => import('/static/phrases.js').then(({ translated }) => texts.map(translated))"


@pytest.fixture
def german(browser: Browser, gateway: ServedGateway) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=gateway.url, locale="de-AT", reduced_motion="reduce")
    yield context
    context.close()


def test_a_german_browser_gets_a_german_page_with_german_numbers_and_plurals(
    gateway: ServedGateway, german: BrowserContext
) -> None:
    page = german.new_page()
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Wie soll der Boden aussehen?")
    expect(page.get_by_role("radio", name="Verspielt Wie Zeichentrick")).to_be_visible()
    page.get_by_label("Breite").fill("2.5")
    expect(page.locator("#area")).to_have_text("7,5 m²")
    expect(page.locator("#price-sum")).to_have_text("0,18 $")
    page.get_by_text("zufälliger Startwert").click()
    page.get_by_role("slider").fill("1")
    expect(page.locator("#submit")).to_have_text("1 Konzept zeichnen")
    page.get_by_label("Breite").fill("150")
    page.get_by_label("Beschreibung").fill("ein Teich")
    page.locator("#submit").click()
    expect(page.locator("#surface-error")).to_contain_text("Eine Seite hat 0,5 bis 100 m")
    gateway.accept("german")
    gateway.finish("german")
    page.goto("/jobs/german")
    expect(page.locator("#state")).to_have_text("Fertig")
    expect(page.get_by_role("heading", name="1 Konzept, bestes zuerst")).to_be_visible()
    expect(page).to_have_title(re.compile("^Fertig: "))


def test_the_chosen_language_is_remembered(german: BrowserContext) -> None:
    page = german.new_page()
    page.goto("/jobs")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="All concepts")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("What should the ground look like?")
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Wie soll der Boden aussehen?")


@pytest.mark.parametrize(
    ("english", "text"),
    [
        ("Queued", "Wartet"),
        ("A side is 0.5 to 100 m, and the longer side at most 20 times the shorter.",
         "Eine Seite hat 0,5 bis 100 m, und die längere höchstens das 20-fache der kürzeren."),
        ("'ocean' → Azure, Cream; for contrast → Black", "„Meer“ → Azure, Cream; für den Kontrast → Black"),
        ("Picture 3: the picture is blank: it shows a single colour",
         "Bild 3: das Bild ist leer: es zeigt eine einzige Farbe"),
        ("Pictures 1-4: 3 of 4 were delivered.", "Bilder 1–4: 3 von 4 wurden geliefert."),
        ("calm and warm → Cream", "ruhig und warm → Cream"),
        ("NSFW content detected (try again)", "NSFW content detected (try again)"),
    ],
)  # fmt: skip
def test_what_the_api_says_is_translated_part_by_part(german: BrowserContext, english: str, text: str) -> None:
    page = german.new_page()
    page.goto("/")
    assert page.evaluate(TRANSLATED, [english]) == [text]


def test_texts_that_did_not_arrive_are_fetched_again(german: BrowserContext) -> None:
    page = german.new_page()
    page.route("**/static/messages.de.json", lambda route: route.abort(), times=2)
    page.goto("/")
    expect(page.get_by_role("radio", name="Verspielt Wie Zeichentrick")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Standard Blue")).to_be_visible()
