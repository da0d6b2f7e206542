"""How the provider's webhooks reach the gateway: signed, and lost, late, doubled or forged as the seed has it."""

import asyncio
import json
from typing import TYPE_CHECKING, Any

from standardwebhooks.webhooks import Webhook

if TYPE_CHECKING:
    from studio_simulation.predictions import Prediction
    from studio_simulation.world import World

SIGNING_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FOREIGN_KEY = "whsec_" + "c3RyYW5nZXI=" * 2
RETRY_SECONDS = (1, 2, 4, 8, 16, 30)


class Webhooks:
    """Deliveries under way."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._under_way = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    def notify(self, prediction: "Prediction", event: str, body: dict[str, Any]) -> None:
        """Send the prediction to the gateway, if its creator asked for webhooks."""
        world = self._world
        if prediction.webhook is None or event not in prediction.events:
            return
        if world.happens("webhook.forged"):
            self._forge(prediction.webhook, body)
        if world.happens("webhook.unknown_kind"):
            kind: dict[str, Any] = {"kind": f"prediction.{event}.v2", "data": {"prediction": body}}
            self._spawn(self._tell(prediction, json.dumps(kind).encode(), f"kind_{prediction.id}", 0, retried=False))
        if world.happens("webhook.lost"):
            world.say("provider", f"webhook {event} of {prediction.id} is lost")
            return
        content = json.dumps(body).encode()
        for copy in range(2 if world.happens("webhook.twice") else 1):
            delay = world.random.uniform(0, 90) if world.happens("webhook.late") else world.latency()
            message = f"msg_{prediction.id}_{event}_{copy}"
            self._spawn(self._tell(prediction, content, message, delay, retried=event == "completed"))

    def _forge(self, url: str, body: dict[str, Any]) -> None:
        """Without the right token, or without the right key."""
        content = body | {"status": "succeeded", "output": ["https://replicate.delivery/pbxt/evil/out.png"]}
        lacks_token = self._world.random.random() < 0.5
        start, _, slot = url.rpartition("replicate/")
        another = f"{start}replicate/{'x' * 43}/{slot.partition('/')[2]}"
        url, key = (another, SIGNING_KEY) if lacks_token else (url, FOREIGN_KEY)
        self._spawn(self._post(json.dumps(content).encode(), "forged", url, key))

    def _spawn(self, delivery: Any) -> None:
        async def counted() -> None:
            await delivery
            self._under_way -= 1

        self._under_way += 1
        self._world.spawn(counted())

    async def _tell(
        self, prediction: "Prediction", content: bytes, message: str, delay: float, *, retried: bool
    ) -> None:
        await asyncio.sleep(delay)
        assert prediction.webhook is not None
        for pause in (*RETRY_SECONDS, None) if retried else (None,):
            status = await self._post(content, message, prediction.webhook, SIGNING_KEY)
            if 200 <= status < 300:
                prediction.reported = True
            if 200 <= status < 400 or pause is None:
                return
            await asyncio.sleep(pause)

    async def _post(self, content: bytes, message: str, url: str, key: str) -> int:
        """The status of the answer, 0 for none."""
        now = self._world.now()
        headers = {
            "content-type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(key).sign(message, now, content.decode()),
        }
        try:
            answer = await self._world.gateway().ask("POST", url, content=content, headers=headers)
            status = answer.status_code
        except ConnectionError:
            status = 0
        self._world.say("provider", f"webhook {message}: {status}")
        return status
