"""`studio predictor`: nothing is bought while it is paused, and jobs are accepted and wait."""

from typing import Annotated

import typer

from studio_chassis.persistence.mongo import MongoJobStore
from studio_cli.audit import record
from studio_cli.connection import run_on_store

app = typer.Typer(help="Pause and resume the buying of predictions.", no_args_is_help=True)


@app.command()
def pause(
    reason: Annotated[str, typer.Argument(help="Shown by `studio doctor` and `studio top`, and audited.")],
) -> None:
    """Buy nothing from now on, in no replica, and go on to accept jobs: they wait, and what runs is finished.

    `studio spend stop` refuses new jobs as well. Jobs that wait past their deadline fail.
    """

    async def change(store: MongoJobStore) -> None:
        await store.pause_predictor(reason)
        await record(store, "predictor.paused", "everybody", detail=reason)

    run_on_store(change)
    typer.echo(f"the predictor is paused: {reason}")


@app.command()
def resume() -> None:
    """Buy again, within half a minute."""

    async def change(store: MongoJobStore) -> bool:
        await store.resume_predictor()
        await record(store, "predictor.resumed", "everybody")
        return (await store.spending_control()).stopped

    stopped = run_on_store(change)
    typer.echo("the predictor is resumed" + ("; spending is stopped: `studio spend resume`" if stopped else ""))
