"""Clients that the studio calls, in memory."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import SecretStr

from studio_chassis.outbound.callback_url import Reach
from studio_chassis.persistence.job_service import JobService
from studio_chassis.runtime.handlers import JobHandler
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts import topology
from studio_contracts.callbacks import Call, Callback
from studio_contracts.events import CallbackRequested, Event
from studio_contracts.job import Job
from studio_reconciler.callbacks import CallbackSender
from studio_support.job_shapes import accepted, job_after, made, planned, slot_path

NOW = datetime(2026, 11, 22, 10, 1, tzinfo=UTC)
PUBLIC = "93.184.215.14"
URL = "https://client.example/hook?x=1"
MASTERS = (
    SecretStr("new master of at least thirty-two characters"),
    SecretStr("old master of at least thirty-two characters"),
)
Answer = Callable[[httpx.Request], Any]


class Clients:
    """A sender, the jobs it calls for, and the network behind it."""

    def __init__(self, reach: Reach = "public", base: str = "https://studio.example/tpv") -> None:
        self.now = NOW
        self.requests: list[httpx.Request] = []
        self.answer: Answer = lambda _: httpx.Response(204)
        self.database = SimulatedDatabase()
        self.store = store = SimulatedJobStore(self.database)
        self.published: list[Event] = []
        self.jobs = JobService(store, self._publish, lambda: self.now, "reconciler")
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._handle), follow_redirects=True)
        self.sender = CallbackSender(self.jobs, http, reach, MASTERS, store, base, lambda: self.now)
        queue = topology.RECONCILER_CALLBACK_REQUESTED
        row = JobHandler(queue, CallbackRequested, self.sender.call, of_ended_jobs=None)
        self.handle = row.bound_to(self.jobs)

    async def _publish(self, event: Event) -> None:
        self.published.append(event)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answer(request)
        if isinstance(answer, Exception):
            raise answer
        response: httpx.Response = await answer if asyncio.iscoroutine(answer) else answer
        return response

    def ended(self, job_id: str = "j", url: str = URL, **changes: Any) -> Event:
        """End a job. Returns the event that requests its call."""
        job = accepted(2).model_copy(update={"id": job_id, "callback": Callback(url=url), **changes})
        running = job_after(job, [*planned([2]), *slot_path("succeeded", 0)])
        done = job_after(running, [made(2)], now=NOW)
        self.database.jobs[job_id] = done
        assert done.callback is not None
        return Event(
            id="e",
            type="studio.callback.requested.v1",
            source="/studio/test",
            subject=job_id,
            time=NOW,
            traceparent="t",
            data={"call": done.callback.calls[0].version},
        )

    def job(self, job_id: str = "j") -> Job:
        """The job as it is stored."""
        return self.database.jobs[job_id]

    def call(self, job_id: str = "j") -> Call:
        """The first call of the job."""
        callback = self.job(job_id).callback
        assert callback is not None
        return callback.calls[0]


class FixedDatetime(datetime):
    """A datetime whose present is always NOW."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        """NOW."""
        return NOW
