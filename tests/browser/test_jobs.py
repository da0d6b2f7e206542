"""Jobs found again: the list of all, searched on the server page by page, and the recent ones of this browser."""

from typing import Any

from playwright.sync_api import Page, expect

from studio_support.studio_page import OCEAN, open_form, send, state


def test_jobs_are_listed_searched_and_opened(studio: Any, page: Page, check: Any) -> None:
    pond = studio.run("a pond with newts", count=1)
    studio.run("a pond with storks", kind="draft")
    page.goto("/")
    page.get_by_role("link", name="All concepts").click()
    cards = page.locator("#list li")
    expect(cards.first).to_contain_text("a pond with storks")
    check(page, "jobs")
    page.get_by_label("Words of the brief").fill("NEWTS pond")
    expect(cards).to_have_count(1)
    expect(page).to_have_url("/jobs?text=NEWTS+pond")
    page.reload()
    expect(page.get_by_label("Words of the brief")).to_have_value("NEWTS pond")
    expect(cards).to_have_count(1)
    cards.first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("a pond with newts")
    assert page.url.endswith(pond["id"])
    page.go_back()
    page.get_by_label("Kind").select_option("draft")
    expect(page.get_by_role("status")).to_have_text("Nothing matches. Try fewer words.")


def test_a_job_is_named_sorted_marked_found_again_and_deleted(studio: Any, page: Page, check: Any) -> None:
    job = studio.run("a meadow with bees", count=2)
    page.goto(f"/jobs/{job['id']}")
    page.get_by_role("button", name="Favourite: concept 2").click()
    expect(page.get_by_role("button", name="Favourite: concept 2")).to_have_attribute("aria-pressed", "true")
    page.get_by_text("Name, project and notes").click()
    page.get_by_label("Name", exact=True).fill("Kita Nord")
    page.get_by_label("Project", exact=True).fill("Schools")
    page.get_by_label("Notes", exact=True).fill("for Monday")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kita Nord")
    expect(page.locator("#facts")).to_contain_text("“a meadow with bees”")
    check(page, "named")
    page.goto("/jobs?project=Schools&favourite=true")
    card = page.locator("#list li")
    expect(card).to_have_count(1)
    expect(card).to_contain_text("Kita Nord")
    expect(page.get_by_label("Project")).to_have_value("Schools")
    expect(page.get_by_label("Status").locator("option", has_text="Completed (1)")).to_have_count(1)
    card.click()
    page.get_by_text("Name, project and notes").click()
    expect(page.get_by_label("Notes", exact=True)).to_have_value("for Monday")
    page.get_by_role("button", name="Delete …").click()
    page.get_by_role("button", name="Delete with all files").click()
    page.wait_for_url("**/jobs")
    page.get_by_label("Words of the brief").fill("kita nord")
    expect(page.get_by_role("status")).to_have_text("Nothing matches. Try fewer words.")
    page.goto(f"/jobs/{job['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such job")


def test_an_unknown_job_is_explained(page: Page, check: Any) -> None:
    page.goto("/jobs/no-such-job")
    expect(page.get_by_role("heading", name="There is no such job")).to_be_visible()
    expect(page.get_by_role("link", name="Start a new concept")).to_be_visible()
    check(page, "unknown")


def test_recent_jobs_of_this_browser_are_listed_and_can_be_forgotten(page: Page, new_page: Any, check: Any) -> None:
    job_id = send(page, OCEAN)
    state(page, "Completed")
    open_form(page)
    line = page.locator(f'#recent-list a[href$="/jobs/{job_id}"]')
    expect(line).to_contain_text(OCEAN)
    expect(line).to_contain_text("Completed")
    check(page, "recent")
    page.get_by_role("button", name="Forget these").click()
    expect(page.get_by_role("heading", name="Recent in this browser")).to_be_hidden()
    other = new_page()
    open_form(other)
    expect(other.get_by_role("heading", name="Recent in this browser")).to_be_hidden()
