"""The list of all jobs: searched on the server, page by page."""

from typing import Any

from playwright.sync_api import Page, expect


def test_jobs_are_listed_searched_and_opened(studio: Any, page: Page, check: Any) -> None:
    pond = studio.run("a pond with frogs", count=1)
    studio.run("a pond with storks", kind="draft")
    page.goto("/")
    page.get_by_role("link", name="All concepts").click()
    cards = page.locator("#list li")
    expect(cards.first).to_contain_text("a pond with storks")
    check(page, "jobs")
    page.get_by_label("Words of the brief").fill("FROGS pond")
    expect(cards).to_have_count(1)
    expect(page).to_have_url("/jobs?text=FROGS+pond")
    page.reload()
    expect(page.get_by_label("Words of the brief")).to_have_value("FROGS pond")
    expect(cards).to_have_count(1)
    cards.first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("a pond with frogs")
    assert page.url.endswith(pond["id"])
    page.go_back()
    page.get_by_label("Kind").select_option("draft")
    expect(page.get_by_role("status")).to_have_text("Nothing matches. Try fewer words.")


def test_a_long_list_comes_in_pages(studio: Any, page: Page) -> None:
    for number in range(25):
        studio.post(f"many {number}", count=1, kind="draft")
    page.goto("/jobs?text=many")
    expect(page.locator("#list li")).to_have_count(24)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("#list li")).to_have_count(25)
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()
