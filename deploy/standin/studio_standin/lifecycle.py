"""Runs predictions from their start to their end, and sends their webhooks."""

import asyncio
import json
import logging
from base64 import b64encode
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

import httpx

from studio_standin import runs
from studio_standin.faults import FAILURES, Event, FaultInjector, WebhookFault
from studio_standin.files import Files
from studio_standin.pictures import PictureError, Recipe
from studio_standin.predictions import Prediction, Status, Store, new_id, view
from studio_standin.settings import Settings
from studio_standin.uploads import Uploads
from studio_standin.webhooks import Message, Sender

PURGE_AFTER_SECONDS = 3600.0
THROTTLE_SECONDS = 0.5
_STARTING_SHARE = 0.1  # of the whole delay
log = logging.getLogger(__name__)


class Lifecycle:
    def __init__(
        self,
        settings: Settings,
        store: Store,
        files: Files,
        uploads: Uploads,
        sender: Sender,
        fault_injector: FaultInjector,
        client: httpx.AsyncClient,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._store = store
        self._files = files
        self._uploads = uploads
        self._sender = sender
        self._fault_injector = fault_injector
        self._client = client
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: dict[str, asyncio.Task[None]] = {}

    def start(self, prediction: Prediction) -> None:
        """Store a prediction and run it in the background."""
        evicted = self._store.add(prediction)
        if evicted is not None:
            self._forget(evicted)
        self._running[prediction.id] = self._spawn(self._run(prediction))
        if prediction.deadline is not None:
            seconds = (prediction.deadline - prediction.created_at).total_seconds() * self._settings.time_scale
            asyncio.get_running_loop().call_later(seconds, self._expire, prediction.id)

    def cancel(self, prediction: Prediction) -> None:
        """By the user. A finished prediction stays as it is."""
        if prediction.is_terminal:
            return
        prediction.started_at = prediction.started_at or self._clock()
        prediction.logs = prediction.logs or None
        self._finish(prediction, "canceled")

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, prediction: Prediction) -> None:
        try:
            await self._predict(prediction)
        except (runs.ModelError, PictureError) as error:
            self._finish(prediction, "failed", str(error))
        except Exception:  # a prediction that never ends would look like a webhook that was lost
            log.exception("prediction %s met an error of the stand-in", prediction.id)
            self._finish(prediction, "failed", FAILURES["unknown"])

    async def _predict(self, prediction: Prediction) -> None:
        fault, loop = prediction.fault, asyncio.get_running_loop()
        delay = self._settings.delay_seconds if fault.delay_seconds is None else fault.delay_seconds
        end = loop.time() + delay
        await asyncio.sleep(delay * _STARTING_SHARE)
        if fault.outcome == "aborted":
            self._finish(prediction, "aborted")
            return
        if fault.outcome == "stuck_starting":
            await asyncio.Event().wait()
        self._begin(prediction)
        if fault.outcome == "stuck_processing":
            await asyncio.Event().wait()
        recipes = []
        if fault.outcome is None:
            recipes = await runs.recipes(prediction.model, prediction.arguments, fault, self._client, self._uploads)
        paths = await self._render(prediction, recipes)
        await self._progress(prediction, end - loop.time())
        match fault.outcome:
            case "failed":
                self._finish(prediction, "failed", FAILURES[fault.failure])
            case "canceled":
                self._finish(prediction, "canceled")
            case _:
                await self._succeed(prediction, recipes, paths)

    def _begin(self, prediction: Prediction) -> None:
        prediction.started_at = self._clock()
        prediction.status = "processing"
        prediction.logs = runs.opening_log(prediction.arguments)
        self._post(prediction, "start", prediction.fault.start_status)

    async def _render(self, prediction: Prediction, recipes: list[Recipe]) -> list[str]:
        same = prediction.fault.output == "same_names"
        paths = [f"pbxt/{new_id()}/out-{0 if same else recipe.number}.{recipe.format}" for recipe in recipes]
        prediction.files = paths
        await asyncio.gather(*map(self._files.add, paths, recipes))
        return paths

    async def _progress(self, prediction: Prediction, seconds: float) -> None:
        """Let the time pass, writing the log at the pace at which the provider sends it."""
        seconds = max(0.0, seconds)
        ticks = max(1, int(seconds / THROTTLE_SECONDS))
        for tick in range(1, ticks + 1):
            await asyncio.sleep(seconds / ticks)
            line = runs.progress_line(prediction.arguments, tick / ticks, seconds * tick / ticks)
            prediction.logs = f"{prediction.logs}{line}"
            self._post(prediction, "logs")

    async def _succeed(self, prediction: Prediction, recipes: list[Recipe], paths: list[str]) -> None:
        dropped = set(range(int(prediction.arguments["num_outputs"]))) - {recipe.number for recipe in recipes}
        notes = "".join(f"NSFW content detected in image {index}\n" for index in sorted(dropped))
        prediction.logs = f"{prediction.logs}{notes}"
        prediction.output = output = await self._output(prediction, recipes, paths)
        prediction.delivered = len(output) if isinstance(output, list) else int(output is not None)
        prediction.at_output = view(prediction)
        self._post(prediction, "output")
        self._finish(prediction, "succeeded")

    async def _output(self, prediction: Prediction, recipes: list[Recipe], paths: list[str]) -> Any:
        urls = [f"{prediction.base_url}/files/{path}" for path in paths]
        match prediction.fault.output:
            case "null":
                return None
            case "empty_list":
                return []
            case "string":
                return urls[0]
            case "data_uris":
                contents = [await self._files.content(path) for path in paths]
                kind = recipes[0].format
                return [f"data:image/{kind};base64,{b64encode(content).decode()}" for content in contents]
            case _:
                return urls

    def _finish(self, prediction: Prediction, status: Status, error: str | None = None) -> None:
        if prediction.is_terminal:
            return
        prediction.status = status
        prediction.error = error
        prediction.completed_at = self._clock()
        if status != "aborted":  # no documentation says that these send a webhook: assume not
            self._post(prediction, "completed")
        prediction.finished.set()
        running = self._running.pop(prediction.id, None)
        if running is not None and running is not asyncio.current_task():
            running.cancel()
        purge_after = prediction.fault.purge_after_seconds
        if purge_after is None:
            purge_after = PURGE_AFTER_SECONDS * self._settings.time_scale
        asyncio.get_running_loop().call_later(purge_after, self._purge_by_id, prediction.id)

    def _expire(self, prediction_id: str) -> None:
        prediction = self._store.get(prediction_id)
        if prediction is not None:
            self._finish(prediction, "aborted" if prediction.status == "starting" else "canceled")

    def _forget(self, prediction: Prediction) -> None:
        running = self._running.pop(prediction.id, None)
        if running is not None:
            running.cancel()
        self._purge(prediction)

    def _purge_by_id(self, prediction_id: str) -> None:
        prediction = self._store.get(prediction_id)
        if prediction is not None:
            self._purge(prediction)

    def _purge(self, prediction: Prediction) -> None:
        prediction.data_removed = True
        prediction.given = dict.fromkeys(prediction.given)
        prediction.arguments["image"] = None
        prediction.output = prediction.at_output = None
        prediction.logs = ""
        for path in prediction.files:
            self._files.remove(path)

    def _post(self, prediction: Prediction, event: Event, shown_status: Status | None = None) -> None:
        """Queue a webhook behind this prediction's earlier ones; a fault may take it out of the queue."""
        if prediction.webhook is None or not prediction.wants(event):
            return
        body = view(prediction)
        if shown_status:
            body["status"] = shown_status
        message = Message(f"msg_{new_id()}", prediction.webhook, event, json.dumps(body))
        rules = self._fault_injector.faults.webhooks
        key = f"{event} {prediction.given.get('seed')}"
        faults = list(self._fault_injector.all(rules, prediction.prompt, key, lambda rule: rule.event in (None, event)))
        kinds = {fault.kind for fault in faults}
        after_end = "reordered" in kinds and event != "completed"
        previous = None if "late" in kinds or after_end else prediction.last_in_turn
        task = self._spawn(self._deliver(prediction, message, faults, previous, after_end=after_end))
        prediction.sending.append(task)
        if not ("late" in kinds or after_end):
            prediction.last_in_turn = task

    async def _deliver(
        self,
        prediction: Prediction,
        message: Message,
        faults: list[WebhookFault],
        previous: asyncio.Task[None] | None,
        *,
        after_end: bool,
    ) -> None:
        await asyncio.sleep(sum(fault.seconds for fault in faults if fault.kind == "late"))
        if after_end:
            await prediction.finished.wait()
            previous = prediction.last_in_turn
        if previous is not None:
            await asyncio.wait([previous])
        await self._sender.deliver(message, faults, prediction.deliveries.append)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
