"""What was spent and what is left of it, and the refusal of a job that no budget has room for."""

import math
from datetime import date, datetime, timedelta
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from studio_chassis.observability import metrics
from studio_contracts.brief import Brief
from studio_contracts.models import MODELS
from studio_contracts.spending import Spending, SpendingControl, day_of, resets_at
from studio_domain.spending import BudgetLeft, Refusal, budgets_left, refusal
from studio_gateway.access.authentication import JobsToRead
from studio_gateway.access.caller import Caller
from studio_gateway.access.closed_route import ClosedRoute
from studio_gateway.dependencies import Dependencies, DependenciesDep
from studio_gateway.http.problems import BudgetState, ProblemError, problems
from studio_gateway.http.query import KNOWN_PARAMETERS_ONLY

MAX_DAYS = 92
STOPPED_RETRY_SECONDS = 60
router = APIRouter(tags=["jobs"], dependencies=[KNOWN_PARAMETERS_ONLY], route_class=ClosedRoute)


class UsageEntry(BaseModel):
    """US cents of one day (UTC) and one key; `key_id` is null for the sum of all keys, which operators see.

    `spent_cents` is for delivered pictures. `held_cents` is reserved for pictures under way. `uncertain_cents` may have
    been paid without a trace, because the provider's response was lost.
    """

    day: date
    key_id: str | None
    spent_cents: int
    held_cents: int
    uncertain_cents: int
    pictures: int


class Usage(BaseModel):
    """What was spent, newest day first, and what the key that asks may still spend today."""

    stopped: bool = Field(description="An operator stopped all spending; drafts can be made.")
    reason: str = Field(description="Why it was stopped.")
    left_cents: int = Field(description="The most that a job may cost now, in US cents.")
    budget: str = Field(description="Which budget sets that limit: job, key or day.")
    resets_at: datetime = Field(description="When the budgets of the day are full again.")
    days: list[UsageEntry]


class _Today(NamedTuple):
    """What a key may spend on a day."""

    day: date
    control: SpendingControl
    left: tuple[BudgetLeft, ...]


@router.get("/v1/usage", responses=problems(401, 403, 422, 429, 503))
async def get_usage(
    jobs: JobsToRead,
    deps: DependenciesDep,
    response: Response,
    days: Annotated[int, Query(ge=1, le=MAX_DAYS, description="How many days, today included")] = 7,
) -> Usage:
    """Spending by day and key: of the key that asks, with the scope `ops` of all keys."""
    caller = jobs.caller
    response.headers["Cache-Control"] = "no-store"
    today = await _today(deps, caller)
    found = await deps.spending.spending(today.day - timedelta(days=days - 1), today.day)
    own = "" if caller.via == "anonymous" else caller.key_id  # what other anonymous callers spent is not shown
    visible = [one for one in found if "ops" in caller.scopes or (own and one.key_id == own)]
    least = min(today.left, key=lambda budget: budget.cents)
    return Usage(
        stopped=today.control.stopped,
        reason=today.control.reason,
        left_cents=0 if today.control.stopped else least.cents,
        budget=least.name,
        resets_at=resets_at(today.day),
        days=[UsageEntry(**one.model_dump()) for one in reversed(visible)],
    )


async def refuse_over_budget(deps: Dependencies, caller: Caller, brief: Brief) -> None:
    """Raises ProblemError when the brief costs more than is left. Jobs accepted before count once they buy."""
    cents = 0 if brief.kind == "draft" else brief.count * MODELS[deps.settings.model].cents_per_picture
    if not cents:
        return
    today = await _today(deps, caller)
    refused = refusal(cents, today.day, today.control, today.left)
    if refused is not None:
        metrics.refused_jobs.labels(refused.budget.name).inc()
        raise _problem(refused, cents, deps.clock())


def _problem(refused: Refusal, cents: int, now: datetime) -> ProblemError:
    name, limit, left = refused.budget
    if name == "stopped":
        detail = f"{refused.text} Drafts can be made."
        return ProblemError(503, "spending-stopped", "Spending is stopped", detail, retry_after=STOPPED_RETRY_SECONDS)
    resets = None if name == "job" else refused.resets_at
    wait = 0 if resets is None else math.ceil((resets - now).total_seconds())
    state = BudgetState(name=name, limit_cents=limit, left_cents=left, resets_at=resets)
    detail = f"The job would cost {cents} cents. {refused.text}"
    return ProblemError(402, "over-budget", "More than the budget has left", detail, retry_after=wait, budget=state)


async def _today(deps: Dependencies, caller: Caller) -> _Today:
    day = day_of(deps.clock())
    control = await deps.spending.spending_control()
    sums = {one.key_id: one for one in await deps.spending.spending(day, day, (None, caller.key_id))}
    total, of_key = (sums.get(key, Spending(day=day, key_id=key)) for key in (None, caller.key_id))
    job = deps.settings.job_cents
    left = budgets_left(caller.key_id, control, deps.settings.budgets, total, of_key)
    return _Today(day, control, (BudgetLeft("job", job, job), *left))
