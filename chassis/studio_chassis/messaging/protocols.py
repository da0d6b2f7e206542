"""What a broker must do for its users: RabbitMQ behind `Broker`, or the one in memory that tests use."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import aio_pika

from studio_contracts.events import Event
from studio_contracts.topology import Queue


class Delivery(Protocol):
    """One message given to a consumer, to be acknowledged or rejected once."""

    @property
    def headers(self) -> Mapping[str, Any]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def content_type(self) -> str | None: ...
    @property
    def type(self) -> str | None: ...
    @property
    def message_id(self) -> str | None: ...
    @property
    def correlation_id(self) -> str | None: ...
    @property
    def consumer_tag(self) -> str | None:
        """Name of the broker's queue it was consumed from, to which a retry returns; None of what was fetched."""

    @property
    def channel(self) -> object:
        """What it came over. Raises ChannelInvalidStateError when that is gone: the broker delivers it again."""

    async def ack(self) -> None:
        """Acknowledge it. Raises ChannelInvalidStateError when the connection it came over is gone."""

    async def reject(self, requeue: bool = False) -> None:
        """Requeue it, or have the broker dead-letter it."""


class WorkQueue(Protocol):
    """A queue as its consumer sees it, on a channel of its own."""

    async def consume(self, callback: Callable[[Delivery], Awaitable[None]], /) -> None:
        """Have every message handed to `callback`."""

    async def cancel(self) -> None:
        """Take no more; what is in flight may still be settled."""

    async def close(self) -> None:
        """Close the channel; what is not settled goes back to the queue."""


class DeadLetterSource(Protocol):
    """A dead-letter queue from which messages are fetched one by one. What is not settled goes back at the end."""

    async def next(self) -> Delivery | None:
        """The next message, or None when there is none left. Raises Unavailable."""


class MessageBroker(Protocol):
    """One connection to the broker."""

    @property
    def ready(self) -> asyncio.Event:
        """Set once the broker was reached and the topology is declared."""

    @property
    def is_connected(self) -> bool:
        """Whether publishing is possible."""

    async def check(self) -> None:
        """Raises Unavailable with the cause while there is no connection."""

    async def publish(self, event: Event) -> None:
        """Publish to the event exchange. Raises Unavailable."""

    async def send(self, exchange: str, routing_key: str, message: aio_pika.Message, *, mandatory: bool = True) -> None:
        """Publish; a mandatory message that no queue takes is an error. Raises Unavailable."""

    async def open_queue(self, queue: Queue) -> WorkQueue:
        """The queue on a channel of its own, which holds as many messages as its prefetch allows."""

    async def ready_count(self, queue: Queue) -> int:
        """How many messages are ready in the queue. Raises Unavailable."""

    async def dead_letter_count(self, queue: Queue) -> int:
        """How many messages are in its dead-letter queue. Raises Unavailable."""

    def dead_letters(self, queue: Queue) -> AbstractAsyncContextManager[DeadLetterSource]:
        """Its dead-letter queue, to fetch from. Raises Unavailable."""
