"""`studio spend` and `studio usage`: what was spent, what may be, and the switch that stops all of it."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from studio_chassis.persistence.mongo import MongoJobStore
from studio_chassis.runtime.clock import utc_now
from studio_chassis.runtime.settings import read_settings
from studio_chassis.runtime.shared_settings import BudgetSettings
from studio_cli.audit import record
from studio_cli.connection import run_on_store
from studio_cli.tables import console, print_table
from studio_contracts.spending import SpendingControl, day_of, resets_at

app = typer.Typer(help="Stop, resume and limit what is spent.", no_args_is_help=True)
Key = Annotated[str, typer.Option("--key", help="Id of an API key; without it the whole studio's limit.")]


@app.command()
def show() -> None:
    """What may be spent today, and what is left of it."""
    budgets = read_settings(BudgetSettings).budgets

    async def read(store: MongoJobStore) -> tuple[SpendingControl, Any]:
        today = day_of(utc_now())
        return await store.spending_control(), await store.spending(today, today)

    control, sums = run_on_store(read)
    console.print(f"stopped: {control.reason or 'no reason given'}" if control.stopped else "spending is on")
    for key_id in (None, *sorted({one.key_id for one in sums if one.key_id} | set(control.key_day_cents))):
        limit = control.budget_of(key_id, budgets)
        used = sum(one.committed_cents for one in sums if one.key_id == key_id)
        console.print(f"{key_id or 'the studio'}: {used} of {limit} cents are spent or held")
    console.print(f"resets at {resets_at(day_of(utc_now())):%Y-%m-%d %H:%M} UTC")


@app.command()
def stop(reason: Annotated[str, typer.Argument(help="Shown to clients.")] = "") -> None:
    """Buy nothing from now on, and accept drafts alone. Jobs wait; what runs at the provider is finished."""

    async def change(store: MongoJobStore) -> None:
        await store.stop_spending(reason)
        await record(store, "spending.stopped", "everybody", detail=reason)

    run_on_store(change)
    show()


@app.command()
def resume() -> None:
    """Buy again."""

    async def change(store: MongoJobStore) -> None:
        await store.resume_spending()
        await record(store, "spending.resumed", "everybody")

    run_on_store(change)
    show()


@app.command()
def limit(
    cents: Annotated[
        int | None, typer.Argument(min=0, help="US cents a day (UTC); left out: as in the settings.")
    ] = None,
    key: Key = "",
) -> None:
    """Change the limit of a day, for everybody or for one key, without a restart."""

    async def change(store: MongoJobStore) -> None:
        await store.limit_spending(key or None, cents)
        detail = "as in the settings" if cents is None else f"{cents} cents a day"
        await record(store, "budget.changed", key or "everybody", detail=detail)

    run_on_store(change)
    show()


def usage(
    days: Annotated[int, typer.Option(min=1, help="How many days, today included.")] = 7,
    key: Annotated[str, typer.Option(help="Only this key's.")] = "",
) -> None:
    """What was spent, by day and key."""
    today = day_of(utc_now())

    async def read(store: MongoJobStore) -> Any:
        return await store.spending(today - timedelta(days=days - 1), today, [key] if key else None)

    rows = []
    for one in run_on_store(read):
        cents = (f"{amount / 100:.2f}" for amount in (one.spent_cents, one.held_cents, one.uncertain_cents))
        name = "all" if one.key_id is None else one.key_id or "no key"
        rows.append((one.day.isoformat(), name, *cents, str(one.pictures)))
    print_table(("day (UTC)", "key", "spent", "held", "uncertain", "pictures"), rows)
