"""Who hears of an alert: the real Alertmanager with the routing of deploy/telemetry, and receivers that listen."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from studio_local.processes import wait_until
from studio_support.alertmanager import Alertmanager, alertmanager

PATIENCE_SECONDS = 120
Heard = list[tuple[str, str]]


@pytest.fixture
def heard() -> Heard:
    """Receiver and alert, in the order of arrival."""
    return []


@pytest.fixture
def routing(tmp_path: Path, heard: Heard) -> Iterator[Alertmanager]:
    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.extend((self.path.strip("/"), alert["labels"]["alertname"]) for alert in sent["alerts"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        with alertmanager(tmp_path, {name: f"{url}/{name}" for name in ("pager", "tickets")}) as running:
            yield running
        server.shutdown()


def test_a_page_reaches_the_pager_a_ticket_the_tickets_and_what_follows_from_a_page_nobody(
    routing: Alertmanager, heard: Heard
) -> None:
    routing.alert(alertname="StudioReconcilerSilent", severity="page")
    assert wait_until(lambda: ("pager", "StudioReconcilerSilent") in heard, PATIENCE_SECONDS), heard
    routing.alert(alertname="StudioOldestUnfinished", severity="page")
    routing.alert(alertname="StudioManyRescued", severity="ticket")
    assert wait_until(lambda: ("tickets", "StudioManyRescued") in heard, PATIENCE_SECONDS), heard
    assert wait_until(lambda: routing.states().get("StudioOldestUnfinished") == "suppressed", PATIENCE_SECONDS)
    assert sorted(set(heard)) == [("pager", "StudioReconcilerSilent"), ("tickets", "StudioManyRescued")]
