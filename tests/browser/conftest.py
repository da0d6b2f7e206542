"""Debian's Chromium on the real stack; it must load nothing from elsewhere and say nothing on its console."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    Request,
    Response,
    ViewportSize,
    expect,
    sync_playwright,
)

from studio_support import tools
from studio_support.page_loading import opening_again
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
SCREENSHOT_MS = 20_000


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what the pages of a failed test show and what they asked for, and say where."""
    report = yield
    if report.when == "call" and report.failed and isinstance(browser := item.funcargs.get("browser"), Browser):
        visits = item.funcargs.get("visits")
        log = visits.log if isinstance(visits, Visits) else []
        report.sections.append(("Pages", "\n".join(_keep(item.name, browser, log))))
    return report


def _keep(test: str, browser: Browser, log: list[str]) -> Iterator[str]:
    """Lines about the open pages, each with a screenshot in out/screens/failed/."""
    folder = SCREENS / "failed"
    folder.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(page for context in browser.contexts for page in context.pages):
        file = folder / f"{re.sub(r'[^a-zA-Z0-9_]+', '-', test)}-{number}.png"
        with suppress(Error):  # a page that answers no more
            page.screenshot(path=file, timeout=SCREENSHOT_MS)
        yield f"{page.url}: {file}"
    yield from log


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


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    # Of the folder, not of the session: the loop that Playwright keeps running would be in the way of other tests.
    with sync_playwright() as playwright, opening_again():
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
        self.log: list[str] = []
        """Everything in its order, for whoever reads about a failure."""

    def watch(self, context: BrowserContext) -> None:
        context.on("request", self._requested)
        context.on("response", self._answered)
        context.on("requestfailed", lambda request: self._note(f"{request.failure}: {request.url}"))
        context.on("weberror", lambda error: self._complained(str(error.error)))
        context.on("console", lambda message: self._complained(f"{message.type}: {message.text}"))

    def _requested(self, request: Request) -> None:
        self.requests.append(request)
        self._note(f"{request.method} {request.url}")

    def _answered(self, response: Response) -> None:
        self.responses.append(response)
        self._note(f"{response.status}: {response.url}")

    def _complained(self, text: str) -> None:
        self.complaints.append(text)
        self._note(text)

    def _note(self, text: str) -> None:
        self.log.append(f"{datetime.now(UTC):%H:%M:%S.%f} {text}")

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
