"""Exchanges, queues and bindings of `topology` as they are declared to the broker, one by one."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, Literal

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed
from aiormq.exceptions import ChannelAccessRefused

from studio_contracts import topology
from studio_contracts.topology import Queue

DLQ_ARGUMENTS: dict[str, Any] = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}
"""Looking at a dead letter counts as a delivery, and RabbitMQ 4's default limit would drop it after twenty looks."""
PARTITION_WEIGHT = "1"
"""The routing key of a partition's binding is its weight: all get as much."""
REFUSALS = (ChannelNotFoundEntity, ChannelPreconditionFailed, ChannelAccessRefused)
"""What the broker answers when one declaration cannot be had; it closes the channel with it, not the connection."""
log = structlog.get_logger()


@dataclass(frozen=True)
class ExchangeDeclaration:
    """A durable exchange."""

    name: str
    type: Literal["topic", "fanout"]

    async def declare(self, channel: AbstractChannel) -> None:
        await channel.declare_exchange(self.name, self.type, durable=True)

    async def inspect(self, channel: AbstractChannel) -> None:
        """Raises one of REFUSALS when it is missing or another one."""
        await channel.declare_exchange(self.name, self.type, durable=True, passive=True)

    def __str__(self) -> str:
        return f"exchange {self.name}"


@dataclass(frozen=True)
class PartitionExchange:
    """A durable exchange that gives what belongs to one job to one of the queues bound to it.

    Its type comes with RabbitMQ as the plugin rabbitmq_consistent_hash_exchange.
    """

    name: str

    async def declare(self, channel: AbstractChannel, *, passive: bool = False) -> AbstractExchange:
        return await channel.declare_exchange(
            self.name,
            aio_pika.ExchangeType.X_CONSISTENT_HASH,
            durable=True,
            passive=passive,
            arguments={"hash-header": "ce-subject"},
        )

    async def inspect(self, channel: AbstractChannel) -> None:
        """Raises one of REFUSALS when it is missing or another one."""
        await self.declare(channel, passive=True)

    def __str__(self) -> str:
        return f"exchange {self.name}"


@dataclass(frozen=True)
class QueueDeclaration:
    """A durable queue with its arguments."""

    name: str
    arguments: dict[str, Any] = field(hash=False)

    async def declare(self, channel: AbstractChannel) -> None:
        await channel.declare_queue(self.name, durable=True, arguments=self.arguments)

    async def inspect(self, channel: AbstractChannel) -> None:
        """Raises one of REFUSALS when it is missing. Other arguments than ours show in `declare` alone."""
        await channel.declare_queue(self.name, passive=True)

    def __str__(self) -> str:
        return f"queue {self.name}"


@dataclass(frozen=True)
class Binding:
    """Messages of that routing key go from the exchange to the queue; of a fanout exchange, all do."""

    exchange: str
    routing_key: str
    queue: str

    async def declare(self, channel: AbstractChannel) -> None:
        queue = await channel.get_queue(self.queue, ensure=False)
        await queue.bind(self.exchange, self.routing_key)

    def __str__(self) -> str:
        return f"binding of {self.routing_key or 'everything'} from {self.exchange} to {self.queue}"


@dataclass(frozen=True)
class ExchangeBinding:
    """Messages of that routing key go from one exchange to the other."""

    exchange: str
    routing_key: str
    to: str

    async def declare(self, channel: AbstractChannel) -> None:
        destination = await channel.get_exchange(self.to, ensure=False)
        await destination.bind(self.exchange, self.routing_key)

    def __str__(self) -> str:
        return f"binding of {self.routing_key} from {self.exchange} to {self.to}"


Declaration = ExchangeDeclaration | PartitionExchange | QueueDeclaration | Binding | ExchangeBinding


def _quorum(dead_letter: dict[str, Any]) -> dict[str, Any]:
    return {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        **dead_letter,
    }


def work_arguments(queue: Queue) -> dict[str, Any]:
    """Arguments of a work queue: a message that ends its consumers again and again comes into the dead-letter queue."""
    return _quorum({"x-dead-letter-routing-key": queue.dead_letter_queue, "x-delivery-limit": topology.DELIVERY_LIMIT})


def retry_arguments(delay: timedelta) -> dict[str, Any]:
    """Arguments of a delay queue: after the delay a message returns to the queue named by its own routing key."""
    return _quorum({"x-message-ttl": int(delay.total_seconds() * 1000)})


def _work_queue(queue: Queue, partitions: int) -> Iterable[Declaration]:
    parts = queue.parts(partitions)
    yield from (QueueDeclaration(part, work_arguments(queue)) for part in parts)
    if parts == (queue.name,):
        yield from (Binding(topology.EXCHANGE, event_type, queue.name) for event_type in queue.types)
        return
    yield PartitionExchange(queue.name)
    yield from (Binding(queue.name, PARTITION_WEIGHT, part) for part in parts)
    # last: an exchange without queues would drop what gets into it
    yield from (ExchangeBinding(topology.EXCHANGE, event_type, queue.name) for event_type in queue.types)


@cache
def declarations(partitions: int) -> tuple[Declaration, ...]:
    """The whole topology with that number of partitions of the busiest queues, in an order that can be declared."""
    declared: list[Declaration] = [ExchangeDeclaration(topology.EXCHANGE, "topic")]
    for queue in topology.QUEUES:
        declared.append(QueueDeclaration(queue.dead_letter_queue, DLQ_ARGUMENTS))
        declared += _work_queue(queue, partitions)
    for delay in topology.RETRY_DELAYS:
        name = topology.retry_exchange(delay)
        declared += [ExchangeDeclaration(name, "fanout"), QueueDeclaration(name, retry_arguments(delay))]
        declared.append(Binding(name, "", name))
    return tuple(declared)


def fingerprint() -> str:
    """A hash of all that is declared: eight hexadecimal digits that change when the arguments of any queue do.

    It does not depend on the number of partitions, which may change without a loss.
    """
    declared = [[type(one).__name__, asdict(one)] for one in declarations(1)]
    return hashlib.sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest()[:8]


async def declare(connection: AbstractConnection, partitions: int) -> tuple[str, ...]:
    """Declare the topology, each part by itself; repeating it changes nothing. What the broker refuses, and why.

    What this user has no right to declare is left to the services that have it, and is not among that.

    Raises what a connection raises that breaks in between.
    """
    refused: list[str] = []
    channel = await _open(connection)
    for declaration in declarations(partitions):
        try:
            await declaration.declare(channel)
        except ChannelAccessRefused as error:
            log.debug("declaration left to others", declaration=str(declaration), reason=str(error))
            channel = await _open(connection)
        except REFUSALS as error:
            refused.append(f"{declaration}: {error}")
            log.error("declaration refused", declaration=str(declaration), reason=str(error))
            channel = await _open(connection)
    await channel.close()
    return tuple(refused)


async def _open(connection: AbstractConnection) -> AbstractChannel:
    # A channel made by the connection would be a robust one: it would be restored after a break, and never closed.
    channel = aio_pika.Channel(connection)
    await channel.initialize()
    return channel
