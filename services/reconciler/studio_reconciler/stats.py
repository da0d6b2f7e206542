"""Counting what is under way and what is wrong with it, for the metrics alerts look at."""

from datetime import datetime, timedelta

import structlog

from studio_chassis.observability import metrics
from studio_chassis.persistence.objects import ObjectStore
from studio_chassis.persistence.spending import SpendingStore
from studio_chassis.persistence.store import JobStore
from studio_contracts.job import Status
from studio_contracts.spending import Budgets, day_of
from studio_domain.invariants import INVARIANTS

UNFINISHED: tuple[Status, ...] = ("pending", "queued", "running")
LOOKED_AT = 100
"""Newest jobs whose invariants are checked each time."""
CLOCKS_DIFFER = timedelta(seconds=30)
"""Clocks of machines that are kept in time differ by less."""
NAMED = 5
"""Jobs that a log line names, newest first: a bug may break an invariant of all of them."""
log = structlog.get_logger()


async def measure_backlog(store: JobStore, now: datetime) -> None:
    """Set the gauges of jobs under way, of the outbox and of broken invariants; the log names jobs that break one."""
    backlog = await store.backlog_stats()
    for status in UNFINISHED:
        status_stats = backlog.unfinished.get(status)
        metrics.jobs.labels(status).set(0 if status_stats is None else status_stats.jobs)
        age = 0.0 if status_stats is None else (now - status_stats.oldest).total_seconds()
        metrics.oldest_seconds.labels(status).set(max(0.0, age))  # another machine's clock may be ahead
    outbox = backlog.oldest_outbox
    metrics.outbox_seconds.set(0 if outbox is None else max(0.0, (now - outbox).total_seconds()))
    metrics.future_jobs.set(await store.jobs_after(now + CLOCKS_DIFFER))
    newest = await store.recent(LOOKED_AT)
    for invariant in INVARIANTS:
        broken = {job.id: what for job in newest if (what := "; ".join(invariant.violations(job)))}
        metrics.violations.labels(invariant.name).set(len(broken))
        if broken:
            log.error("invariant broken", invariant=invariant.name, jobs=dict(list(broken.items())[:NAMED]))


async def measure_volumes(store: JobStore, objects: ObjectStore) -> None:
    """Set the gauges of how full database and object store are. Where one does not say, it has none."""
    for name, used in (("database", await store.used_ratio()), ("object store", await objects.used_ratio())):
        if used is not None:
            metrics.used_ratio.labels(name).set(used)


async def measure_indexes(store: JobStore) -> None:
    """Set the gauge of missing and wrong indexes: services look when they start, and one may be dropped afterwards."""
    metrics.index_problems.set(len(await store.index_problems()))


async def measure_spending(store: SpendingStore, budgets: Budgets, now: datetime) -> None:
    """Set the gauges of the day's spending, of everybody's budget and of each key's that is in use."""
    day = day_of(now)
    control = await store.spending_control()
    sums = await store.spending(day, day)
    metrics.spending_stopped.set(control.stopped)
    metrics.budget_used.clear()  # yesterday's keys
    metrics.budget_used.labels("").set(0)
    for one in sums:
        limit = control.budget_of(one.key_id, budgets)
        if limit is not None:
            metrics.budget_used.labels(one.key_id or "").set(one.committed_cents / limit if limit else 1)
    total = next((one for one in sums if one.key_id is None), None)
    for state in ("spent", "held", "uncertain"):
        metrics.day_cents.labels(state).set(0 if total is None else getattr(total, f"{state}_cents"))
