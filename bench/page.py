"""How quick the page is, in Chromium on a gateway in memory: first paint, bytes, a recolour, a list of 200 jobs.

    python bench/page.py

Ends with status 1 when a target is missed.
"""

import shutil
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from measuring import exit_if_missed, percentile

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from studio_support.served_gateway import ServedGateway, serving

ROUNDS = 7
JOBS = 200
FIRST_PAINT_MS, PAGE_BYTES, RECOLOUR_MS, FRAME_MS = 500.0, 150_000.0, 100.0, 50.0
"""Targets. A frame of 50 ms is where people begin to see that scrolling stutters (RAIL)."""
RECOLOURED = """everywhere => import("/static/surface.js").then(({ edited, paint }) => {
    const [width, height, codes] = [1152, 768, ["A", "B", "C", "D", "E", "F"]];
    const indices = Uint8Array.from({ length: width * height }, (_, i) => Math.floor((i % width) / 192));
    const edit = { kind: "recolour", colour: "A", to: "B", ...(everywhere ? {} : { at: [10, 10] }) };
    const began = performance.now();
    const made = edited({ codes, indices, width, height }, edit, { width_m: 10, height_m: 6 });
    paint(document.createElement("canvas"), made, () => "#0075bc");
    return performance.now() - began;
})"""
SCROLLED = """() => new Promise((resolve) => {
    let last = 0;
    const lasted = [];
    const frame = (now) => {
        lasted.push(now - last);
        last = now;
        scrollBy(0, 240);
        if (lasted.length < 100) requestAnimationFrame(frame);
        else resolve(lasted);
    };
    requestAnimationFrame((now) => { last = now; requestAnimationFrame(frame); });
})"""


class Figure(NamedTuple):
    """One measured figure, with its target."""

    name: str
    value: float
    target: float
    unit: str


def _page(browser: Browser, gateway: ServedGateway) -> Page:
    return browser.new_context(base_url=gateway.url, viewport={"width": 1280, "height": 860}).new_page()


def _first_paint(browser: Browser, gateway: ServedGateway) -> float:
    """The median of the first contentful paint, with nothing in the browser's cache, in milliseconds."""
    paints: list[float] = []
    for _ in range(ROUNDS):
        page = _page(browser, gateway)
        page.goto("/", wait_until="load")
        page.wait_for_selector("#swatches input")
        paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        page.context.close()
    return statistics.median(paints)


def _bytes(browser: Browser, gateway: ServedGateway, path: str, language: str) -> float:
    """All that a page loads of its own but the font, before compression."""
    context = browser.new_context(base_url=gateway.url, locale=language)
    page, sizes = context.new_page(), []
    page.on("response", lambda answer: sizes.append(answer) if "/v1/" not in answer.url else None)
    page.goto(path, wait_until="networkidle")
    total = sum(len(answer.body()) for answer in sizes if not answer.url.endswith(".ttf"))
    context.close()
    return float(total)


def _figures(browser: Browser, gateway: ServedGateway) -> Iterator[Figure]:
    yield Figure("first paint of the form", _first_paint(browser, gateway), FIRST_PAINT_MS, "ms")
    for path in ("/", "/jobs", "/jobs/job-000"):
        for language in ("en", "de"):
            yield Figure(
                f"{path} in {language}", _bytes(browser, gateway, path, language) / 1000, PAGE_BYTES / 1000, "kB"
            )
    page = _page(browser, gateway)
    page.goto("/")
    for name, everywhere in (("everywhere", True), ("of one piece", False)):
        times = [page.evaluate(RECOLOURED, everywhere) for _ in range(ROUNDS)]
        yield Figure(f"recolour {name}, six colours, 1152 × 768", statistics.median(times), RECOLOUR_MS, "ms")
    page.goto("/jobs")
    cards = page.locator("#list li")
    for shown in range(24, JOBS, 24):
        cards.nth(shown - 1).wait_for(state="attached")
        page.click("#more")
    cards.nth(JOBS - 1).wait_for(state="attached")
    frames = percentile(page.evaluate(SCROLLED), 95)
    yield Figure(f"19 of 20 frames while {JOBS} jobs scroll by", frames, FRAME_MS, "ms")


def main() -> None:
    """Measure, print, and fail when a target is missed."""
    chromium = shutil.which("chromium") or sys.exit("Chromium is missing (apt-get install chromium).")
    with serving() as gateway, sync_playwright() as playwright:
        for number in range(JOBS):
            gateway.accept(f"job-{number:03}")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        figures = list(_figures(browser, gateway))
        browser.close()
    for figure in figures:
        print(f"{figure.name:48} {figure.value:8.1f} {figure.unit:2}  want {figure.target:.0f}")
    exit_if_missed([figure.name for figure in figures if figure.value > figure.target])


if __name__ == "__main__":
    main()
