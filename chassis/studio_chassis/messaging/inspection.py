"""Whether the topology is there: each exchange, each queue, and each binding, which only a message can show."""

from typing import Any

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import PublishError

from studio_chassis.messaging.cloudevents import PROBE
from studio_chassis.messaging.declaration import (
    DECLARATIONS,
    REFUSALS,
    Binding,
    ExchangeDeclaration,
    QueueDeclaration,
)
from studio_contracts.topology import EXCHANGE, QUEUES


async def missing_declarations(connection: AbstractConnection) -> list[str]:
    """What is missing, by name. A binding is tried by a probe, which consumers acknowledge unread.

    Bindings whose exchange or queue is missing are not listed, and those whose probe no consumer would acknowledge are
    not tried. Raises what a connection that breaks raises.
    """
    missing: list[str] = []
    # One after the other: the client gives the number of a channel that the broker has just closed to the next one, and
    # the broker may see the second opened before it knows that the first is closed.
    attended = [queue.name for queue in QUEUES if await _is_attended(connection, queue.name)]
    for declaration in DECLARATIONS:
        if isinstance(declaration, Binding):
            if {f"exchange {declaration.exchange}", f"queue {declaration.queue}"} & set(missing):
                continue
            found = await _is_bound(connection, declaration, attended)
        else:
            found = await _is_there(connection, declaration)
        if not found:
            missing.append(str(declaration))
    return missing


async def inspect_queue(connection: AbstractConnection, name: str) -> Any:
    """The broker's counts of messages and consumers, or None when there is no such queue."""
    try:
        async with aio_pika.Channel(connection) as channel:
            return (await channel.declare_queue(name, passive=True)).declaration_result
    except REFUSALS:
        return None


async def _is_attended(connection: AbstractConnection, name: str) -> bool:
    found = await inspect_queue(connection, name)
    return found is not None and bool(found.consumer_count)


async def _is_there(connection: AbstractConnection, declaration: ExchangeDeclaration | QueueDeclaration) -> bool:
    try:
        async with aio_pika.Channel(connection) as channel:
            await declaration.inspect(channel)
    except REFUSALS:
        return False
    return True


async def _is_bound(connection: AbstractConnection, binding: Binding, attended: list[str]) -> bool:
    """Whether a message gets from the exchange into the queue; from a delay queue it goes on to a consumed one."""
    if binding.exchange == EXCHANGE:
        routing_key = binding.routing_key if binding.queue in attended else None
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
