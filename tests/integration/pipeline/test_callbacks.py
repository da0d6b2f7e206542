"""Clients are called over real HTTP, broker and database: the receiver of the how-to page, and a library of others."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from replicate.webhook import InvalidSignatureError, Webhooks, WebhookSigningSecret
from typer.testing import CliRunner

from studio_chassis.messaging.consumer import Consumer
from studio_chassis.persistence.job_service import JobService
from studio_chassis.runtime.service import open_service_context
from studio_cli.app import main
from studio_contracts.brief import Brief
from studio_contracts.callbacks import Callback
from studio_contracts.job import Job, Limits
from studio_domain.domain_events import CancelRequested
from studio_local.infrastructure import Endpoints, Infrastructure
from studio_reconciler.app import build
from studio_reconciler.settings import ReconcilerSettings

PAGE = Path(__file__).parents[3] / "docs" / "howto" / "receive-callbacks.md"
MASTERS = {
    "STUDIO_CALLBACK_SECRET": "the new master secret of this test alone",
    "STUDIO_CALLBACK_SECRET_PREVIOUS": "the old master secret of this test alone",
}
PATIENCE_SECONDS = 120


@pytest.fixture
def endpoints(infrastructure: Infrastructure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoints]:
    with infrastructure.isolated() as endpoints:
        values = MASTERS | {
            "RABBITMQ_URL": endpoints.rabbitmq_url,
            "MONGODB_URL": endpoints.mongodb_url,
            "STUDIO_DATABASE": endpoints.database,
            "OBJECT_STORE_URL": tmp_path.as_uri(),
            "REPLICATE_API_TOKEN": "r8_test",
            "STUDIO_CALLBACKS": "local",
        }
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        yield endpoints


@asynccontextmanager
async def reconciler() -> AsyncIterator[JobService]:
    """Its consumers alone, in this process."""
    settings = ReconcilerSettings()
    async with open_service_context("reconciler", settings) as context, build(context, settings) as definition:
        consumers = [
            Consumer(context.broker, handler.queue, handler.bound_to(context.jobs), context.jobs.dead_lettered)
            for handler in definition.handlers
        ]
        await asyncio.gather(*(consumer.start() for consumer in consumers))
        yield context.jobs
        await asyncio.gather(*(consumer.drain(5) for consumer in consumers))


async def ended(jobs: JobService, url: str) -> str:
    """The id of a job that a client cancelled, and wants to be called about."""
    job_id = str(uuid4())
    callback, metadata = Callback(url=url), {"order": "2026-114"}
    await jobs.accept(
        Brief(prompt="a pond"),
        job_id=job_id,
        seed=1,
        traceparent="",
        limits=Limits(),
        callback=callback,
        metadata=metadata,
    )
    await jobs.apply(job_id, CancelRequested())
    return job_id


async def until(jobs: JobService, job_id: str, condition: Callable[[Any], bool]) -> Job:
    """The job once the condition holds of its call."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            job = await jobs.load(job_id)
            if job.callback is not None and job.callback.calls and condition(job.callback.calls[0]):
                return job
            await asyncio.sleep(0.02)


async def command(*arguments: str) -> str:
    result = await asyncio.to_thread(CliRunner(env={"COLUMNS": "200"}).invoke, main, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def receiver_of_the_page(port: int, secrets: str) -> Iterator[subprocess.Popen[str]]:
    """The example as it stands on the page, in a process of its own."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    environment = {"PATH": os.environ["PATH"], "PORT": str(port), "CALLBACK_SECRETS": secrets}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not _listens(port):
                assert time.monotonic() < deadline, "the receiver did not start"
                time.sleep(0.02)
            yield process
        finally:
            process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_the_how_to_s_receiver_gets_the_calls_also_when_it_starts_late(endpoints: Endpoints) -> None:
    port = free_port()
    secrets = await command("callbacks", "secret")
    async with reconciler() as jobs:
        job_id = await ended(jobs, f"http://localhost:{port}/studio")
        await until(jobs, job_id, lambda call: call.attempts > 0)
        shown = await command("callbacks", "list")
        assert "Calls to clients that failed: 1" in shown
        assert all(text in shown for text in (job_id, "job.canceled", "localhost", "waiting", "ConnectError"))
        with receiver_of_the_page(port, secrets) as receiver:
            assert "1 call would be made again" in await command("callbacks", "replay", "--waiting", "--dry-run")
            assert "1 call made again" in await command("callbacks", "replay", "--waiting", "--job", job_id)
            assert "callback.replayed" in await command("audit", "--target", job_id)
            await until(jobs, job_id, lambda call: call.state == "delivered")
            assert receiver.stdout is not None
            heard = await asyncio.wait_for(asyncio.to_thread(receiver.stdout.readline), PATIENCE_SECONDS)
            assert heard == f"job.canceled {job_id} {{'order': '2026-114'}}\n"
        assert "Calls to clients that failed: 0" in await command("callbacks", "list")


async def test_the_how_to_s_receiver_refuses_a_wrong_signature(endpoints: Endpoints) -> None:
    port = free_port()
    secrets = await command("callbacks", "secret", "somebody else")
    async with reconciler() as jobs:
        with receiver_of_the_page(port, secrets):
            job_id = await ended(jobs, f"http://localhost:{port}/studio")
            job = await until(jobs, job_id, lambda call: call.attempts > 0)
        assert job.callback is not None
        assert job.callback.calls[0].reason == "answered 401"


async def test_another_s_library_verifies_a_call_with_either_secret(endpoints: Endpoints) -> None:
    calls: list[tuple[dict[str, str], str]] = []

    class Keeping(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Keeping) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        async with reconciler() as jobs:
            job_id = await ended(jobs, f"http://127.0.0.1:{server.server_port}/")
            await until(jobs, job_id, lambda call: call.state == "delivered")
        server.shutdown()
        thread.join()
    ((headers, body),) = calls
    for secret in (await command("callbacks", "secret")).split():
        Webhooks.validate(headers=headers, body=body, secret=WebhookSigningSecret(key=secret), tolerance=60)
    stranger = WebhookSigningSecret(key=(await command("callbacks", "secret", "somebody else")).split()[0])
    with pytest.raises(InvalidSignatureError):
        Webhooks.validate(headers=headers, body=body, secret=stranger)
    replaced = (await command("callbacks", "rotate", "somebody else")).split()
    new = replaced[0]
    assert stranger.key in replaced[1:]
    assert (await command("callbacks", "secret", "somebody else")).split() == replaced
    entries = await command("audit", "--action", "callback-secret.rotated")
    assert "somebody else" in entries
    assert new not in entries
