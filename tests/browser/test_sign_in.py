"""The page of a studio that wants keys: signing in, what happens when the session ends, signing out."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from studio_support.served_gateway import ServedGateway, serving

A_HUNDRED_TIMES_SOONER = """() => {
    const timeout = AbortSignal.timeout;
    AbortSignal.timeout = (milliseconds) => timeout.call(AbortSignal, milliseconds / 100);
}"""
"""Requests give up, so that nobody waits for that."""
SHOWS_A_PICTURE = "() => [...document.querySelectorAll('.concept img')].some((image) => image.naturalWidth > 0)"


@pytest.fixture
def gateway() -> Iterator[ServedGateway]:
    with serving(access="keys") as gateway:
        yield gateway


@pytest.fixture
def page(browser: Browser, gateway: ServedGateway) -> Iterator[Page]:
    context = browser.new_context(base_url=gateway.url, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def sign_in(page: Page, key: str) -> None:
    dialog = page.get_by_role("dialog", name="Sign in")
    expect(dialog).to_be_visible()
    dialog.get_by_label("API key").fill(key)
    dialog.get_by_role("button", name="Sign in").click()


def end_session(gateway: ServedGateway, page: Page) -> None:
    """The session ends elsewhere: its cookie is still in the browser."""
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    headers = {"Cookie": f"{cookie['name']}={cookie['value']}"}
    assert httpx.delete(f"{gateway.url}/v1/session", headers=headers, timeout=60, trust_env=False).status_code == 204


def test_a_sign_in_that_is_never_answered_ends_and_can_be_repeated(gateway: ServedGateway, page: Page) -> None:
    unanswered: list[Route] = []
    key = gateway.key("ada")
    page.goto("/")
    expect(page.get_by_role("dialog", name="Sign in")).to_be_visible()
    page.evaluate(A_HUNDRED_TIMES_SOONER)
    page.route("**/v1/session", lambda route: unanswered.append(route), times=1)
    sign_in(page, key)
    expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
    page.reload()
    sign_in(page, key)
    expect(page.get_by_role("button", name="Sign out ada")).to_be_visible()
    assert unanswered


def test_a_key_entered_once_makes_a_concept_and_an_ended_session_loses_nothing(
    gateway: ServedGateway, page: Page
) -> None:
    key = gateway.key("ada")
    page.goto("/")
    sign_in(page, "tpvs_not-a-key")
    expect(page.get_by_role("alert").filter(has_text="unknown, expired or revoked")).to_be_visible()
    sign_in(page, key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Sign out ada")).to_be_visible()

    page.get_by_label("Brief").fill("a pond with fish")
    end_session(gateway, page)
    page.get_by_role("button", name="Draw").first.click()
    expect(page.get_by_text("your session has ended; nothing was lost")).to_be_visible()
    sign_in(page, key)
    expect(page.locator("#prompt")).to_have_text("a pond with fish")
    (job,) = gateway.inner.database.jobs.values()
    assert (job.owner, job.brief.prompt) == ("ada", "a pond with fish")

    gateway.finish(job.id)
    expect(page.locator("#state")).to_have_text("Completed")
    page.wait_for_function(SHOWS_A_PICTURE)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download all").click()
    assert saved.value.suggested_filename.endswith(".zip")

    page.get_by_role("button", name="Sign out ada").click()
    expect(page.get_by_role("dialog", name="Sign in")).to_be_visible()
    expect(page.locator("#recent")).to_be_hidden()
    page.goto(f"/jobs/{job.id}")
    expect(page.get_by_role("dialog", name="Sign in")).to_be_visible()


def test_another_owner_s_job_is_not_found(gateway: ServedGateway, page: Page) -> None:
    gateway.accept("job-of-the-local-owner")
    page.goto("/jobs/job-of-the-local-owner")
    sign_in(page, gateway.key("bea"))
    expect(page.locator("#prompt")).to_have_text("There is no such job")


def test_the_page_of_a_link_shows_what_was_chosen_and_offers_no_more(
    gateway: ServedGateway, page: Page, browser: Browser
) -> None:
    page.goto("/")
    sign_in(page, gateway.key("ada"))
    expect(page.get_by_role("button", name="Sign out ada")).to_be_visible()
    page.get_by_label("Brief").fill("a pond with fish")
    page.get_by_role("button", name="Draw").first.click()
    expect(page.locator("#prompt")).to_have_text("a pond with fish")
    (job,) = gateway.inner.database.jobs.values()
    gateway.finish(job.id, slots=(1, 1))
    expect(page.locator("#state")).to_have_text("Completed")
    page.get_by_role("button", name="Favourite: concept 2").click()
    expect(page.get_by_role("button", name="Favourite: concept 2")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Share").click()
    for part in ("the brief’s words", "what to order", "files to download"):
        page.get_by_label(part).uncheck()
    page.get_by_label("Only favourites").check()
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_label("Who has this link").input_value()

    context = browser.new_context(reduced_motion="reduce")
    client = context.new_page()
    client.goto(link)
    expect(client.locator("#state")).to_have_text("Completed")
    expect(client.locator("#prompt")).to_have_text("Concepts")
    expect(client.locator(".concept")).to_have_count(1)
    expect(client.locator("#missing")).to_have_count(0)
    expect(client.get_by_role("link", name="Download all")).to_have_count(0)
    client.locator("[data-concept]").click()
    opened = client.get_by_role("dialog")
    expect(opened.get_by_role("heading", name="Concept 2")).to_be_visible()
    for hidden in ("Downloads", "Materials"):
        expect(opened.get_by_role("heading", name=hidden)).to_have_count(0)
    expect(client.get_by_text("fish")).to_have_count(0)
    expect(client.get_by_text("$").filter(visible=True)).to_have_count(0)
    context.close()


def test_a_link_opens_one_job_for_somebody_without_a_key(gateway: ServedGateway, page: Page, browser: Browser) -> None:
    key = gateway.key("ada")
    page.goto("/")
    sign_in(page, key)
    expect(page.get_by_role("button", name="Sign out ada")).to_be_visible()  # before, the form is not there
    page.get_by_label("Brief").fill("a pond with fish")
    page.get_by_role("button", name="Draw").first.click()
    expect(page.locator("#prompt")).to_have_text("a pond with fish")
    (job,) = gateway.inner.database.jobs.values()
    gateway.finish(job.id)
    expect(page.locator("#state")).to_have_text("Completed")
    page.get_by_role("button", name="Share").click()
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_label("Who has this link sees this job for 14 days").input_value()
    assert link.startswith(f"{gateway.url}/jobs/{job.id}#share=")

    context = browser.new_context(reduced_motion="reduce")
    client = context.new_page()
    client.goto(link)
    expect(client.locator("#state")).to_have_text("Completed")
    client.wait_for_function(SHOWS_A_PICTURE)
    assert client.url == f"{gateway.url}/jobs/{job.id}", "the secret is out of the address"
    expect(client.get_by_role("link", name="Download all")).to_be_visible()
    expect(client.get_by_role("button", name="Share")).to_have_count(0)
    for name in ("Change the brief", "New concept"):
        expect(client.get_by_role("link", name=name)).to_have_count(0)
    client.reload()
    expect(client.locator("#state")).to_have_text("Completed")

    page.get_by_role("button", name="End this link").click()
    expect(page.get_by_text("The link is ended.")).to_be_visible()
    client.goto("about:blank")
    client.goto(link)
    expect(client.locator("#prompt")).to_have_text("This link has ended")
    context.close()


def test_a_page_that_cannot_tell_who_uses_it_asks_again(gateway: ServedGateway, page: Page) -> None:
    page.route("**/v1/session", lambda route: route.abort(), times=1)
    page.goto("/")
    sign_in(page, gateway.key("ada"))
    expect(page.get_by_role("button", name="Sign out ada")).to_be_visible()
