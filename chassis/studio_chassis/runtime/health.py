"""What a service tells its operator over HTTP: alive, ready, metrics. Plain ASGI: workers have no web framework."""

import json
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from prometheus_client import make_asgi_app

from studio_chassis.errors import Unavailable
from studio_chassis.messaging.consumer import Consumer

Scope = MutableMapping[str, Any]
Send = Callable[[Scope], Awaitable[None]]
Receive = Callable[[], Awaitable[Scope]]

STALLED_SECONDS = 120.0
"""A worker that consumes nothing for so long asks to be restarted."""


class Health:
    """`/healthz`: the loop lives and no consumer is deaf. `/readyz`: database answers, consumers are registered."""

    def __init__(
        self, service: str, build: str, ping: Callable[[], Awaitable[None]], consumers: Sequence[Consumer]
    ) -> None:
        self._service = service
        self._build = build
        self._ping = ping
        self._consumers = consumers
        self._heard = time.monotonic()
        self._metrics = make_asgi_app()
        self.stopping = False

    def live(self) -> tuple[int, dict[str, Any]]:
        """Status code and body of /healthz."""
        if not any(consumer.is_stalled for consumer in self._consumers):
            self._heard = time.monotonic()
        deaf = time.monotonic() - self._heard
        return (200 if deaf < STALLED_SECONDS else 503), {
            "service": self._service,
            "build": self._build,
            "not_consuming_seconds": round(deaf, 1),
        }

    async def ready(self) -> tuple[int, dict[str, Any]]:
        """Status code and body of /readyz."""
        try:
            await self._ping()
            database = True
        except Unavailable:
            database = False
        queues = {consumer.queue.name: consumer.paused_because or consumer.is_consuming for consumer in self._consumers}
        ready = database and not self.stopping and all(queues.values())
        return (200 if ready else 503), {"service": self._service, "database": database, "queues": queues}

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


async def _answer(send: Send, status: int, body: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
