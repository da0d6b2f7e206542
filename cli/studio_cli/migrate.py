"""`studio migrate`: bring documents of earlier releases up to date, while the services run."""

from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from studio_chassis.persistence.mongo import MongoJobStore
from studio_cli.audit import record
from studio_cli.connection import run_on_store
from studio_cli.tables import console, counted
from studio_contracts.access import ANONYMOUS_OWNER, LOCAL_OWNER, Owner

app = typer.Typer(help="Bring documents of earlier releases up to date, while the services run.", no_args_is_help=True)
BATCH = 500


@app.callback()
def group() -> None:
    """Keeps the one migration there is a command of its own."""


@app.command()
def owners(
    owner: Annotated[str, typer.Argument(help="Who gets the jobs that were made without a key.")],
) -> None:
    """Give an owner to ended jobs that have none. Can be killed and run again; unfinished jobs are left to that run."""
    try:
        TypeAdapter(Owner).validate_python(owner)
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"], param_hint="OWNER") from error
    if owner in (LOCAL_OWNER, ANONYMOUS_OWNER):
        raise typer.BadParameter(f"{owner} stands for jobs without a key", param_hint="OWNER")

    async def assign(store: MongoJobStore) -> int:
        count = 0
        while ids := await store.assign_owner(owner, BATCH):
            count += len(ids)
        await record(store, "owner.assigned", owner, owner=owner, detail=f"{count} jobs")
        return count

    console.print(f"{counted(run_on_store(assign), 'job')} moved to {owner}.")
