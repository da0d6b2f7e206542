"""One stand-in and one receiver of webhooks for all tests here, both real servers on loopback."""

import base64
import io
import json
import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import httpx
import pytest
import uvicorn
from PIL import Image

from studio_standin.app import create_app
from studio_standin.settings import Settings

TOKEN = "r8_contract"
SIGNING_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SDXL = "39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b"
PATIENCE_SECONDS = 120.0


def free_port() -> int:
    """Below the ephemeral range, so that no outgoing connection takes it first."""
    first = 21000 + os.getpid() * 10 % 10000  # test processes side by side start looking in different places
    for port in range(first, 32768):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


def until(condition: Callable[[], Any]) -> Any:
    """The first true value of the condition."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError("the condition never came true")


def png(size: tuple[int, int] = (96, 64)) -> bytes:
    image = Image.new("RGB", size, "#0075BC")
    image.paste("#E4C4AA", (0, 0, size[0] // 2, size[1]))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def data_uri(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


class Hook(NamedTuple):
    """A webhook as it came in."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.raw))


@dataclass
class Receiver:
    """Answers each path with its next scripted status, then 200; `next` hands out what came in on a path."""

    url: str
    scripts: dict[str, list[int]] = field(default_factory=dict)
    received: dict[str, queue.Queue[Hook]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def inbox(self, path: str) -> "queue.Queue[Hook]":
        with self.lock:
            return self.received.setdefault(path, queue.Queue())

    def next(self, path: str) -> Hook:
        return self.inbox(path).get(timeout=PATIENCE_SECONDS)

    def answer(self, hook: Hook) -> int:
        self.inbox(hook.path).put(hook)
        with self.lock:
            script = self.scripts.get(hook.path)
            return script.pop(0) if script else 200


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    port = free_port()
    receiver = Receiver(f"http://127.0.0.1:{port}")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.answer(Hook(self.path, headers, raw)))
            self.send_header("Location", f"{receiver.url}/moved")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            content = png((40, 24))
            self.send_response(200 if self.path == "/init.png" else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield receiver
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Standin:
    url: str
    http: httpx.Client

    def faults(self, **sections: Any) -> None:
        assert self.http.put("/standin/faults", json=sections).status_code == 200

    def post(self, *, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        """A valid create call unless `body` says otherwise."""
        body = {"version": SDXL, "input": {"prompt": "waves", "seed": 7, "image": data_uri(png())}} | body
        return self.http.post("/v1/predictions", json=body, headers=headers)

    def create(self, *, webhook: str | None = None, events: list[str] | None = None, **given: Any) -> str:
        """The id of a new prediction of a small picture."""
        body: dict[str, Any] = {"input": {"prompt": "waves", "seed": 7, "image": data_uri(png())} | given}
        if webhook:
            body |= {"webhook": webhook, "webhook_events_filter": events or ["completed"]}
        answer = self.post(**body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def get(self, prediction_id: str) -> dict[str, Any]:
        answer = self.http.get(f"/v1/predictions/{prediction_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def until_status(self, prediction_id: str, *statuses: str) -> dict[str, Any]:
        return dict(until(lambda: (body := self.get(prediction_id))["status"] in statuses and body))

    def finished(self, **given: Any) -> dict[str, Any]:
        """A prediction run to its end."""
        return self.until_status(self.create(**given), "succeeded", "failed", "canceled", "aborted")

    def ledger(self) -> dict[str, Any]:
        return dict(self.http.get("/standin/ledger").json())

    def entry(self, prediction_id: str) -> dict[str, Any]:
        return next(entry for entry in self.ledger()["predictions"] if entry["id"] == prediction_id)


def serve(**settings: Any) -> Iterator[Standin]:
    """A stand-in with these settings, until the generator is closed."""
    port = free_port()
    defaults: dict[str, Any] = {
        "port": port,
        "api_token": TOKEN,
        "webhook_signing_key": SIGNING_KEY,
        "delay_seconds": 0,
    }
    app = create_app(Settings(**(defaults | settings)))
    # a configuration of uvicorn's loggers would outlive the server, in tests of what they write
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started or not thread.is_alive())
    url = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60, trust_env=False) as http:
        yield Standin(url, http)
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def shared_standin() -> Iterator[Standin]:
    yield from serve(time_scale=0.01)


@pytest.fixture
def standin(shared_standin: Standin) -> Iterator[Standin]:
    """No delay, the provider's clocks a hundred times faster, and no faults left over."""
    yield shared_standin
    shared_standin.http.delete("/standin/faults")
