"""What a service shows its operator over HTTP: alive, ready, metrics. Plain ASGI: workers have no web framework."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Protocol

import structlog
from prometheus_client import make_asgi_app

from studio_chassis.errors import Unavailable
from studio_contracts.topology import Queue

Scope = MutableMapping[str, Any]
Send = Callable[[Scope], Awaitable[None]]
Receive = Callable[[], Awaitable[Scope]]

log = structlog.get_logger()
STALLED_SECONDS = 120.0
"""A worker that consumes nothing for so long asks to be restarted."""


class ConsumerState(Protocol):
    """What health asks of a consumer."""

    @property
    def queue(self) -> Queue: ...
    @property
    def is_consuming(self) -> bool: ...
    @property
    def is_stalled(self) -> bool: ...
    @property
    def is_overdue(self) -> bool: ...
    @property
    def oldest_in_flight_seconds(self) -> float: ...
    @property
    def paused_because(self) -> str | None: ...
    @property
    def deferred_because(self) -> str | None: ...


class Health:
    """`/healthz`: the loop lives and each consumer consumes. `/readyz`: database answers, no message is overdue.

    Both name the `instance`, so that a process can be distinguished from another one on the same port.
    """

    def __init__(
        self,
        service: str,
        build: str,
        instance: str,
        ping: Callable[[], Awaitable[None]],
        consumers: Sequence[ConsumerState],
        check_broker: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._service = service
        self._build = build
        self._instance = instance
        self._consumers = consumers
        self._dependencies = {"database": ping} | ({"broker": check_broker} if check_broker is not None else {})
        self._told: dict[str, str] = {}
        self.index_problems: tuple[str, ...] = ()
        """Indexes that the database refuses, as named by the job store. They slow questions down, and stop nothing."""
        self._heard = time.monotonic()
        self._metrics = make_asgi_app(disable_compression=True)
        self.stopping = False

    def live(self) -> tuple[int, dict[str, Any]]:
        """Status code and body of /healthz."""
        if not any(consumer.is_stalled for consumer in self._consumers):
            self._heard = time.monotonic()
        not_consuming = time.monotonic() - self._heard
        return (200 if not_consuming < STALLED_SECONDS else 503), {
            "service": self._service,
            "build": self._build,
            "instance": self._instance,
            "not_consuming_seconds": round(not_consuming, 1),
        }

    async def ready(self) -> tuple[int, dict[str, Any]]:
        """Status code and body of /readyz."""
        reasons = dict(filter(None, await asyncio.gather(*map(self._reason, self._dependencies))))
        if reasons != self._told and reasons:
            log.warning("not ready", **reasons)
        self._told = reasons
        database = "database" not in reasons
        consuming = all(consumer.is_consuming and not consumer.is_overdue for consumer in self._consumers)
        return (200 if database and consuming and not self.stopping else 503), {
            "service": self._service,
            "instance": self._instance,
            "database": database,
            "reasons": reasons,
            "queues": {consumer.queue.name: _state(consumer) for consumer in self._consumers},
            "index_problems": self.index_problems,
        }

    async def _reason(self, dependency: str) -> tuple[str, str] | None:
        """Why it cannot be used, with its name; None where it can."""
        try:
            await self._dependencies[dependency]()
        except Unavailable as error:
            return dependency, str(error)
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        match scope["path"]:
            case "/healthz":
                await _answer(send, *self.live())
            case "/readyz":
                await _answer(send, *await self.ready())
            case "/metrics":
                await self._metrics(scope, receive, send)
            case _:
                await _answer(send, 404, {"title": "Not found", "known": ["/healthz", "/readyz", "/metrics"]})


def _state(consumer: ConsumerState) -> str | bool:
    """Why a consumer pauses, puts messages off or is not ready, else whether it consumes."""
    if consumer.is_overdue:
        return f"a message is in flight for {consumer.oldest_in_flight_seconds:.0f} s"
    return consumer.paused_because or consumer.deferred_because or consumer.is_consuming


async def _answer(send: Send, status: int, body: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
