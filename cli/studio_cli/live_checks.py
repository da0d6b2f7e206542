"""What `studio doctor` finds out about the running studio: its services, clocks, jobs, and the way in from outside."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import httpx

from studio_chassis.errors import Unavailable
from studio_chassis.observability.logs import cause_of
from studio_chassis.persistence.listing import JobFilter
from studio_chassis.persistence.mongo import MongoJobStore, open_mongo_store
from studio_chassis.replicate.webhook_url import webhook_url
from studio_chassis.runtime.clock import utc_now
from studio_chassis.runtime.settings import ServiceSettings
from studio_chassis.runtime.shared_settings import PublicAddressSettings
from studio_cli.checks import FIND_SECONDS, remedy_for
from studio_cli.diagnosis import Fault
from studio_contracts.job import Job
from studio_domain.outcomes import UNSERVABLE, failure_cause

HTTP_SECONDS = 3.0
CLOCKS_DIFFER_SECONDS = 5.0
"""A `Date` header has whole seconds, and machines that are kept in time differ by less than one."""
OUTBOX_SECONDS = 60.0
STILL_SECONDS = 600.0
OUTCOMES = timedelta(minutes=15)
LONGEST_JOB = timedelta(hours=1)
READ_AT_MOST = 1_000
FAILED_SHARE = 0.5
FEW = 3


class Answer(NamedTuple):
    """What a service says at /readyz: a body that is no JSON is empty. `ahead` is its clock less ours, in seconds."""

    url: str
    status: int
    body: dict[str, Any]
    ahead: float | None


async def check_public_address(settings: PublicAddressSettings, http: httpx.AsyncClient) -> str:
    """Post to the webhook's address from here, and expect our own refusal: a wrong token's 401."""
    if settings.public_base_url is None:
        return "PUBLIC_BASE_URL is not set: the reconciler polls"
    url = webhook_url(settings.public_base_url, "doctor", 0, 1, "not the secret")
    remedy = "DNS, certificate, ingress or proxy: docs/runbooks/webhooks-cannot-reach-us.md, docs/behind-a-proxy.md"
    try:
        answer = await http.post(url, json={})
    except httpx.HTTPError as error:
        raise Fault(f"PUBLIC_BASE_URL cannot be reached from here: {cause_of(error)}", remedy) from error
    if answer.status_code != httpx.codes.UNAUTHORIZED or _json(answer).get("type", "") != _OURS:
        text = " ".join(answer.text.split())[:100]
        raise Fault(f"something else answers at PUBLIC_BASE_URL: {answer.status_code} {text}", remedy)
    return "a forged webhook posted to PUBLIC_BASE_URL was refused by our gateway"


_OURS = "urn:tpv-studio:problem:unauthorised"


async def check_services(urls: Sequence[str], http: httpx.AsyncClient) -> str:
    """Ask each service what it waits for. The broker's metrics address may be among them; it has no /readyz."""
    if not urls:
        return "not looked at: give --service, or STUDIO_SERVICE_URLS"
    answers = await asyncio.gather(*(ask(url, http) for url in urls), return_exceptions=True)
    faults = []
    for url, answer in zip(urls, answers, strict=True):
        if isinstance(answer, BaseException):
            faults.append(f"{url} does not answer ({cause_of(answer)})")
        elif "service" in answer.body:
            faults += _reasons(answer)
    if faults:
        raise Fault(
            "; ".join(faults), "each reason is of the service it is named after; see its log for the first of it"
        )
    return f"{len(urls)} answer and wait for nothing"


def _reasons(answer: Answer) -> list[str]:
    name = str(answer.body["service"])
    queues = answer.body.get("queues") or {}
    stopped = {queue: why for queue, why in queues.items() if why is not True}
    found = [f"{queue}: {'not consuming' if why is False else why}" for queue, why in stopped.items()]
    found += [f"{name}: {reason}" for reason in (answer.body.get("reasons") or {}).values()]
    return found or ([f"{name} is not ready"] if answer.status != httpx.codes.OK else [])


async def check_clocks(settings: ServiceSettings, urls: Sequence[str], http: httpx.AsyncClient) -> str:
    """Compare the clocks of services, broker and database with this machine's."""
    answers = await asyncio.gather(_database_ahead(settings), *(ask(url, http) for url in urls), return_exceptions=True)
    ahead: dict[str, float] = {}
    for answer in answers:
        if isinstance(answer, float):
            ahead["database"] = answer
        elif isinstance(answer, Answer) and answer.ahead is not None:
            ahead[str(answer.body.get("service", answer.url))] = answer.ahead
    wrong = [f"{name} {seconds:+.0f} s" for name, seconds in ahead.items() if abs(seconds) > CLOCKS_DIFFER_SECONDS]
    if wrong:
        remedy = (
            "set the time of those machines, or of this one where it is all of them (docs/runbooks/clocks-differ.md)"
        )
        raise Fault(f"clocks differ from this machine's: {', '.join(wrong)}", remedy)
    if not ahead:
        raise Fault("no clock could be read", "database and services do not answer")
    return f"{', '.join(ahead)} within {CLOCKS_DIFFER_SECONDS:g} s of this machine"


async def _database_ahead(settings: ServiceSettings) -> float:
    async with open_mongo_store(settings.database_address, settings.database, "cli", FIND_SECONDS) as store:
        await store.ping()  # connects
        asked = utc_now()
        return (await store.server_time() - _middle(asked, utc_now())).total_seconds()


async def ask(url: str, http: httpx.AsyncClient) -> Answer:
    """What a service, or another HTTP server, answers at /readyz. Raises httpx.HTTPError."""
    asked, started = utc_now(), time.perf_counter()
    answer = await http.get(f"{url.rstrip('/')}/readyz")
    at = asked + timedelta(seconds=(time.perf_counter() - started) / 2)
    date = answer.headers.get("date")
    # the header leaves out the fraction of the second
    ahead = None if date is None else (parsedate_to_datetime(date) - at).total_seconds() + 0.5
    return Answer(url, answer.status_code, _json(answer), ahead)


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _middle(one: datetime, other: datetime) -> datetime:
    return one + (other - one) / 2


async def check_jobs(settings: ServiceSettings) -> str:
    """Look at the outbox, at what stands still, at times to come, and at how jobs ended lately."""
    address = settings.database_address
    async with open_mongo_store(address, settings.database, "cli", FIND_SECONDS) as store:
        try:
            return await _look_at_jobs(store, utc_now())
        except Unavailable as error:
            raise Fault(f"MONGODB_URL: {error}", remedy_for(str(error), "MONGODB_URL", "MongoDB")) from error


async def _look_at_jobs(store: MongoJobStore, now: datetime) -> str:
    backlog = await store.backlog_stats()
    control = await store.spending_control()
    future = await store.jobs_after(now + timedelta(seconds=30))
    recent = await store.recent(READ_AT_MOST, JobFilter(since=now - LONGEST_JOB))
    ended = outcomes(recent, now)
    outbox = 0.0 if backlog.oldest_outbox is None else max(0.0, (now - backlog.oldest_outbox).total_seconds())
    still = {status: (now - stats.oldest).total_seconds() for status, stats in backlog.unfinished.items()}
    faults = {}
    if control.stopped:
        faults[f"an operator stopped spending: {control.reason or 'no reason given'}"] = "`studio spend resume`"
    if control.predictor_paused:
        faults[f"an operator paused the predictor: {control.pause_reason}"] = "`studio predictor resume`"
    if outbox > OUTBOX_SECONDS:
        faults[f"an event waits for {outbox:.0f} s to be published"] = "is the broker up and the reconciler running?"
    if future:
        faults[f"{future} jobs carry a time to come"] = "docs/runbooks/clocks-differ.md"
    for status, seconds in still.items():
        if seconds > STILL_SECONDS:
            faults[f"a {status} job has not moved for {seconds:.0f} s"] = "docs/runbooks/stuck-work.md"
    failed = {cause: count for cause, count in ended.items() if cause not in ("completed", "canceled", *UNSERVABLE)}
    counted = sum(failed.values()) + ended["completed"]
    if sum(failed.values()) >= FEW and sum(failed.values()) / counted >= FAILED_SHARE:
        faults[f"most jobs fail: {_listed(Counter(failed))}"] = "docs/runbooks/jobs-fail.md"
    if faults:
        raise Fault("; ".join(faults), "; ".join(dict.fromkeys(faults.values())))
    unfinished = sum(stats.jobs for stats in backlog.unfinished.values())
    return f"{unfinished} unfinished, outbox {outbox:.0f} s old, ended in 15 min: {_listed(ended) or 'none'}"


def outcomes(jobs: Sequence[Job], now: datetime) -> Counter[str]:
    """How the jobs of the last 15 minutes ended: completed, canceled, or why they failed."""
    return Counter(
        failure_cause(job) or job.status
        for job in jobs
        if job.finished_at is not None and job.finished_at > now - OUTCOMES
    )


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {cause}" for cause, count in counts.most_common())
