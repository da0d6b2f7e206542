"""Debian's Chromium on the real stack; it must load nothing from elsewhere and say nothing on its console."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Request,
    Response,
    ViewportSize,
    expect,
    sync_playwright,
)

from studio_support import tools
from studio_support.served_gateway import ServedGateway, serving
from studio_support.shared_studio import studio

__all__ = ["studio"]
SCREENS = Path(__file__).resolve().parents[2] / "out" / "screens"
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESKTOP = ViewportSize(width=1280, height=860)
PATIENCE_MS = 120_000


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is; installed where that can be done without asking."""
    found = tools.find_chromium()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        quietly: dict[str, Any] = {"check": False, "capture_output": True, "timeout": 600}
        subprocess.run(["apt-get", "-q", "update"], **quietly)
        install = ["apt-get", "-q", "-y", "install", "--no-install-recommends", tools.CHROMIUM[0]]
        subprocess.run(install, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, **quietly)
        found = tools.find_chromium()
    return found or pytest.fail(f"Chromium is missing: install it ({tools.GET_CHROMIUM}).", pytrace=False)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    # Of a module, not of the session: the loop that Playwright keeps running would be in the way of other tests.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def gateway() -> Iterator[ServedGateway]:
    """The page without the other services: its jobs are in memory, and each module has its own."""
    with serving() as gateway:
        yield gateway


@pytest.fixture(autouse=True)
def timeout() -> None:
    expect.set_options(timeout=PATIENCE_MS)


class Visits:
    """What pages asked for and complained about."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.responses: list[Response] = []
        self.complaints: list[str] = []

    def watch(self, context: BrowserContext) -> None:
        context.on("request", lambda request: self.requests.append(request))
        context.on("response", lambda response: self.responses.append(response))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))

    def unexpected(self) -> list[str]:
        """Chromium itself reports on the console what the network or the API refused; the tests provoke that.

        What was preloaded for a script that was refused is then not used.
        """
        refused = ("Failed to load resource", "net::ERR", "was preloaded using link preload but not used")
        return [text for text in self.complaints if not any(part in text for part in refused)]


NewPage = Callable[..., Page]


@pytest.fixture
def visits() -> Visits:
    return Visits()


@pytest.fixture
def new_page(browser: Browser, studio: Any, visits: Visits) -> Iterator[NewPage]:
    """Another device: a page in a browser context of its own. All of them keep to the studio's own address."""
    contexts: list[BrowserContext] = []

    def opened(**options: Any) -> Page:
        still = {"viewport": DESKTOP, "reduced_motion": "reduce"}  # else colours are judged while a card fades in
        context = browser.new_context(base_url=studio.stack.gateway_url, **{**still, **options})
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        visits.watch(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()
    own = (f"{studio.stack.gateway_url}/", f"blob:{studio.stack.gateway_url}/")
    elsewhere = [visit.url for visit in visits.requests if not visit.url.startswith(own)]
    assert elsewhere == []
    assert visits.unexpected() == []


@pytest.fixture
def page(new_page: NewPage) -> Page:
    return new_page()


Check = Callable[[Page, str], None]


@pytest.fixture(scope="session")
def check() -> Check:
    """Take a picture of a state into out/screens/ and look for barriers: axe finds nothing serious."""
    axe = Axe()
    SCREENS.mkdir(parents=True, exist_ok=True)

    def checked(page: Page, state: str) -> None:
        whole = page.locator("dialog[open]").count() == 0
        page.screenshot(path=SCREENS / f"{state}.png", full_page=whole, animations="disabled")
        found = axe.run(page).response["violations"]
        serious = [violation for violation in found if violation["impact"] in ("serious", "critical")]
        assert not serious, [(one["id"], [node["html"] for node in one["nodes"]]) for one in serious]

    return checked
