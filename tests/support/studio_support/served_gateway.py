"""The gateway in memory on a real port, in a thread of its own, as the service runs it."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import uvicorn

from studio_chassis.runtime.service import open_port, server_config
from studio_contracts.access import Scope
from studio_contracts.brief import JobKind
from studio_domain.prediction import PredictionStatus
from studio_support.gateway_in_memory import GatewayInMemory, open_gateway

START_SECONDS = 60
T = TypeVar("T")


class _Collector(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__(logging.ERROR)
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)


class ServedGateway:
    """What `serving` gives. The inner gateway belongs to the thread: it is changed through these methods only."""

    def __init__(self, listening: socket.socket, **settings: Any) -> None:
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.inner = GatewayInMemory(lambda: datetime.now(UTC), **settings)
        self.secret = self.inner.secret
        self.published = self.inner.published
        self.server_errors: list[logging.LogRecord] = []
        """What the web server itself logged as an error: an exception that no handler of ours took."""
        self._listening = listening
        self._ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),))

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        logging.getLogger("uvicorn.error").addHandler(_Collector(self.server_errors))
        async with open_gateway(self.inner):
            config = server_config(self.inner.app, self.inner.definition, drain_seconds=1)
            self._server = uvicorn.Server(config)
            self._ready.set()
            await self._server.serve(sockets=[self._listening])

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(START_SECONDS)

    def stop(self) -> None:
        """As SIGTERM does; fails when something keeps the gateway from stopping."""
        self.inner.health.stopping = True
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
        assert not self._thread.is_alive(), "the gateway does not stop"

    def key(self, owner: str, *scopes: Scope) -> str:
        """A new API key of the owner."""
        return self._run(self.inner.key(owner, *scopes))

    def accept(self, job_id: str, count: int = 1, kind: JobKind = "painted") -> None:
        self._run(self.inner.accept(job_id, count, kind))

    def start_prediction(self, job_id: str) -> None:
        """The stencil is drawn, and the one slot's prediction is under way."""

        async def start() -> None:
            await self.inner.draw(job_id, (1,))
            await self.inner.predict(job_id, 0, PredictionStatus.PROCESSING)

        self._run(start())

    def plan(self, job_id: str, slots: Sequence[int]) -> None:
        """The stencils are drawn; each slot is to deliver its number of pictures."""
        self._run(self.inner.draw(job_id, slots))

    def start_slot(self, job_id: str, slot: int) -> None:
        """The slot's prediction is under way."""
        self._run(self.inner.predict(job_id, slot, PredictionStatus.PROCESSING))

    def deliver(self, job_id: str, slot: int) -> None:
        """The slot delivers one picture."""
        self._run(self.inner.deliver(job_id, slot))

    def finish(self, job_id: str, slots: Sequence[int] = (1,)) -> None:
        self._run(self.inner.finish(job_id, slots=slots))

    def finish_draft(self, job_id: str) -> None:
        self._run(self.inner.finish_draft(job_id))

    def fail(self, job_id: str) -> None:
        self._run(self.inner.fail(job_id))

    def flush_publishing(self) -> None:
        self._run(self.inner.jobs.outbox.flush())

    def settle(self) -> None:
        """Wait until every request has been answered, and no connection is left open but idle ones."""
        deadline = time.monotonic() + START_SECONDS
        while self._server.server_state.tasks:
            assert time.monotonic() < deadline, "a request is never answered"
            time.sleep(0.01)

    def lose_files(self, *, but: str = "") -> None:
        """The object store has no files any more, or only those whose keys contain `but`."""
        for key in [key for key in self.inner.bucket if not but or but not in key]:
            del self.inner.bucket[key]

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)


@contextmanager
def serving(**settings: Any) -> Iterator[ServedGateway]:
    """A gateway with these settings on a free port of the loopback."""
    with open_port("127.0.0.1", 0) as listening:
        gateway = ServedGateway(listening, **settings)
        gateway.start()
        try:
            yield gateway
        finally:
            gateway.stop()
