"""What asyncapi.json documents is what is sent: headers and payloads of messages as the code really builds them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import aio_pika
import jsonschema
import pytest

from studio_chassis.messaging.cloudevents import to_message
from studio_chassis.messaging.consumer import Consumer
from studio_chassis.messaging.dispositions import Reject, Retry
from studio_chassis.testing.broker import SimulatedBroker
from studio_chassis.testing.rabbit import SimulatedRabbit
from studio_contracts.events import Event
from studio_contracts.topology import STENCIL_JOB_CREATED, Queue
from studio_gateway.api.asyncapi import asyncapi
from studio_support.event_examples import EXAMPLES, example_event

DOCUMENT = asyncapi("1.0.0")
HEADERS: dict[str, Any] = DOCUMENT["components"]["schemas"]["CloudEventHeaders"]


class KeepingBroker(SimulatedBroker):
    """Keeps every message that is sent over it."""

    def __init__(self) -> None:
        super().__init__(SimulatedRabbit())
        self.sent: list[aio_pika.Message] = []

    async def send(self, exchange: str, routing_key: str, message: aio_pika.Message, *, mandatory: bool = True) -> None:
        self.sent.append(message)
        await super().send(exchange, routing_key, message, mandatory=mandatory)


@pytest.mark.parametrize("payload", EXAMPLES, ids=lambda payload: payload.type)
def test_a_published_event_has_the_documented_headers_and_payload_and_no_others(payload: Any) -> None:
    message = to_message(example_event(payload), "1.2.3")
    assert set(message.headers) == set(HEADERS["required"])
    jsonschema.validate(dict(message.headers), HEADERS)
    documented = DOCUMENT["components"]["messages"][type(payload).__name__]
    assert (message.content_type, message.type) == (documented["contentType"], documented["name"])
    jsonschema.validate(example_event(payload).data, documented["payload"])
    assert set(example_event(payload).data) == set(documented["payload"].get("properties", {}))


async def test_a_retried_and_a_dead_lettered_event_have_the_documented_headers_and_no_others() -> None:
    broker = KeepingBroker()
    errors: list[Exception] = [Reject("no use"), Retry("later", after=timedelta(seconds=1))]
    reported = asyncio.Event()

    async def handle(_: Event) -> None:
        raise errors.pop()

    async def dead_lettered(_: Event, queue: Queue) -> None:
        reported.set()

    consumer = Consumer(broker, STENCIL_JOB_CREATED, handle, dead_lettered, lambda: datetime(2026, 3, 1, tzinfo=UTC))
    await consumer.start()
    await broker.publish(example_event(EXAMPLES[0]))
    await asyncio.wait_for(reported.wait(), 60)
    await consumer.drain(5)
    used: set[str] = set()
    for message in broker.sent:
        jsonschema.validate(dict(message.headers), HEADERS)
        used |= set(message.headers)
    assert len(broker.sent) == 3
    assert used == set(HEADERS["properties"])
