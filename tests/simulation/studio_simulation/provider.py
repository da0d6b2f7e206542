"""Replicate, as its documentation and recorded behaviour describe it, and the network between."""

import asyncio
import base64
import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx

from studio_simulation.faults import LIST_LAG_SECONDS
from studio_simulation.predictions import (
    ENDLESS,
    FAILING,
    FINAL,
    FOREIGN,
    FOREIGN_PREDICTIONS,
    INFRASTRUCTURE,
    MODEL,
    PAGE,
    UNKNOWN_STATUSES,
    Prediction,
)
from studio_simulation.webhooks import Webhooks

if TYPE_CHECKING:
    from studio_simulation.process import Life
    from studio_simulation.world import World

TOKEN = "r8_" + "x" * 37
PURGE_SECONDS = 3600.0
QUEUED_SECONDS, RUN_SECONDS = (0.05, 5.0), (0.1, 30.0)
"""Between which bounds a prediction waits, and runs."""


class Provider:
    """Predictions that run in virtual time."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.predictions: dict[str, Prediction] = {}
        self._echoes_webhook = world.random.random() < 0.5
        self._minds_cancel_after = world.random.random() < 0.7
        self.webhooks = Webhooks(world)
        self.searches: dict[str, list[float]] = {}
        """When the list was read from its first page, by the moment that was looked back to."""

    # the wire

    async def answer(self, life: "Life", request: httpx.Request) -> httpx.Response:
        """What a process gets for its request, with all that may happen on the way there and back."""
        world = self._world
        if request.headers["host"].endswith("replicate.delivery"):
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
            kind = world.random.randrange(4)
            world.say("provider", f"answer to {request.method} is lost")
            if kind == 0:
                raise httpx.ReadTimeout("lost", request=request)
            if kind == 1:
                raise httpx.RemoteProtocolError("lost", request=request)
            if kind == 2:
                return httpx.Response(499, text="<html>client closed request</html>", request=request)
            return httpx.Response(502, text="<html>bad gateway</html>", request=request)
        return response

    def _problem(self, request: httpx.Request) -> httpx.Response | None:
        world = self._world
        if request.headers.get("authorization") != f"Bearer {TOKEN}" or world.away("http.401"):
            return _told(401, "Unauthenticated", "You did not pass a valid authentication token")
        if world.away("http.foreign") or world.happens("http.foreign"):
            place = {"location": "https://elsewhere.example/"}
            return httpx.Response(world.random.choice(FOREIGN), text="<html>proxy</html>", headers=place)
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
        after, now = request.url.params["created_after"], self._world.loop.time()
        since = datetime.fromisoformat(after.replace("Z", "+00:00"))
        foreign_predictions = ENDLESS if self._world.happens("list.endless") else self._world.faults.foreign_predictions
        start, foreign_predictions = json.loads(request.url.params.get("cursor", f"[0, {foreign_predictions}]"))
        known = [p for p in self.predictions.values() if p.listed <= now and p.created_at >= since][::-1]
        if start == 0:
            self.searches.setdefault(after, []).append(now)
        found = [
            *FOREIGN_PREDICTIONS[:foreign_predictions],
            *(self._body(prediction, listed=True) for prediction in known),
        ]
        cursor = json.dumps([start + PAGE, foreign_predictions])
        following = str(request.url.copy_set_param("cursor", cursor)) if len(found) > start + PAGE else None
        page = found[start : start + PAGE]
        return httpx.Response(200, json={"next": following, "previous": None, "results": page})

    def _body(self, prediction: Prediction, *, listed: bool = False) -> dict[str, Any]:
        odd = prediction.status not in FINAL and self._world.happens("prediction.unknown_status")
        body: dict[str, Any] = {
            "id": prediction.id,
            "status": self._world.random.choice(UNKNOWN_STATUSES) if odd else prediction.status,
            "input": prediction.inputs,
            "output": prediction.output,
            "error": prediction.error,
            "logs": "",
            "created_at": prediction.created_at.isoformat(),
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
            hashlib.sha256(base64.b64decode(body["input"]["image"].partition(",")[2])).hexdigest(),
            body.get("webhook"),
            body.get("webhook_events_filter", []),
            loop.time(),
            world.now(),
            loop.time() + (world.random.uniform(0, LIST_LAG_SECONDS) if world.happens("list.lag") else 0),
            self._draw_outcome(),
            world.happens("prediction.failing"),
        )
        self.predictions[prediction.id] = prediction
        world.checks.money.created()
        fast = world.happens("prediction.fast")
        start = 0.0 if fast else world.random.uniform(*QUEUED_SECONDS)
        end = start + (0.01 if fast else world.random.uniform(*RUN_SECONDS))
        outcome = prediction.outcome
        world.say("provider", f"creates {prediction.id} for {world.address_of(prediction)}: {outcome}")
        if outcome == "aborted":
            prediction.timers.append(loop.call_later(end, self._end, prediction, "aborted"))
        else:
            prediction.timers.append(loop.call_later(start, self._begin, prediction))
            if outcome != "stuck":
                prediction.timers.append(loop.call_later(end, self._finish, prediction, outcome))
        if self._minds_cancel_after:
            prediction.timers.append(loop.call_later(cancel_after, self._end, prediction, "canceled", "time"))
        return prediction

    def _draw_outcome(self) -> str:
        kinds = ("infrastructure", "model", "fewer", "null", "empty", "text", "aborted", "by_hand", "stuck")
        return next((kind for kind in kinds if self._world.happens(f"prediction.{kind}")), "fine")

    def _begin(self, prediction: Prediction) -> None:
        if prediction.status not in FINAL:
            prediction.status = self._world.random.choice(("starting", "processing"))
            self.webhooks.notify(prediction, "start", self._body(prediction))

    def _finish(self, prediction: Prediction, outcome: str) -> None:
        world = self._world
        if prediction.status in FINAL:
            return
        wanted = prediction.inputs["num_outputs"]
        urls = [f"https://replicate.delivery/pbxt/{prediction.id}/out-{index}.png" for index in range(wanted)]
        match outcome:
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
        self._end(prediction, states.get(outcome, "succeeded"))

    def _end(self, prediction: Prediction, status: str, by: str = "itself") -> None:
        if prediction.status in FINAL:
            return
        for timer in prediction.timers:
            timer.cancel()
        prediction.status, prediction.ended, prediction.ended_by = status, self._world.loop.time(), by
        self._world.say("provider", f"ends {prediction.id}: {status} by {by}")
        self.webhooks.notify(prediction, "completed", self._body(prediction))

    # files

    async def _file(self, life: "Life", request: httpx.Request) -> httpx.Response:
        world = self._world
        await life.gate("GET file", "before")
        await asyncio.sleep(world.latency())
        await life.gate("GET file", "after")
        prediction = self.predictions.get(request.url.path.split("/")[2])
        if world.happens("file.5xx"):
            return httpx.Response(503)
        if prediction is None or prediction.ended is None or world.loop.time() - prediction.ended > PURGE_SECONDS:
            return httpx.Response(404)
        if world.happens("file.404"):
            return httpx.Response(404)
        text = "broken" if world.happens("file.broken") else FAILING if prediction.failing else "picture"
        return httpx.Response(200, content=f"{text} {request.url}".encode())


def _told(status: int, title: str, detail: str, **more: Any) -> httpx.Response:
    return httpx.Response(status, json={"title": title, "detail": detail, "status": status, **more})
