"""The broker: one robust connection, the declared topology, and publishing with confirms."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aio_pika
import structlog
from aio_pika.abc import AbstractExchange, AbstractRobustChannel, AbstractRobustConnection
from aio_pika.exceptions import ChannelNotFoundEntity, PublishError

from studio_chassis.errors import Unavailable
from studio_chassis.messaging.cloudevents import to_message
from studio_chassis.messaging.connection import CLOSE_SECONDS, CONNECTION_ERRORS, open_connection, run_on_connection
from studio_chassis.messaging.declaration import declare
from studio_chassis.messaging.inspection import existing_parts
from studio_chassis.messaging.protocols import DeadLetterSource, WorkQueue
from studio_chassis.messaging.queues import open_dead_letters, open_work_queue, ready_messages
from studio_chassis.observability import metrics
from studio_chassis.observability.logs import cause_of
from studio_contracts import topology
from studio_contracts.events import Event
from studio_contracts.topology import Queue

PUBLISH_SECONDS = 5.0
CONNECT_SECONDS = 0.5
"""Between attempts to connect. Services are up before a broker that starts with them, and wait for it."""
RECONNECT_SECONDS = 1.0
SETUP_SECONDS = 30.0
"""A connection that breaks at the wrong moment leaves the opening of a channel waiting without end."""
CHECK_SECONDS = 3.0
SETUP_RETRY_SECONDS = 5.0
log = structlog.get_logger()


class Broker:
    """A connection that comes back by itself. While it is away, publishing raises Unavailable immediately."""

    def __init__(self, url: str, service: str, build: str, partitions: int = 1, *, declares: bool = True) -> None:
        self._url = url
        self._service = service
        self._build = build
        self._partitions = partitions
        self._former: dict[str, tuple[str, ...]] = {}
        self._declares = declares
        self._connection: AbstractRobustConnection | None = None
        self._channel: AbstractRobustChannel | None = None
        self._exchanges: dict[str, AbstractExchange] = {}
        self._declaring = asyncio.Lock()
        self._declarations = 0
        self.ready = asyncio.Event()

    @property
    def is_connected(self) -> bool:
        """Whether the connection stands and its publishing channel is open."""
        channel = self._channel
        return (
            self._connection is not None
            and self._connection.connected.is_set()
            and channel is not None
            and not channel.is_closed
        )

    async def check(self) -> None:
        """Raises Unavailable with the cause while there is no connection, for aio-pika keeps it to itself."""
        if self.is_connected:
            return
        try:
            connection = await open_connection(self._url, CHECK_SECONDS)
        except CONNECTION_ERRORS as error:
            raise Unavailable(f"broker: {cause_of(error)}") from error
        await connection.close()
        if not self.is_connected:
            raise Unavailable("broker: it answers, and the connection is set up again")

    async def connect(self) -> None:
        """Connect, however long the broker takes to appear, and declare the topology."""
        while not self.ready.is_set():
            try:
                await self._set_up()
            except Exception as error:  # noqa: BLE001 - as in `run_on_connection`: it must not stop a consumer
                log.error("broker set-up failed", reason=f"{type(error).__name__}: {error}")
                with suppress(*CONNECTION_ERRORS):
                    await run_on_connection(CLOSE_SECONDS, self.close())
                await asyncio.sleep(SETUP_RETRY_SECONDS)

    async def _set_up(self) -> None:
        connection = await aio_pika.connect_robust(
            self._url,
            timeout=10,
            fail_fast="0",
            reconnect_interval=CONNECT_SECONDS,
            heartbeat=20,
            client_properties={"connection_name": f"studio-{self._service}"},
        )
        self._connection = connection
        await self._declare(self._declarations)
        connection.close_callbacks.add(self._on_disconnected)
        connection.reconnect_callbacks.add(self._on_reconnected)
        channel = connection.channel(publisher_confirms=True, on_return_raises=True)
        await run_on_connection(SETUP_SECONDS, channel.initialize())
        self._channel = channel
        self.ready.set()
        log.info("broker connected")

    def _on_disconnected(self, *_: Any) -> None:
        log.warning("broker connection lost")

    async def _on_reconnected(self, *_: Any) -> None:
        log.info("broker connection regained")
        with suppress(*CONNECTION_ERRORS):  # a broker that lost its disk lacks what the channels do not restore
            await self._declare(self._declarations)

    async def _declare(self, known: int) -> None:
        """Declare the topology, unless that was done since `known` declarations. Raises one of CONNECTION_ERRORS."""
        async with self._declaring:  # of many messages that are returned together, the first one does it
            if self._connection is not None and self._declares and self._declarations == known:
                await run_on_connection(SETUP_SECONDS, declare(self._connection, self._partitions))
                self._declarations += 1

    async def publish(self, event: Event) -> None:
        """Publish to the event exchange; returns once the broker has taken responsibility. Raises Unavailable."""
        message = to_message(event, self._build)
        await self.send(topology.EXCHANGE, event.type, message, mandatory=event.type in topology.MANDATORY_TYPES)
        metrics.published.labels(event.type).inc()

    async def send(self, exchange: str, routing_key: str, message: aio_pika.Message, *, mandatory: bool = True) -> None:
        """Publish with confirm; a mandatory message that no queue takes is an error. Raises Unavailable.

        Where a queue or an exchange is missing, the topology is declared again before that.
        """
        known = self._declarations
        try:
            await self._send(exchange, routing_key, message, mandatory)
        except (PublishError, ChannelNotFoundEntity) as error:
            log.error("no queue took a message: declaring the topology again", exchange=exchange, key=routing_key)
            try:
                await self._declare(known)
                await self._send(exchange, routing_key, message, mandatory)
            except (PublishError, *CONNECTION_ERRORS):
                raise Unavailable(f"broker: {routing_key} was not taken by any queue") from error

    async def _send(self, exchange: str, routing_key: str, message: aio_pika.Message, mandatory: bool) -> None:
        """As `send`. Raises PublishError, ChannelNotFoundEntity and Unavailable."""
        if self._channel is None or not self.is_connected:
            raise Unavailable("broker: not connected")
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                if exchange not in self._exchanges:
                    self._exchanges[exchange] = await self._channel.get_exchange(exchange, ensure=False)
                await self._exchanges[exchange].publish(message, routing_key, mandatory=mandatory)
        except (PublishError, ChannelNotFoundEntity):
            raise
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # the task was not cancelled: as in `run_on_connection`, without a task for each message
            raise Unavailable("broker: the connection broke") from error
        except Exception as error:
            raise Unavailable(f"broker: {cause_of(error)}") from error

    async def open_queue(self, queue: Queue) -> WorkQueue:
        """The queue on a channel of its own, which holds about as many messages as its prefetch allows.

        Waits for the broker. Queue, bindings and consumers are restored after a reconnect.
        Raises one of CONNECTION_ERRORS.
        """
        await self.ready.wait()
        assert self._connection is not None
        former = await self._former_parts(self._connection, queue)
        work = open_work_queue(self._connection, queue, self._partitions, former)
        return await run_on_connection(SETUP_SECONDS, work)

    async def _former_parts(self, connection: AbstractRobustConnection, queue: Queue) -> tuple[str, ...]:
        """The broker's queues of another number of partitions, in which messages may wait.

        Looked for once, for with another number a service starts anew. Raises one of CONNECTION_ERRORS.
        """
        if queue.partitioned and queue.name not in self._former:
            existing = await run_on_connection(SETUP_SECONDS, existing_parts(connection, queue))
            self._former[queue.name] = tuple(name for name in existing if name not in queue.parts(self._partitions))
        return self._former.get(queue.name, ())

    async def ready_count(self, queue: Queue) -> int:
        """How many messages are ready in the queue, given to no consumer. Raises Unavailable."""
        return await self._count(queue.name, *queue.parts(self._partitions))

    async def dead_letter_count(self, queue: Queue) -> int:
        """How many messages are in its dead-letter queue. Raises Unavailable."""
        return await self._count(queue.dead_letter_queue, queue.dead_letter_queue)

    async def _count(self, name: str, *parts: str) -> int:
        if self._connection is None or not self.is_connected:
            raise Unavailable("broker: not connected")
        try:
            return await run_on_connection(PUBLISH_SECONDS, ready_messages(self._connection, parts))
        except CONNECTION_ERRORS as error:
            raise Unavailable(f"broker: {name}: {cause_of(error)}") from error

    @asynccontextmanager
    async def dead_letters(self, queue: Queue) -> AsyncIterator[DeadLetterSource]:
        """Its dead-letter queue, to fetch from. Raises Unavailable."""
        if self._connection is None or not self.is_connected:
            raise Unavailable("broker: not connected")
        channel = aio_pika.Channel(self._connection)
        try:
            yield await run_on_connection(SETUP_SECONDS, open_dead_letters(channel, queue))
        except CONNECTION_ERRORS as error:
            raise Unavailable(f"broker: {queue.dead_letter_queue}: {cause_of(error)}") from error
        finally:
            with suppress(*CONNECTION_ERRORS):
                await run_on_connection(CLOSE_SECONDS, channel.close())

    async def close(self) -> None:
        """Close the connection; what is not acknowledged goes back to its queue."""
        if self._connection is not None:
            await self._connection.close()


@asynccontextmanager
async def open_broker(
    url: str, service: str, build: str, partitions: int = 1, *, declares: bool = True
) -> AsyncIterator[Broker]:
    """A broker that connects in the background, so that a service starts while RabbitMQ is down.

    An operator's command declares nothing: its number of partitions may not be that of the services.
    """
    broker = Broker(url, service, build, partitions, declares=declares)
    connecting = asyncio.create_task(broker.connect())
    try:
        yield broker
    finally:
        connecting.cancel()
        with suppress(asyncio.CancelledError):
            await connecting
        with suppress(*CONNECTION_ERRORS):  # on a broken connection the close is not answered
            await run_on_connection(CLOSE_SECONDS, broker.close())
