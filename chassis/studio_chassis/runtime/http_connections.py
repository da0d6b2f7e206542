"""uvicorn's HTTP connections, none of which can be held for nothing.

A connection that waits for its client has a time-out for the headers of its first request, and for those of each that
it has begun. A full process closes the connections that have waited longest, so thousands of idle or slow ones keep
nobody out. Nor has one address more than half of them, where it is not that of a trusted proxy, behind which many
clients are.
"""

import asyncio
from typing import Any

import h11
import structlog
import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.h11_impl import H11Protocol

from studio_chassis.observability import metrics

HEADER_SECONDS = 15.0
"""Until the headers of a request have arrived, from the connection or from their first byte."""
MAX_HEADER_BYTES = 32 * 1024
CLOSED_TOGETHER = 20
"""The share of its connections that a full process closes in one pass, so that not each new one costs a pass."""
log = structlog.get_logger()


class ConnectionsConfig(uvicorn.Config):
    """uvicorn's configuration, and how many connections a process keeps."""

    def __init__(self, app: Any, *, max_connections: int, **options: Any) -> None:
        super().__init__(
            app,
            http=GuardedConnection,
            ws="none",
            server_header=False,
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            **options,
        )
        self.max_connections = max_connections
        self.proxies = ProxyHeadersMiddleware(app, self.forwarded_allow_ips).trusted_hosts


class GuardedConnection(H11Protocol):
    """One connection. `waits_since` is when it began to wait, or to receive what it has not received in full."""

    config: ConnectionsConfig
    waits_since = 0.0
    _header_timer: asyncio.TimerHandle | None = None

    @property
    def waits(self) -> bool:
        """Whether the client has to act: to send a request or the rest of it, or to read its response."""
        if self.cycle is None or self.cycle.response_complete:
            return True
        return self.conn.their_state is h11.SEND_BODY or self.flow.write_paused

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.waits_since = self.loop.time()
        if not self._has_room():
            transport.abort()
            return
        self._header_timer = self.loop.call_later(HEADER_SECONDS, self._end_waiting)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        requests = self.cycle
        super().data_received(data)
        if self.cycle is not requests:
            self.waits_since = self.loop.time()
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_timer()
        elif self._header_timer is None and not self.transport.is_closing():
            self._header_timer = self.loop.call_later(HEADER_SECONDS, self._end_waiting)

    def on_response_complete(self) -> None:
        self.waits_since = self.loop.time()
        super().on_response_complete()

    def _has_room(self) -> bool:
        """Whether the connection may stay, after others were closed if need be."""
        others = [one for one in self.connections if one is not self and isinstance(one, GuardedConnection)]
        per_address = self.config.max_connections // 2
        if len(others) >= per_address and (address := self._address) not in self.config.proxies:
            from_there = [one for one in others if one._address == address]
            if len(from_there) >= per_address:
                return self._make_room(from_there)
        return len(others) < self.config.max_connections or self._make_room(others)

    @property
    def _address(self) -> str:
        return self.client[0] if self.client else ""

    def _make_room(self, others: list["GuardedConnection"]) -> bool:
        waiting = sorted((one for one in others if one.waits), key=lambda one: one.waits_since)
        closed = waiting[: max(1, len(others) // CLOSED_TOGETHER)]
        for one in closed:
            one.close_waiting()
        return bool(closed)

    def close_waiting(self) -> None:
        """Close the connection immediately, whatever it was to receive."""
        metrics.connections_closed.inc()
        self.connections.discard(self)
        self.transport.abort()

    def _end_waiting(self) -> None:
        self._header_timer = None
        self.close_waiting()

    def _stop_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None
