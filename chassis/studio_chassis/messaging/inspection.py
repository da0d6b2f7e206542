"""Whether the topology is there: each exchange, each queue, and each binding, which only a message can show."""

import asyncio
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
    attendance = await asyncio.gather(*(_is_attended(connection, queue.name) for queue in QUEUES))
    attended = [queue.name for queue, is_attended in zip(QUEUES, attendance, strict=True) if is_attended]
    declared = [one for one in DECLARATIONS if not isinstance(one, Binding)]
    there = await asyncio.gather(*(_is_there(connection, one) for one in declared))
    missing += [str(one) for one, is_there in zip(declared, there, strict=True) if not is_there]
    bindings = [
        one
        for one in DECLARATIONS
        if isinstance(one, Binding) and not {f"exchange {one.exchange}", f"queue {one.queue}"} & set(missing)
    ]
    bound = await asyncio.gather(*(_is_bound(connection, one, attended) for one in bindings))
    missing += [str(one) for one, is_bound in zip(bindings, bound, strict=True) if not is_bound]
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
