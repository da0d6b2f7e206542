"""The demo as a client: what it asks of the gateway, and what it makes of the answers."""

import io
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from PIL import Image
from rich.console import Console

from studio_local.client import Colour, JobFailedError, stage_seconds
from studio_local.contact_sheet import Cell, contact_sheet
from studio_local.demo import run_demo

PROMPT = "koi pond at dusk"
BLUE = {"code": "RH20", "name": "Standard Blue", "hex": "#0075BC", "share": 1.0}


def png(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, "PNG")
    return buffer.getvalue()


PICTURES = {"/stencil": png("#006C55"), "/c1/installable": png("#0075BC"), "/c1/original": png("#0070B0")}


def job(status: str, stage: str, **more: Any) -> dict[str, Any]:
    brief = {"prompt": PROMPT, "surface": {"width_m": 5, "height_m": 5}, "count": 1}
    nothing: dict[str, Any] = {
        "plan": None,
        "concepts": [],
        "timeline": [],
        "error": None,
        "warnings": [],
    }
    slots = [{"received": int(status == "completed")}]
    return {"id": "j1", "status": status, "stage": stage, "brief": brief, "predictions": slots} | nothing | more


CONCEPT = {
    "rank": 1,
    "direction": 0,
    "score": 0.72,
    "pictures": {"installable": {"url": "/c1/installable"}, "original": {"url": "/c1/original"}},
    "palette_used": [BLUE],
    "warnings": [{"code": "thin", "text": "one part is thin"}],
}
TIMES = {
    "created_at": "2026-01-02T10:00:00Z",
    "finished_at": "2026-01-02T10:00:04.5Z",
    "timeline": [
        {"event": "stencil.ready", "at": "2026-01-02T10:00:01Z"},
        {"event": "prediction.succeeded", "at": "2026-01-02T10:00:02Z"},
        {"event": "prediction.succeeded", "at": "2026-01-02T10:00:04Z"},
    ],
}
COMPLETED = job(
    "completed",
    "finished",
    concepts=[CONCEPT],
    plan={"directions": [{"number": 0, "name": "Flowing", "seed": 7, "stencil": {"url": "/stencil"}}]},
    warnings=[{"code": "fewer", "text": "one picture fewer than asked"}],
    **TIMES,
)
FAILED = job("failed", "prediction", error={"title": "No credit.", "detail": "Top up the account."})


class FakeGateway(ThreadingHTTPServer):
    """Answers a POST with `accepted`, and each GET of the job with the next of `answers`."""

    daemon_threads = True

    def __init__(self, answers: list[dict[str, Any]], accepted: int = 202) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.accepted = iter(answers), accepted
        self.posted: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeGateway

    def do_POST(self) -> None:
        self.server.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer(self.server.accepted, json.dumps({"id": "j1", "detail": "prompt: too long"}).encode())

    def do_GET(self) -> None:
        if self.path == "/v1/jobs/j1":
            self._answer(200, json.dumps(next(self.server.answers)).encode())
        else:
            self._answer(200 if self.path in PICTURES else 404, PICTURES.get(self.path, b"no such picture"))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Quiet."""


@pytest.fixture
def serve() -> Iterator[Callable[[FakeGateway], FakeGateway]]:
    running: list[tuple[FakeGateway, Thread]] = []

    def start(gateway: FakeGateway) -> FakeGateway:
        thread = Thread(target=gateway.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((gateway, thread))
        return gateway

    yield start
    for gateway, thread in running:
        gateway.shutdown()
        gateway.server_close()
        thread.join()


Serve = Callable[[FakeGateway], FakeGateway]


def test_a_completed_job_is_shown_by_stage_and_written_out_in_full(serve: Serve, tmp_path: Path) -> None:
    gateway = serve(FakeGateway([job("queued", "stencil"), job("running", "prediction"), COMPLETED]))
    (tmp_path / "rank-6-original.png").write_bytes(b"of an earlier run")
    printed = io.StringIO()
    run_demo(gateway.url, PROMPT, tmp_path, Console(file=printed, width=140))
    assert gateway.posted == [{"prompt": PROMPT, "surface": {"width_m": 5, "height_m": 5}, "count": 6}]
    expected = {"job.json", "stencil-0.png", "rank-1-installable.png", "rank-1-original.png", "contact-sheet.png"}
    assert {path.name for path in tmp_path.iterdir()} == expected
    assert json.loads((tmp_path / "job.json").read_text()) == COMPLETED
    assert (tmp_path / "rank-1-installable.png").read_bytes() == PICTURES["/c1/installable"]
    lines = printed.getvalue()
    stages = [lines.index(words) for words in (" s  stencil", " s  prediction, 0 of 1", " s  completed")]
    assert stages == sorted(stages)
    assert "Timings: stencil 1.00 s, prediction 3.00 s, postprocess 0.50 s, total 4.50 s" in lines
    assert "RH20 Standard Blue 100%" in lines
    assert "one part is thin" in lines
    assert "Warning: one picture fewer than asked" in lines


def test_a_failed_job_is_printed_with_its_reason(serve: Serve, tmp_path: Path) -> None:
    gateway = serve(FakeGateway([FAILED]))
    with pytest.raises(JobFailedError, match=r"failed in prediction: No credit\. Top up the account\."):
        run_demo(gateway.url, PROMPT, tmp_path, Console(file=io.StringIO()))
    assert not list(tmp_path.iterdir())


def test_a_refused_brief_is_printed_in_the_gateways_words(serve: Serve, tmp_path: Path) -> None:
    gateway = serve(FakeGateway([], accepted=422))
    with pytest.raises(JobFailedError, match=r"422.*prompt: too long"):
        run_demo(gateway.url, PROMPT, tmp_path, Console(file=io.StringIO()))


def test_a_promised_picture_that_cannot_be_fetched_fails_the_demo(serve: Serve, tmp_path: Path) -> None:
    direction = {"number": 0, "name": "Flowing", "seed": 7, "stencil": {"url": "/gone"}}
    gateway = serve(FakeGateway([COMPLETED | {"plan": {"directions": [direction]}}]))
    with pytest.raises(JobFailedError, match="/gone answers 404: no such picture"):
        run_demo(gateway.url, PROMPT, tmp_path, Console(file=io.StringIO()))


def test_stage_times_add_up_to_the_whole() -> None:
    spent = stage_seconds(COMPLETED)
    assert sum(seconds for stage, seconds in spent.items() if stage != "total") == pytest.approx(spent["total"])


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (4, 3, 2), (6, 3, 2)])
def test_the_contact_sheet_shows_each_picture_once_in_rows_of_three(count: int, columns: int, rows: int) -> None:
    colours = [Colour(f"RH{number}", "A name", "#808080", 1 / 6) for number in range(6)]
    cells = [Cell(rank, "Flowing", 0.5, png("#E21F2F"), colours) for rank in range(1, count + 1)]
    sheet = contact_sheet("a title " * 40, "5 by 5 m", cells)
    red = sum(number for number, colour in sheet.getcolors(2**20) or [] if colour == (0xE2, 0x1F, 0x2F))
    assert red == count * 560 * 420  # 64 by 48 at the width of a cell
    assert sheet.width == 2 * 48 + columns * 560 + (columns - 1) * 36
    assert sheet.height > rows * 420
