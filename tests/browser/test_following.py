"""What the page says while a job is followed and after it ended, and what goes on from there; a gateway in memory."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from studio_contracts.concept import Blend, BlendPart
from studio_support.served_gateway import ServedGateway

NOTIFIED = """
window.notified = [];
window.Notification = class {
    static permission = "default";
    static async requestPermission() { return "granted"; }
    constructor(text) { window.notified.push(text); }
};
"""
RECIPE = (BlendPart(code="RH70", parts=9, kg=115.5), BlendPart(code="RH21", parts=3, kg=38.5))
BLENDS = (
    Blend(
        reason="named", word="navy", hex="#01153e", code="RH20", recipe=RECIPE,
        delta_e=9.0, delta_e_alone=33.7, area_m2=17.5, kg=154,
    ),
    Blend(
        reason="texture", hex="#445566", code="RH31", recipe=RECIPE[:1],
        delta_e=2.5, delta_e_alone=8.0, area_m2=1.25, kg=11,
    ),
)  # fmt: skip
TYPICAL = {"kind": "painted", "model": "sdxl", "count": 6, "seconds": 74.0, "jobs": 9}


@pytest.fixture
def page(browser: Browser, gateway: ServedGateway) -> Iterator[Page]:
    context = browser.new_context(base_url=gateway.url, reduced_motion="reduce", locale="en")
    yield context.new_page()
    context.close()


def blended(gateway: ServedGateway, job_id: str) -> None:
    """The job's concepts have blends."""
    jobs = gateway.inner.database.jobs
    concepts = []
    for concept in jobs[job_id].concepts:
        assert concept.materials is not None
        materials = concept.materials.model_copy(update={"blends": BLENDS})
        concepts.append(concept.model_copy(update={"materials": materials}))
    jobs[job_id] = jobs[job_id].model_copy(update={"concepts": tuple(concepts)})


@pytest.mark.parametrize(
    ("locale", "lines"),
    [
        (
            "en",
            [
                "navy instead of RH20, 17.50 m²: 9 RH70 (115.5 kg) + 3 RH21 (38.5 kg) ΔE 9.0, RH20 alone 33.7",
                "Speckled area instead of RH31, 1.25 m²: 9 RH70 (115.5 kg) ΔE 2.5, RH31 alone 8.0",
            ],
        ),
        (
            "de",
            [
                "navy statt RH20, 17,50 m²: 9 RH70 (115,5 kg) + 3 RH21 (38,5 kg) ΔE 9,0, RH20 allein 33,7",
                "Gesprenkelte Fläche statt RH31, 1,25 m²: 9 RH70 (115,5 kg) ΔE 2,5, RH31 allein 8,0",
            ],
        ),
    ],
)
def test_blends_say_what_to_mix_in_the_place_of_what_and_how_near_it_comes(
    gateway: ServedGateway, browser: Browser, locale: str, lines: list[str]
) -> None:
    job_id = f"blended-{locale}"
    gateway.accept(job_id)
    gateway.finish(job_id)
    blended(gateway, job_id)
    context = browser.new_context(base_url=gateway.url, reduced_motion="reduce", locale=locale)
    page = context.new_page()
    page.goto(f"/jobs/{job_id}#0-0")
    expect(page.locator(".blends li")).to_have_text(lines)
    colours = page.locator(".blends .colour").evaluate_all(
        "found => found.map(one => getComputedStyle(one).backgroundColor)"
    )
    assert colours == ["rgb(1, 21, 62)", "rgb(68, 85, 102)"]
    context.close()


def test_a_running_job_is_seen_in_the_tab_s_title_and_its_end_is_notified(gateway: ServedGateway, page: Page) -> None:
    gateway.accept("notified", count=2)
    page.add_init_script(NOTIFIED)
    page.goto("/jobs/notified")
    expect(page).to_have_title("Pending: ocean energy · TPV Studio")
    page.get_by_role("button", name="Notify me when it is ready").click()
    expect(page.get_by_role("button", name="You will be notified")).to_be_disabled()
    gateway.plan("notified", (1, 1))
    gateway.deliver("notified", 0)
    expect(page).to_have_title("1 of 2: ocean energy · TPV Studio")
    assert page.evaluate("window.notified") == []
    gateway.deliver("notified", 1)
    expect(page).to_have_title("Completed: ocean energy · TPV Studio")
    assert page.evaluate("window.notified") == ["Completed: ocean energy"]


def test_form_and_job_say_how_long_one_usually_takes(gateway: ServedGateway, page: Page) -> None:
    def with_typical_time(route: Route) -> None:
        route.fulfill(json=route.fetch().json() | {"typical_times": [TYPICAL]})

    page.route("**/v1/options", with_typical_time)
    page.goto("/")
    expect(page.locator("#time-hint")).to_have_text("Usually ready in about 1 min 14 s.")
    gateway.accept("timed", count=6)
    page.goto("/jobs/timed")
    expect(page.locator(".clock")).to_contain_text("usually about 1 min 14 s")


def test_a_canceled_job_says_what_was_and_what_may_be_charged(gateway: ServedGateway, page: Page) -> None:
    gateway.accept("stopped", count=4)
    gateway.plan("stopped", (1, 3))
    gateway.deliver("stopped", 0)
    gateway.start_slot("stopped", 1)
    page.goto("/jobs/stopped")
    expect(page.get_by_role("button", name="Open concept of ocean energy")).to_have_count(1)
    page.get_by_role("button", name="Cancel").click()
    ending = page.locator("#ending")
    expect(ending).to_contain_text("The 1 picture made before that is below.")
    expect(ending).to_contain_text("$0.03 of $0.12 was charged, for the pictures delivered.")


def test_a_brief_is_changed_and_drawn_again_in_the_same_project(gateway: ServedGateway, page: Page) -> None:
    gateway.accept("changed", count=2)
    gateway.finish("changed")
    page.request.patch("/v1/jobs/changed", data={"project": "Schools"})
    page.goto("/jobs/changed")
    page.get_by_role("link", name="Change the brief").first.click()
    expect(page.get_by_label("Brief")).to_have_value("ocean energy")
    page.get_by_label("Brief").fill("ocean energy with whales")
    page.get_by_role("button", name="Draw 2 concepts").click()
    page.wait_for_url(lambda url: "/jobs/" in url)
    expect(page.get_by_role("heading", level=1)).to_have_text("ocean energy with whales")
    expect(page.locator("#facts")).to_contain_text("Schools")


def test_the_missing_pictures_are_drawn_with_one_click(gateway: ServedGateway, page: Page) -> None:
    gateway.accept("short", count=3)
    gateway.finish("short", slots=(1, 1))
    held_back = {"code": "filtered", "text": "The model's filter held one picture back.", "slot": 0}

    def with_warning(route: Route) -> None:
        route.fulfill(json=route.fetch().json() | {"warnings": [held_back]})

    page.route("**/v1/jobs/short", with_warning)
    page.goto("/jobs/short")
    expect(page.locator("#missing")).to_contain_text("1 of 3 pictures is missing")
    expect(page.locator("#missing")).to_contain_text("filter held one picture back")
    page.get_by_role("button", name="Draw the 1 missing picture, $0.03").click()
    page.wait_for_url(lambda url: "/jobs/" in url and "short" not in url)
    made: dict[str, Any] = page.request.get(f"/v1/jobs/{page.url.rpartition('/')[2]}").json()
    assert (made["brief"]["from"]["job"], made["brief"]["count"]) == ("short", 1)


def test_two_hundred_jobs_are_listed_page_by_page(gateway: ServedGateway, page: Page) -> None:
    for number in range(200):
        gateway.accept(f"many-{number:03}")
    found = sum(page.request.get("/v1/jobs", params={"counts": "true", "text": "ocean"}).json()["counts"].values())
    assert 200 <= found < 216
    page.goto("/jobs?text=ocean")
    cards = page.locator("#list li")
    more = page.get_by_role("button", name="Show more")
    for shown in range(24, 193, 24):
        expect(cards).to_have_count(shown)
        more.click()
    expect(cards).to_have_count(found)
    expect(more).to_be_hidden()
    assert page.locator("#list img:not([loading=lazy])").count() == 0
