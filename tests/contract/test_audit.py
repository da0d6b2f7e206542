"""`make audit` distinguishes: no advisories, some, and advisories that could not be looked up."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

AUDIT = Path(__file__).parents[2] / "deploy" / "audit.py"
ADVISORY = {
    "id": "PYSEC-2026-1",
    "summary": "It can be made to fall over",
    "affected": [
        {
            "package": {"name": "motor", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}],
        }
    ],
}
Serve = Callable[[bool], str]


@pytest.fixture
def advisories() -> Iterator[Serve]:
    """Starts a server in the manner of OSV, with or without an advisory about motor; returns its URL."""
    servers: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def serve(vulnerable: bool) -> str:
        class Osv(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                hit = vulnerable and asked["package"]["name"] == "motor"
                answer: dict[str, Any] = {"vulns": [ADVISORY]} if hit else {}
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Osv)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/v1/query"

    yield serve
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def audit(url: str, cache: Path) -> subprocess.CompletedProcess[str]:
    options = ["--vulnerability-service", "osv", "--osv-url", url, "--cache-dir", str(cache)]
    return subprocess.run([sys.executable, str(AUDIT), *options], capture_output=True, text=True, timeout=120)


def test_packages_without_advisories_are_said_to_be_safe(advisories: Serve, tmp_path: Path) -> None:
    done = audit(advisories(False), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("No advisory about ")


def test_an_advisory_is_named_with_the_version_that_fixes_it(advisories: Serve, tmp_path: Path) -> None:
    done = audit(advisories(True), tmp_path)
    assert done.returncode == 1
    assert "motor" in done.stdout
    assert "PYSEC-2026-1, fixed in 99.1" in done.stdout


def test_it_is_said_where_advisories_cannot_be_reached(tmp_path: Path) -> None:
    done = audit("http://127.0.0.1:9/v1/query", tmp_path)
    assert done.returncode == 3
    assert "not checked" in done.stderr.lower() or "nothing was checked" in done.stderr.lower()
    assert "make audit" in done.stderr
