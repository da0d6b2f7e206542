"""Replicate, as far as its documentation and recorded behaviour tell, and the internet in between."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx
from standardwebhooks.webhooks import Webhook

if TYPE_CHECKING:
    from studio_simulation.process import Life
    from studio_simulation.world import World

TOKEN = "r8_" + "x" * 37
SIGNING_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
RETRY_SECONDS = (1, 2, 4, 8, 16, 30)
PURGE_SECONDS = 3600.0
INFRASTRUCTURE = (
    "Director: unexpected error handling prediction (E9828)",
    "Prediction interrupted; please retry (code: PA)",
    "Service is temporarily unavailable (E004)",
)
MODEL = ("NSFW content detected in all outputs", "CUDA out of memory", "", None)
FINAL = ("succeeded", "failed", "canceled", "aborted")


@dataclass(eq=False)
class Prediction:
    """One paid prediction."""

    id: str
    inputs: dict[str, Any]
    webhook: str | None
    events: list[str]
    created: float
    created_at: str
    fate: str
    status: str = "starting"
    output: Any = None
    error: str | None = None
    ended: float | None = None
    ended_by: str = ""
    timers: list[asyncio.TimerHandle] = field(default_factory=list)


class Provider:
    """Predictions that run in virtual time, and the webhooks that tell of them."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.predictions: dict[str, Prediction] = {}
        self._echoes_webhook = world.random.random() < 0.5
        self._minds_cancel_after = world.random.random() < 0.7
        self._delivering = 0

    @property
    def is_idle(self) -> bool:
        """Whether no webhook is under way."""
        return not self._delivering

    # the wire

    async def answer(self, life: "Life", request: httpx.Request) -> httpx.Response:
        """What a process gets for its request, with all that may happen on the way there and back."""
        world = self._world
        if request.url.host.endswith("replicate.delivery"):
            return await self._file(life, request)
        await life.gate(f"{request.method} {request.url.path}", "before")
        await asyncio.sleep(world.latency())
        if world.away("http.refused") or world.happens("http.refused"):
            raise httpx.ConnectError("refused", request=request)
        problem = self._problem(request)
        if problem is not None:
            await asyncio.sleep(world.latency())
            await life.gate(f"{request.method} {request.url.path}", "after")
            return problem
        response = self._act(request)
        if world.happens("http.slow"):
            await asyncio.sleep(world.random.uniform(0.1, 25))
        await asyncio.sleep(world.latency())
        await life.gate(f"{request.method} {request.url.path}", "after")
        if world.happens("http.lost"):
            kind = world.random.randrange(3)
            world.say("provider", f"answer to {request.method} is lost")
            if kind == 0:
                raise httpx.ReadTimeout("lost", request=request)
            if kind == 1:
                raise httpx.RemoteProtocolError("lost", request=request)
            return httpx.Response(502, text="<html>bad gateway</html>", request=request)
        return response

    def _problem(self, request: httpx.Request) -> httpx.Response | None:
        world = self._world
        if request.headers.get("authorization") != f"Bearer {TOKEN}" or world.away("http.401"):
            return _told(401, "Unauthenticated", "You did not pass a valid authentication token")
        if world.away("http.5xx") or world.happens("http.5xx"):
            return httpx.Response(world.random.choice((500, 502, 503)), text="<html>sorry</html>")
        if request.method == "POST" and (world.away("http.402") or world.happens("http.402")):
            return _told(402, "Insufficient credit", "Go buy credit, then wait a few minutes")
        if world.away("http.429") or world.happens("http.429"):
            seconds = world.random.randint(1, 20)
            detail = f"Request was throttled. Your rate limit resets in ~{seconds}s."
            return _told(429, "Too many requests", detail, retry_after=seconds)
        return None

    def _act(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.removeprefix("/v1/predictions").strip("/").split("/")
        if request.method == "POST" and parts == [""]:
            cancel_after = int(request.headers["cancel-after"].removesuffix("s"))
            return httpx.Response(201, json=self._body(self._create(json.loads(request.content), cancel_after)))
        if parts == [""]:
            return self._list(request)
        prediction = self.predictions.get(parts[0])
        if prediction is None:
            return _told(404, "Not found", "The requested resource could not be found.")
        if request.method == "POST":
            self._end(prediction, "canceled", by="us")
        return httpx.Response(200, json=self._body(prediction))

    def _list(self, request: httpx.Request) -> httpx.Response:
        since = datetime.fromisoformat(request.url.params["created_after"].replace("Z", "+00:00"))
        start = int(request.url.params.get("cursor", "0"))
        found = [p for p in self.predictions.values() if datetime.fromisoformat(p.created_at) >= since][::-1]
        more = len(found) > start + 10
        following = str(request.url.copy_set_param("cursor", start + 10)) if more else None
        results = [self._body(prediction, listed=True) for prediction in found[start : start + 10]]
        return httpx.Response(200, json={"next": following, "previous": None, "results": results})

    def _body(self, prediction: Prediction, *, listed: bool = False) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": prediction.id,
            "status": prediction.status,
            "input": prediction.inputs,
            "output": prediction.output,
            "error": prediction.error,
            "logs": "",
            "created_at": prediction.created_at,
            "metrics": {"predict_time": 2.5} if prediction.status == "succeeded" else {},
            "unheard_of": {"key": 1},
        }
        if prediction.ended is not None and self._world.loop.time() - prediction.ended > PURGE_SECONDS:
            body |= {"output": None, "data_removed": True, "input": {}}
        if prediction.webhook is not None and (not listed or self._echoes_webhook):
            body["webhook"] = prediction.webhook
        return body

    # the life of a prediction

    def _create(self, body: dict[str, Any], cancel_after: int) -> Prediction:
        world, loop = self._world, self._world.loop
        prediction = Prediction(
            f"pred{len(self.predictions):04}",
            {key: value for key, value in body["input"].items() if key != "image"},
            body.get("webhook"),
            body.get("webhook_events_filter", []),
            loop.time(),
            world.now().isoformat(),
            self._fate(),
        )
        self.predictions[prediction.id] = prediction
        fast = world.happens("prediction.fast")
        start = 0.0 if fast else world.random.uniform(0.05, 5)
        end = start + (0.01 if fast else world.random.uniform(0.1, 30))
        fate = prediction.fate
        world.say("provider", f"creates {prediction.id} for {world.address_of(prediction)}: {fate}")
        if fate == "aborted":
            prediction.timers.append(loop.call_later(end, self._end, prediction, "aborted"))
        else:
            prediction.timers.append(loop.call_later(start, self._begin, prediction))
            if fate != "stuck":
                prediction.timers.append(loop.call_later(end, self._finish, prediction, fate))
        if self._minds_cancel_after:
            prediction.timers.append(loop.call_later(cancel_after, self._end, prediction, "canceled", "time"))
        return prediction

    def _fate(self) -> str:
        kinds = ("infrastructure", "model", "fewer", "null", "empty", "text", "aborted", "by_hand", "stuck")
        return next((kind for kind in kinds if self._world.happens(f"prediction.{kind}")), "fine")

    def _begin(self, prediction: Prediction) -> None:
        if prediction.status not in FINAL:
            prediction.status = self._world.random.choice(("starting", "processing"))
            self._notify(prediction, "start")

    def _finish(self, prediction: Prediction, fate: str) -> None:
        world = self._world
        if prediction.status in FINAL:
            return
        wanted = prediction.inputs["num_outputs"]
        urls = [f"https://replicate.delivery/pbxt/{prediction.id}/out-{index}.png" for index in range(wanted)]
        match fate:
            case "infrastructure":
                prediction.error = world.random.choice(INFRASTRUCTURE)
            case "model":
                prediction.error = world.random.choice(MODEL)
            case "fewer":
                prediction.output = urls[: wanted // 2]
            case "null":
                prediction.output = None
            case "empty":
                prediction.output = []
            case "text":
                prediction.output = urls[0]
            case "fine":
                prediction.output = urls
        states = {"infrastructure": "failed", "model": "failed", "by_hand": "canceled"}
        self._end(prediction, states.get(fate, "succeeded"))

    def _end(self, prediction: Prediction, status: str, by: str = "itself") -> None:
        if prediction.status in FINAL:
            return
        for timer in prediction.timers:
            timer.cancel()
        prediction.status, prediction.ended, prediction.ended_by = status, self._world.loop.time(), by
        self._world.say("provider", f"ends {prediction.id}: {status} by {by}")
        self._notify(prediction, "completed")

    # webhooks

    def _notify(self, prediction: Prediction, event: str) -> None:
        world = self._world
        if prediction.webhook is None or event not in prediction.events:
            return
        content = json.dumps(self._body(prediction)).encode()
        if world.happens("webhook.forged"):
            self._spawn(
                self._deliver(_forged(prediction, content), "forged", prediction.webhook[:-3] + "abc", 0, False)
            )
        if world.happens("webhook.lost"):
            world.say("provider", f"webhook {event} of {prediction.id} is lost")
            return
        for copy in range(2 if world.happens("webhook.twice") else 1):
            delay = world.random.uniform(0, 90) if world.happens("webhook.late") else world.latency()
            message = f"msg_{prediction.id}_{event}_{copy}"
            self._spawn(self._deliver(content, message, prediction.webhook, delay, event == "completed"))

    def _spawn(self, delivery: Any) -> None:
        self._delivering += 1
        self._world.spawn(delivery)

    async def _deliver(self, content: bytes, message: str, url: str, delay: float, retried: bool) -> None:
        world = self._world
        await asyncio.sleep(delay)
        for pause in (*RETRY_SECONDS, None) if retried else (None,):
            now = world.now()
            headers = {
                "content-type": "application/json",
                "webhook-id": message,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": Webhook(SIGNING_KEY).sign(message, now, content.decode()),
            }
            try:
                answer = await world.gateway().ask("POST", url, content=content, headers=headers)
                status = answer.status_code
            except ConnectionError:
                status = 0
            world.say("provider", f"webhook {message}: {status}")
            if 200 <= status < 400 or pause is None:
                break
            await asyncio.sleep(pause)
        self._delivering -= 1

    # files

    async def _file(self, life: "Life", request: httpx.Request) -> httpx.Response:
        world = self._world
        await life.gate("GET file", "before")
        await asyncio.sleep(world.latency())
        await life.gate("GET file", "after")
        prediction = self.predictions.get(request.url.path.split("/")[2])
        if world.happens("file.5xx"):
            return httpx.Response(503)
        gone = prediction is None or prediction.ended is None or world.loop.time() - prediction.ended > PURGE_SECONDS
        if gone or world.happens("file.404"):
            return httpx.Response(404)
        text = "broken" if world.happens("file.broken") else "picture"
        return httpx.Response(200, content=f"{text} {request.url}".encode())


def _told(status: int, title: str, detail: str, **more: Any) -> httpx.Response:
    return httpx.Response(status, json={"title": title, "detail": detail, "status": status, **more})


def _forged(prediction: Prediction, content: bytes) -> bytes:
    body = json.loads(content) | {"status": "succeeded", "output": ["https://replicate.delivery/pbxt/evil/out.png"]}
    return json.dumps(body).encode()
