"""Webhooks as the provider sends them: signed, intermediate events once, terminal ones again for about a minute."""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import httpx
from standardwebhooks import Webhook

from studio_standin.faults import Event, WebhookFault, WebhookKind

RETRY_AFTER = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between the tries of a terminal event; the last is one minute after the first."""

_STALE = timedelta(minutes=10)
_WRONG_KEY = os.urandom(32)


class Message(NamedTuple):
    """`id` stays the same however often the message is sent."""

    id: str
    url: str
    event: Event
    body: str


@dataclass(frozen=True)
class Delivery:
    """One try. `answer` is the receiver's status, or None with the reason in `error`."""

    webhook_id: str
    event: Event
    sent_at: datetime
    answer: int | None
    error: str | None = None

    @property
    def retryable(self) -> bool:
        return self.answer is None or self.answer >= 400


class Sender:
    def __init__(
        self, client: httpx.AsyncClient, signing_key: str, time_scale: float, clock: Callable[[], datetime]
    ) -> None:
        self._client = client
        self._webhook = Webhook(signing_key)
        self._retry_after = tuple(seconds * time_scale for seconds in RETRY_AFTER)
        self._clock = clock

    async def deliver(
        self, message: Message, faults: Sequence[WebhookFault], record: Callable[[Delivery], None]
    ) -> None:
        """Send a message, as often as it takes or as the provider tries; every try is recorded."""
        kinds = {fault.kind for fault in faults}
        if "lost" in kinds:
            record(Delivery(message.id, message.event, self._clock(), None, "lost"))
            return
        await self._send(message, kinds, record)
        if "duplicate" in kinds:
            await self._send(message, kinds, record)
        if "repeat" in kinds:
            await self._send(message._replace(id=message.id + "-again"), kinds, record)

    async def _send(self, message: Message, kinds: set[WebhookKind], record: Callable[[Delivery], None]) -> None:
        delivery = await self._try(message, kinds)
        record(delivery)
        for seconds in self._retry_after if message.event == "completed" else ():
            if not delivery.retryable:
                return
            await asyncio.sleep(seconds)
            delivery = await self._try(message, kinds)
            record(delivery)

    async def _try(self, message: Message, kinds: set[WebhookKind]) -> Delivery:
        now = self._clock()
        headers = {"Content-Type": "application/json", **self._signature(message, now, kinds)}
        try:
            response = await self._client.post(message.url, content=message.body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Delivery(message.id, message.event, now, None, f"{type(error).__name__}: {error}")
        return Delivery(message.id, message.event, now, response.status_code)

    def _signature(self, message: Message, now: datetime, kinds: set[WebhookKind]) -> dict[str, str]:
        if "unsigned" in kinds:
            return {}
        signed_at = now - _STALE if "stale" in kinds else now
        wrong = Webhook(_WRONG_KEY).sign(message.id, signed_at, message.body)
        right = self._webhook.sign(message.id, signed_at, message.body)
        signature = wrong if "wrong_signature" in kinds else right
        if "two_signatures" in kinds:
            signature = f"{wrong} {signature}"
        if "malformed_signature" in kinds:
            signature = "not-a-signature"
        return {
            "webhook-id": message.id,
            "webhook-timestamp": str(int(signed_at.timestamp())),
            "webhook-signature": signature,
        }
