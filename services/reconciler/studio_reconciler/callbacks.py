"""Calling clients: one signed POST an attempt, whose outcome is recorded in the job; retries wait in the broker."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import structlog
from pydantic import SecretStr

from studio_chassis.messaging.dispositions import Retry
from studio_chassis.observability import metrics
from studio_chassis.outbound.addresses import AddressError, find_addresses, find_public_addresses, send_to
from studio_chassis.outbound.callback_url import CallbackUrlError, Reach, check_callback_url
from studio_chassis.outbound.signatures import owner_secret, signed_headers
from studio_chassis.persistence.access import CallbackSecrets
from studio_chassis.persistence.job_service import JobService
from studio_chassis.runtime.clock import Clock
from studio_contracts.callbacks import Call, CallbackData, CallbackMessage
from studio_contracts.events import CallbackRequested
from studio_contracts.job import Job
from studio_domain.domain_events import CallbackAttempted

SECONDS = 10.0
"""For one attempt, from the look-up of the name to the status line."""
CALLS_PER_HOST = 4
"""Calls under way to one host: a slow receiver leaves the other places to others."""
BUSY_DELAY = timedelta(seconds=5)
log = structlog.get_logger()


class _CallError(Exception):
    """The client was not reached or did not accept. `is_permanent`: no later attempt would help."""

    def __init__(self, reason: str, *, is_permanent: bool = False) -> None:
        super().__init__(reason)
        self.is_permanent = is_permanent


@dataclass
class CallbackSender:
    """Makes the calls that jobs wait for. `base` precedes the job's path in its link; `secrets` are masters."""

    jobs: JobService
    http: httpx.AsyncClient
    reach: Reach
    secrets: Sequence[SecretStr]
    rotations: CallbackSecrets
    base: str
    now: Clock
    _under_way: Counter[str] = field(default_factory=Counter)

    async def call(self, job: Job, requested: CallbackRequested) -> None:
        """Make the call that is requested, if it is open and due. Raises Retry while it stays open."""
        call = _open_call(job, requested.call)
        if call is None:
            return
        if (early := call.due_at - self.now()) > timedelta(0):
            raise Retry("not due yet", after=early, counted=False)
        await self._attempt(job, call)

    async def _attempt(self, job: Job, call: Call) -> None:
        assert job.callback is not None
        try:
            host = check_callback_url(job.callback.url, self.reach).host
            with self._place(host):
                await self._post(job, call, host)
        except (_CallError, CallbackUrlError) as error:
            attempt = CallbackAttempted(call.version, str(error), getattr(error, "is_permanent", False))
        else:
            attempt = CallbackAttempted(call.version)
        after = _open_call((await self.jobs.apply(job, attempt)).job, call.version)
        result = "delivered" if attempt.error is None else "given up" if after is None else "failed"
        metrics.callbacks.labels(result).inc()
        say = log.info if attempt.error is None else log.warning
        say("client called", job_id=job.id, type=call.type, result=result, reason=attempt.error)
        if after is not None:
            raise Retry(attempt.error or "still open", after=after.due_at - self.now(), counted=False)

    @contextmanager
    def _place(self, host: str) -> Iterator[None]:
        """One of the host's places. Raises Retry when all are taken: the message waits in the broker, not here."""
        if self._under_way[host] >= CALLS_PER_HOST:
            metrics.callbacks.labels("host busy").inc()
            raise Retry("the client's host has enough calls under way", after=BUSY_DELAY, counted=False)
        self._under_way[host] += 1
        try:
            yield
        finally:
            self._under_way[host] -= 1
            self._under_way += Counter()  # forgets hosts without calls

    async def _post(self, job: Job, call: Call, host: str) -> None:
        assert job.callback is not None
        body = self._body(job, call)
        rotations = (await self.rotations.callback_rotation(job.owner)).valid(self.now())
        secrets = [owner_secret(master, job.owner, number) for number in rotations for master in self.secrets]
        headers = signed_headers(secrets, f"msg_{job.id}_{call.version}", self.now(), body)
        headers |= {"content-type": "application/json", "user-agent": "TPV-Studio", "accept-encoding": "identity"}
        try:
            async with asyncio.timeout(SECONDS):
                find = find_addresses if self.reach == "local" else find_public_addresses
                addresses = await find(host)
                request = self.http.build_request(
                    "POST", job.callback.url, content=body.encode(), headers=headers, timeout=SECONDS
                )
                send_to(request, host, addresses[call.attempts % len(addresses)])
                response = await self.http.send(request, stream=True, follow_redirects=False)
                async with aclosing(response):  # its body is not read: the status says all
                    status = response.status_code
        except AddressError as error:
            raise _CallError(f"the host {error}") from error
        except TimeoutError as error:
            raise _CallError(f"no answer within {SECONDS:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise _CallError(f"no answer: {type(error).__name__}") from error
        if status == httpx.codes.GONE:
            raise _CallError("answered 410", is_permanent=True)
        if not 200 <= status < 300:
            raise _CallError(f"answered {status}")

    def _body(self, job: Job, call: Call) -> str:
        url = f"{self.base}/v1/jobs/{job.id}"
        data = CallbackData(id=job.id, version=call.version, url=url, metadata=job.metadata, error=call.error)
        return CallbackMessage(type=call.type, timestamp=call.at, data=data).model_dump_json()


def _open_call(job: Job, version: int) -> Call | None:
    call = None if job.callback is None else job.callback.call(version)
    return call if call is not None and call.state == "open" else None
