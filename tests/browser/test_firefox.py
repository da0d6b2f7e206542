"""The page in Firefox: a brief becomes a job, its pictures are shown, every view opens, a colour is exchanged."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright._impl._driver import compute_driver_executable

from studio_local.processes import wait_until
from studio_support.served_gateway import ServedGateway

SCRIPT = Path(__file__).with_name("firefox.mjs")
SECONDS = 120
SEND = """(() => {
    if (!document.querySelector("#swatches input")) return false;
    document.getElementById("prompt").value = "a pond with frogs";
    document.getElementById("prompt").dispatchEvent(new Event("input", { bubbles: true }));
    document.getElementById("submit").click();
    return true;
})()"""
VIEWS = """(async () => {
    const seen = [];
    for (const view of ["laid", "compare", "scene", "photo", "edit"]) {
        document.getElementById(`view-${view}`).click();
        seen.push(document.getElementById(`view-${view}`).checked);
    }
    return String(seen);
})()"""


class Firefox:
    """A Firefox that shows one page."""

    def __init__(self, url: str, profile: Path) -> None:
        firefox = shutil.which("firefox-esr") or shutil.which("firefox")
        if firefox is None:
            pytest.skip("Firefox is missing (Debian: apt-get install firefox-esr)")
        node, _ = compute_driver_executable()
        self._process = subprocess.Popen(
            [node, str(SCRIPT), firefox, str(profile), url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def evaluate(self, expression: str) -> Any:
        """What the expression gives in the page, or how it failed: while a page loads, an element may not be there."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(expression) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer.get("failed", answer.get("value"))

    def until(self, expression: str, value: Any) -> None:
        """Wait until the expression gives that value."""
        assert wait_until(lambda: self.evaluate(expression) == value, SECONDS), self.evaluate("document.body.innerText")

    def close(self) -> None:
        """The script ends with its input, and Firefox with the script."""
        with self._process:
            assert self._process.stdin
            self._process.stdin.close()
            self._process.wait(SECONDS)


@pytest.fixture
def firefox(gateway: ServedGateway, tmp_path: Path) -> Iterator[Firefox]:
    firefox = Firefox(f"{gateway.url}/", tmp_path)
    yield firefox
    firefox.close()


def test_firefox_shows_a_brief_its_job_and_every_view_of_a_concept(gateway: ServedGateway, firefox: Firefox) -> None:
    firefox.until(SEND, value=True)
    firefox.until("document.querySelector('h1').textContent", "a pond with frogs")
    gateway.finish(next(iter(gateway.inner.database.jobs)))
    firefox.until("document.getElementById('state').textContent", "Completed")
    firefox.until(
        "String([...document.querySelectorAll('.concept img')].map((image) => image.naturalWidth > 0))", "true"
    )
    firefox.evaluate("document.querySelector('[data-concept]').click()")
    firefox.until("document.querySelector('dialog[open] #view-laid')?.checked", value=True)
    assert firefox.evaluate(VIEWS) == "true,true,true,true,true"
    assert firefox.evaluate("getComputedStyle(document.querySelector('meter')).height") == "7.2px"
