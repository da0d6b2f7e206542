"""Working on a concept: what is edited on the page is what the studio makes of it."""

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from studio_support.studio_page import OCEAN, state

SHARES = """async ([url, colours, edits, sides]) => {
    const { readSurface, edited, sharesOf } = await import("/static/surface.js");
    let surface = await readSurface(url, colours);
    for (const edit of edits) surface = edited(surface, edit, sides);
    return sharesOf(surface).map(({ code, share }) => [code, Math.round(share * 1000)]);
}"""


def open_concept(page: Page, job: dict[str, Any]) -> Any:
    page.goto(f"/jobs/{job['id']}#{job['concepts'][0]['id']}")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def open_editor(page: Page, job: dict[str, Any]) -> Any:
    dialog = open_concept(page, job)
    dialog.get_by_text("Edit", exact=True).click()
    expect(dialog.get_by_role("button", name="Keep as a new version")).to_be_disabled()
    return dialog


def test_a_colour_is_exchanged_undone_redone_and_kept(studio: Any, page: Page, check: Any) -> None:
    job = studio.run(OCEAN, count=1)
    first, *others = [colour["name"] for colour in job["concepts"][0]["palette_used"]]
    dialog = open_editor(page, job)
    used = dialog.get_by_role("group", name="Colours of this concept")
    used.get_by_role("button", name=first).click()
    dialog.get_by_role("button", name="Purple", exact=True).click()
    expect(used).to_contain_text("Purple")
    expect(used).not_to_contain_text(f"{first} ")
    check(page, "edited")
    dialog.get_by_role("button", name="Undo").click()
    expect(used).not_to_contain_text("Purple")
    dialog.get_by_role("button", name="Redo").click()
    dialog.get_by_role("button", name="Mirror left and right").click()
    dialog.get_by_role("button", name="Keep as a new version").click()
    page.wait_for_url(lambda url: "/jobs/" in url and job["id"] not in url)
    state(page, "Completed")
    kept = studio.job(page.url.rpartition("/")[2])
    assert {colour["name"] for colour in kept["concepts"][0]["palette_used"]} == {"Purple", *others}
    assert [edit["kind"] for edit in kept["brief"]["from"]["edits"]] == ["recolour", "mirror"]
    assert studio.paid_for(kept) == []


def test_a_piece_that_is_pointed_at_changes_alone(studio: Any, page: Page) -> None:
    job = studio.run(OCEAN, count=1)
    dialog = open_editor(page, job)
    dialog.locator("canvas").click(position={"x": 5, "y": 5})
    expect(dialog.get_by_label("In this piece")).to_be_checked()
    dialog.get_by_role("group", name="New colour").get_by_role("button").first.click()
    expect(dialog.get_by_role("button", name="Undo")).to_be_enabled()


def test_page_and_studio_make_the_same_of_edits(studio: Any, page: Page) -> None:
    job = studio.run(OCEAN, count=1)
    concept = job["concepts"][0]
    surface = job["brief"]["surface"]
    codes = [colour["code"] for colour in concept["palette_used"]]
    edits = [
        {"kind": "mirror", "swap": "top_bottom"},
        {"kind": "recolour", "colour": codes[0], "to": "RH70"},
        {"kind": "turn", "quarters": 2},
        {"kind": "recolour", "colour": codes[1], "to": "RH70"},
    ]
    page.goto("/")
    colours = studio.get("/v1/palette").json()
    seen = page.evaluate(SHARES, [concept["pictures"]["installable"]["url"], colours, edits, surface])
    made = studio.run(None, **{"from": {"job": job["id"], "concept": concept["id"], "edits": edits}})
    stencil = made["plan"]["directions"][0]["palette"]
    assert seen == [[colour["code"], round(colour["share"] * 1000)] for colour in stencil]


def test_edits_stay_while_one_looks_at_another_view(studio: Any, page: Page) -> None:
    job = studio.run(OCEAN, count=1, surface={"width_m": 5, "height_m": 5})
    dialog = open_editor(page, job)
    dialog.get_by_role("button", name="Mirror left and right").click()
    before = dialog.locator("canvas").bounding_box()
    dialog.get_by_text("As laid", exact=True).click()
    dialog.get_by_text("Edit", exact=True).click()
    assert dialog.locator("canvas").bounding_box() == before
    expect(dialog.get_by_role("button", name="Undo")).to_be_enabled()


def test_an_editor_whose_colours_and_picture_were_lost_asks_for_them_again(studio: Any, page: Page) -> None:
    job = studio.run(OCEAN, count=1)
    dialog = open_concept(page, job)
    lost: list[str] = []

    def lose_once(route: Any) -> None:
        path = urlsplit(route.request.url).path
        if route.request.resource_type == "fetch" and path not in lost:
            lost.append(path)
            route.abort()
        else:
            route.continue_()

    page.route("**/v1/palette", lose_once)
    page.route("**/installable*", lose_once)
    dialog.get_by_text("Edit", exact=True).click()
    expect(dialog.get_by_role("group", name="Colours of this concept")).to_be_visible()
    assert len(lost) == 2


def test_what_was_refused_can_be_changed_and_kept(studio: Any, page: Page) -> None:
    """Other edits are another request: the key of the refused ones does not stand in their way."""
    job = studio.run(OCEAN, count=1)
    dialog = open_editor(page, job)
    dialog.get_by_role("button", name="Mirror left and right").click()

    def lose_the_answer(route: Any) -> None:
        route.fetch()
        route.abort()

    page.route("**/v1/jobs", lose_the_answer, times=1)
    dialog.get_by_role("button", name="Keep as a new version").click()
    expect(dialog.get_by_role("alert")).to_contain_text("cannot be reached")
    dialog.get_by_role("button", name="Turn right").click()
    dialog.get_by_role("button", name="Keep as a new version").click()
    page.wait_for_url(lambda url: "/jobs/" in url and job["id"] not in url)
    kept = studio.job(page.url.rpartition("/")[2])
    assert [edit["kind"] for edit in kept["brief"]["from"]["edits"]] == ["mirror", "turn"]
