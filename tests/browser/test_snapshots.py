"""Each state of the page as it was last looked at: what it says, as an aria snapshot, and how it looks, as pictures.

These are a sixteenth of the window and are compared by blocks, so that a font drawn otherwise is no difference, and a
column that is gone or a colour scheme that is not followed is one. To keep new ones, after a look at them:
`STUDIO_SNAPSHOTS=keep python -m pytest tests/browser/test_snapshots.py`.
"""

import io
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect

from studio_support import job_fixtures
from studio_support.served_gateway import ServedGateway, serving

SNAPSHOTS = Path(__file__).with_name("snapshots")
KEEPS = os.environ.get("STUDIO_SNAPSHOTS") == "keep"
DESKTOP, PHONE = ViewportSize(width=1280, height=864), ViewportSize(width=384, height=848)
WINDOWS: list[tuple[Literal["light", "dark"], ViewportSize]] = [
    ("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE),
]  # fmt: skip
SCALE = 16
BLOCK = 4
MAX_BLOCK, MAX_MEAN = 60.0, 8.0
"""Most difference, of 255, in a block of 64 × 64 pixels of the window, and on average."""
NOT_ASKED_YET = "Object.defineProperty(window.Notification, 'permission', { get: () => 'default' })"
"""May the page notify? Without a window, some Chromiums have refused before anybody asks."""
DECODED = """() => Promise.all([...document.images].filter((image) => {
    const box = image.getBoundingClientRect();
    return box.width && box.top < innerHeight && box.bottom > 0;
}).map((image) => image.decode()))"""
"""Waits until the pictures in the window can be drawn."""
CHANGES = re.compile(r"\d+ s\b|\d+ min\b|http://\S+")
"""What differs from run to run."""


class State(NamedTuple):
    """A state of the page: its address, the text that shows it is there, and what is pressed then."""

    path: str
    shown: str
    pressed: tuple[str, ...] = ()


STATES = {
    "form": State("/", "RH70"),
    "refused": State("/", "RH70", ("#submit",)),
    "list": State("/jobs", "shown"),
    "accepted": State("/jobs/new", "Brief accepted"),
    "drawing": State("/jobs/running", "The model is drawing"),
    "ready": State("/jobs/ready", "best first"),
    "drafts": State("/jobs/draft", "best first"),
    "failed": State("/jobs/failed", "No paint"),
    "canceled": State("/jobs/canceled", "This job was canceled"),
    "unknown": State("/jobs/none", "There is no such job"),
    "laid": State("/jobs/ready#0-0", "As laid"),
    "compared": State("/jobs/ready#0-0", "As laid", ("label[for=view-compare]",)),
    "yard": State("/jobs/ready#0-0", "As laid", ("label[for=view-scene]",)),
    "photo": State("/jobs/ready#0-0", "As laid", ("label[for=view-photo]",)),
    "edited": State("/jobs/ready#0-0", "As laid", ("label[for=view-edit]", "#used-RH20")),
    "beside": State("/jobs/ready#0-0", "As laid", ("label[for=view-beside]",)),
}


def painted(comment: str) -> bytes:
    """A picture in two colours that can be laid; no two are the same bytes."""
    picture = Image.new("RGB", (576, 384), "#0075bc")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 260, 576, 384), fill="#e8e3d8")
    draw.ellipse((150, 60, 310, 220), fill="#e8e3d8")
    about, data = PngInfo(), io.BytesIO()
    about.add_text("Comment", comment)
    picture.save(data, "PNG", pnginfo=about)
    return data.getvalue()


@pytest.fixture(scope="module")
def gateway() -> Iterator[ServedGateway]:
    with pytest.MonkeyPatch.context() as patch, serving() as gateway:
        patch.setattr(job_fixtures, "png", painted)
        for name in (
            "canceled",
            "draft",
            "failed",
            "new",
            "ready",
            "running",
        ):  # by name, as jobs of one moment are listed
            gateway.accept(name, count=2, kind="draft" if name == "draft" else "painted")
        httpx.post(f"{gateway.url}/v1/jobs/canceled/cancel", timeout=60, trust_env=False).raise_for_status()
        gateway.finish_draft("draft")
        gateway.start_prediction("running")
        gateway.finish("ready", slots=(1, 1))
        gateway.fail("failed")
        yield gateway


@pytest.fixture(scope="module")
def page(browser: Browser, gateway: ServedGateway) -> Iterator[Page]:
    context = browser.new_context(base_url=gateway.url, reduced_motion="reduce", locale="en")
    context.route("**/v1/options", without_typical_times)
    context.add_init_script(NOT_ASKED_YET)
    context.clock.set_fixed_time(datetime.now(UTC))  # so that jobs stay as young as they are
    yield context.new_page()
    context.close()


def without_typical_times(route: Route) -> None:
    """How long jobs took differs from run to run."""
    route.fulfill(json=route.fetch().json() | {"typical_times": []})


def show(page: Page, state: State) -> None:
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light")
    page.goto("about:blank")
    page.goto(state.path)
    expect(page.get_by_text(state.shown).first).to_be_visible()
    for target in state.pressed:
        page.locator(target).click()


def seen(page: Page) -> list[Image.Image]:
    """Each of the windows, made small."""
    shots = []
    for scheme, size in WINDOWS:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        page.evaluate(DECODED)
        shot = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
        shots.append(shot.resize((size["width"] // SCALE, size["height"] // SCALE), Image.Resampling.BOX))
    return shots


def keep(shots: list[Image.Image], file: Path) -> None:
    """Write the windows side by side."""
    strip = Image.new("RGB", (sum(shot.width for shot in shots), max(shot.height for shot in shots)))
    left = 0
    for shot in shots:
        strip.paste(shot, (left, 0))
        left += shot.width
    strip.save(file, optimize=True)


def kept(file: Path) -> list[Image.Image]:
    """The windows as they were written."""
    strip, left, shots = Image.open(file).convert("RGB"), 0, []
    for _, size in WINDOWS:
        width, height = size["width"] // SCALE, size["height"] // SCALE
        shots.append(strip.crop((left, 0, left + width, height)))
        left += width
    return shots


def difference(one: Image.Image, other: Image.Image) -> tuple[float, float]:
    """The largest difference of a block, and the mean one, of 255."""
    if one.size != other.size:
        return 255.0, 255.0
    gap = np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16)).mean(axis=2)
    rows, columns = (side // BLOCK * BLOCK for side in gap.shape)
    blocks = gap[:rows, :columns].reshape(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK).mean(axis=(1, 3))
    return float(blocks.max()), float(gap.mean())


@pytest.mark.parametrize("name", STATES)
def test_a_state_says_and_looks_what_it_did(page: Page, name: str) -> None:
    show(page, STATES[name])
    tree = CHANGES.sub("…", page.locator("dialog[open]" if "#" in STATES[name].path else "body").aria_snapshot()) + "\n"
    now, text, picture = seen(page), SNAPSHOTS / f"{name}.yaml", SNAPSHOTS / f"{name}.png"
    if KEEPS:
        text.write_text(tree, encoding="utf-8")
        keep(now, picture)
    assert tree == text.read_text(encoding="utf-8")
    for shot, before, window in zip(now, kept(picture), WINDOWS, strict=True):
        largest, mean = difference(shot, before)
        assert largest < MAX_BLOCK, (window, largest)
        assert mean < MAX_MEAN, (window, mean)


def test_what_is_gone_or_of_another_colour_is_a_difference(page: Page) -> None:
    show(page, STATES["ready"])
    light, dark, *_ = kept(SNAPSHOTS / "ready.png")
    page.evaluate("document.querySelector('.concept').style.visibility = 'hidden'")
    assert difference(seen(page)[0], light)[0] > MAX_BLOCK
    assert difference(light, dark)[1] > MAX_MEAN
