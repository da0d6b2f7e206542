"""Whether the topology is there: each exchange, each queue, and each binding, which only a message can show."""

from typing import Any

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import PublishError

from studio_chassis.messaging.cloudevents import PROBE
from studio_chassis.messaging.declaration import REFUSALS, Binding, Declaration, ExchangeBinding, declarations
from studio_contracts.topology import EXCHANGE, MOST_PARTITIONS, QUEUES, Queue

_PARTITION_EXCHANGES = frozenset(queue.name for queue in QUEUES if queue.partitioned)
"""Names of exchanges that have partitions behind them."""


async def missing_declarations(connection: AbstractConnection, partitions: int) -> list[str]:
    """What is missing, by name. A binding is tried by a probe, which consumers acknowledge unread.

    Bindings whose exchange or queue is missing are not listed, and those whose probe no consumer would acknowledge are
    not tried. Nor are those of a single partition: no message is sent to it on purpose, and without its binding the
    others share what was its. Raises what a connection that breaks raises.
    """
    missing: list[str] = []
    # One after the other: the client gives the number of a channel that the broker has just closed to the next one, and
    # the broker may see the second opened before it knows that the first is closed.
    attended = await _attended(connection, partitions)
    for declaration in declarations(partitions):
        if isinstance(declaration, Binding | ExchangeBinding):
            if {f"exchange {declaration.exchange}", *_destination(declaration)} & set(missing):
                continue
            found = await _is_bound(connection, declaration, attended)
        else:
            found = await _is_there(connection, declaration)
        if not found:
            missing.append(str(declaration))
    return missing


async def existing_parts(connection: AbstractConnection, queue: Queue) -> dict[str, Any]:
    """The broker's queues that hold messages of the queue, whatever the number of partitions, and its counts of each.

    Empty where there is none. The broker logs each question that has the answer no: ask rarely.
    """
    found = {}
    if (whole := await inspect_queue(connection, queue.name)) is not None:
        found[queue.name] = whole
    for number in range(MOST_PARTITIONS if queue.partitioned else 0):
        name = queue.partition(number)
        if (part := await inspect_queue(connection, name)) is None:
            break  # they are declared in the order of their numbers
        found[name] = part
    return found


async def inspect_queue(connection: AbstractConnection, name: str) -> Any:
    """The broker's counts of messages and consumers, or None when there is no such queue."""
    try:
        async with aio_pika.Channel(connection) as channel:
            return (await channel.declare_queue(name, passive=True)).declaration_result
    except REFUSALS:
        return None


async def _attended(connection: AbstractConnection, partitions: int) -> list[str]:
    """Queues that have a consumer, and the exchanges before partitions that all have one."""
    attended: list[str] = []
    for queue in QUEUES:
        parts = queue.parts(partitions)
        found = [await inspect_queue(connection, part) for part in parts]
        consumed = [part for part, counts in zip(parts, found, strict=True) if counts and counts.consumer_count]
        attended += consumed
        if len(consumed) == len(parts) > 1:
            attended.append(queue.name)
    return attended


def _destination(binding: Binding | ExchangeBinding) -> set[str]:
    return {f"queue {binding.queue}"} if isinstance(binding, Binding) else {f"exchange {binding.to}"}


async def _is_there(connection: AbstractConnection, declaration: Declaration) -> bool:
    assert not isinstance(declaration, Binding | ExchangeBinding)
    try:
        async with aio_pika.Channel(connection) as channel:
            await declaration.inspect(channel)
    except REFUSALS:
        return False
    return True


async def _is_bound(connection: AbstractConnection, binding: Binding | ExchangeBinding, attended: list[str]) -> bool:
    """Whether a message gets from the exchange to its destination; from a delay queue it goes on to a consumed one."""
    if binding.exchange == EXCHANGE:
        to = binding.queue if isinstance(binding, Binding) else binding.to
        routing_key = binding.routing_key if to in attended else None
    elif binding.exchange in _PARTITION_EXCHANGES:
        routing_key = None
    else:
        routing_key = next(iter(attended), None)
    if routing_key is None:
        return True
    probe = aio_pika.Message(b"{}", headers={PROBE: 1}, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    async with aio_pika.Channel(connection, publisher_confirms=True, on_return_raises=True) as channel:
        exchange = await channel.get_exchange(binding.exchange, ensure=False)
        try:
            await exchange.publish(probe, routing_key, mandatory=True)
        except PublishError:
            return False
    return True
