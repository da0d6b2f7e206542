"""The rows of a service's table of handlers: queue → payload → function, with what they all begin with done once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from studio_chassis.messaging.dispositions import Reject
from studio_chassis.persistence.job_service import JobService
from studio_contracts.events import Event, Payload
from studio_contracts.job import Job
from studio_contracts.topology import Queue

P = TypeVar("P", bound=Payload)


@dataclass(frozen=True)
class JobHandler(Generic[P]):
    """What a service does with the messages of one queue: `handle` is given the job and the payload.

    It sees jobs that go on, or with `of_ended_jobs` those that have ended, or both where that is None; for all others a
    message has no effect.
    """

    queue: Queue
    payload: type[P] | tuple[type[P], ...]
    handle: Callable[[Job, P], Awaitable[None]]
    of_ended_jobs: bool | None = False

    def __post_init__(self) -> None:
        """Raises ValueError when the payload is not what the queue takes."""
        payloads = self.payload if isinstance(self.payload, tuple) else (self.payload,)
        if sorted(payload.type for payload in payloads) != sorted(self.queue.types):
            raise ValueError(f"{self.queue.name} takes {', '.join(self.queue.types)}")

    def bound_to(self, jobs: JobService) -> Callable[[Event], Awaitable[None]]:
        """The function that a consumer calls with each event. It raises what `jobs` and `handle` raise, and Reject."""

        async def handle(event: Event) -> None:
            payload = event.payload
            if not isinstance(payload, self.payload):
                raise Reject(f"{event.type} does not belong into {self.queue.name}")
            with jobs.taking(event):
                job = await self._load(jobs, event)
                if self.of_ended_jobs in (None, job.is_final):
                    await self.handle(job, payload)

        return handle

    async def _load(self, jobs: JobService, event: Event) -> Job:
        """A late read may show a job as it was before it ended or was reopened, which decides here."""
        if self.of_ended_jobs is not False:
            return await jobs.load_linearizable(event.subject)
        job = await jobs.load(event.subject)
        return await jobs.load_linearizable(event.subject) if job.is_final else job
