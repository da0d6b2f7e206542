"""No secret of a run stands in anything that the run wrote."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aio_pika
import pytest
from typer.testing import CliRunner

from studio_cli.app import main
from studio_contracts.topology import EXCHANGE
from studio_local.infrastructure import Infrastructure
from studio_support.guarded_database import GuardedDatabase, guarded_database
from studio_support.running_studio import IMPATIENT, Studio, running_studio
from studio_support.secret_search import leaks, logs_of, planted, search, secrets_of, written


class Collector:
    """Keeps what is sent to it as spans, byte for byte."""

    def __init__(self) -> None:
        self.received = b""
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                collector.received += self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    collector = Collector()
    thread = threading.Thread(target=collector.server.serve_forever)
    thread.start()
    yield collector
    collector.server.shutdown()
    thread.join()
    collector.server.server_close()


class Listener:
    """Hears every message of the exchange, with its headers."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.heard = b""

    def bind(self) -> None:
        asyncio.run(self._bind())

    async def _bind(self) -> None:
        async with await aio_pika.connect(self._url) as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue("of-the-test", auto_delete=False)
            await queue.bind(EXCHANGE, "#")

    def hear(self) -> bytes:
        asyncio.run(self._hear())
        return self.heard

    async def _hear(self) -> None:
        async with await aio_pika.connect(self._url) as connection:
            queue = await (await connection.channel()).get_queue("of-the-test")
            while (message := await queue.get(fail=False)) is not None:
                self.heard += message.body + repr(dict(message.headers)).encode() + repr(message.message_id).encode()
                await message.ack()


def studio_command(studio: Studio, *arguments: str) -> str:
    done = CliRunner(env={**studio.stack.environment, "COLUMNS": "200"}).invoke(main, list(arguments))
    assert done.exit_code == 0, done.output
    return str(done.stdout)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedDatabase]:
    """In which each service works with its own rights alone."""
    with guarded_database(tmp_path_factory.mktemp("guarded")) as database:
        yield database


@pytest.fixture(scope="module")
def studio(
    infrastructure: Infrastructure,
    tmp_path_factory: pytest.TempPathFactory,
    collector: Collector,
    database: GuardedDatabase,
) -> Iterator[Studio]:
    """With keys, which sends its spans to the collector; its client has a key."""
    extra = {"STUDIO_ACCESS": "keys", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    folder = tmp_path_factory.mktemp("studio")
    with running_studio(infrastructure, folder, IMPATIENT | extra, database) as studio:
        key = studio_command(studio, "keys", "create", "test", "--owner", "ada").strip()
        studio.client.headers["Authorization"] = f"Bearer {key}"
        yield studio


def test_no_secret_is_in_logs_documents_messages_or_objects(studio: Studio) -> None:
    assert studio.run(count=2)["status"] == "completed"
    with studio.faults(prediction=[{"outcome": "failed", "failure": "nsfw"}], webhooks=[{"kind": "unsigned"}]) as mark:
        assert studio.run(mark)["status"] == "failed"
    names = set(secrets_of(studio.stack))
    assert names >= {"broker", "provider", "webhook_token", "webhook_signing_key", "webhook token 0"}
    assert leaks(studio.stack) == []


def test_the_search_finds_a_secret_that_is_there(studio: Studio) -> None:
    for name in ("provider", "webhook_signing_key", "broker"):
        path = planted(logs_of(studio.stack), secrets_of(studio.stack)[name])
        try:
            assert leaks(studio.stack) == [f"{name} in logs/planted.log"]
        finally:
            path.unlink()


def test_no_key_session_or_link_is_in_anything_that_the_run_wrote_or_answered(
    studio: Studio, collector: Collector, database: GuardedDatabase
) -> None:
    """Nor a password of the database."""
    listener = Listener(studio.stack.endpoints.rabbitmq_url)
    listener.bind()
    key = studio.client.headers["Authorization"].removeprefix("Bearer ")
    path = f"/v1/jobs/{studio.run(count=2)['id']}"
    link = studio.client.post(f"{path}/shares", json={"days": 1}).json()["url"].partition("#share=")[2]
    studio.client.post(f"{path}/shares/open", json={"token": link}).raise_for_status()
    studio.client.post("/v1/session", json={"key": key}).raise_for_status()
    session = studio.client.cookies["studio_session"]
    for wrong in ({"Authorization": f"Bearer {key[:-1]}x"}, {"Cookie": f"studio_session={key}"}):
        studio.client.get("/v1/jobs", headers=wrong)
    shown = [studio.get(address).content for address in (path, "/v1/jobs", f"{path}/shares", "/openapi.json")]
    shown += [studio_command(studio, *command).encode() for command in (("audit",), ("keys", "list"))]
    last = b"process postprocess.prediction-succeeded"
    job_id = path.rpartition("/")[2].encode()
    studio.until(lambda: job_id in collector.received and last in collector.received)
    secrets = {"key": key, "session": session, "link": link, **secrets_of(studio.stack), **database.passwords}
    places = [*written(studio.stack), ("messages", listener.hear()), ("answers", b"".join(shown))]
    places.append(("traces", collector.received))
    kinds = {place.partition("/")[0].partition(" ")[0] for place, content in places if job_id in content}
    assert kinds >= {"logs", "jobs", "audit", "messages", "answers", "traces"}, "not everything was looked through"
    assert list(search(secrets, places)) == []
    assert not [place for place, content in places if b"not authorized" in content], "a service lacks a right"
