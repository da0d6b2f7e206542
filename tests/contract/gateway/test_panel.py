"""The existing panel, played by Node, against the gateway."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NODE = shutil.which("node")
PANEL = Path(__file__).with_name("panel.mjs")
REQUEST = {
    "prompt": "ocean energy with fish",
    "surface": {"width_m": 5, "height_m": 5},
    "paletteColors": [{"code": "RH20", "hex": "#0075BC", "name": "Standard Blue"}],
    "style": "professional",
    "count": 1,
}
pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")


@contextmanager
def panel(url: str, brief: Any) -> Iterator[Callable[[], tuple[str, Any]]]:
    """What the panel shows, one thing at a call."""
    command = [str(NODE), str(PANEL), url, json.dumps(brief)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = process.stdout

        def shown() -> tuple[str, Any]:
            line = json.loads(lines.readline())
            return line["what"], line["shown"]

        try:
            yield shown
            assert process.wait(20) == 0
        finally:
            process.kill()


def begin(gateway: Any, shown: Callable[[], tuple[str, Any]]) -> str:
    what, created = shown()
    assert what == "created"
    assert set(created) == {"jobId", "status", "statusUrl", "estimatedDuration", "message"}
    assert (created["status"], created["estimatedDuration"]) == ("pending", 14)
    assert created["statusUrl"] == f"{gateway.url}/.netlify/functions/studio-inspire-status?jobId={created['jobId']}"
    what, enqueued = shown()
    assert (what, enqueued["ok"], set(enqueued)) == ("enqueued", True, {"ok", "note"})
    what, progress = shown()
    assert (what, progress["text"]) == ("progress", "Starting…")
    assert set(progress["fields"]) == {"jobId", "status", "message", "created_at", "updated_at"}
    return str(created["jobId"])


def test_a_job_is_created_followed_and_shown_with_every_field_of_its_card(gateway: Any) -> None:
    with panel(gateway.url, REQUEST) as shown:
        gateway.finish(begin(gateway, shown))
        what, result = shown()
        while what == "progress":
            assert result["text"] in ("In the queue…", "Drawing…")
            what, result = shown()
    assert what == "completed", result
    assert {"jobId", "status", "message", "concepts", "metadata", "created_at", "updated_at", "completed_at"} == set(
        result["fields"]
    )
    (card,) = result["cards"]
    assert card == {
        "title": "Concept 1",
        "picture": [200, "image/png"],
        "original": 200,
        "score": "80%",
        "green": True,
        "contrast": "70%",
        "balance": "60%",
        "chips": ["RH20 #0075BC Standard Blue"],
    }


def test_a_failed_job_is_shown_with_its_reason(gateway: Any) -> None:
    with panel(gateway.url, REQUEST | {"paletteColors": None}) as shown:
        gateway.fail(begin(gateway, shown))
        assert shown() == ("error", "No paint: The pot is empty.")


def test_an_unknown_id_is_shown_as_an_error(gateway: Any) -> None:
    with panel(gateway.url, {"jobId": "nobody"}) as shown:
        assert shown() == ("error", "There is no job of this id.")


def test_a_refused_request_is_shown_with_what_is_wrong(gateway: Any) -> None:
    with panel(gateway.url, REQUEST | {"paletteColors": [{"code": "RH99"}]}) as shown:
        what, message = shown()
    assert what == "error"
    assert "RH99" in message
    assert "RH30" in message
