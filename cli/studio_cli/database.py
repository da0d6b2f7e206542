"""`studio database`: what no command of its own is for, where there is no mongosh."""

from typing import Annotated

import typer

from studio_chassis.persistence.mongo import MongoJobStore
from studio_chassis.persistence.mongo_command import CommandError, is_reading, parsed, run_command
from studio_chassis.runtime.settings import ServiceSettings, read_settings
from studio_cli.audit import record
from studio_cli.connection import run_on_store


def database(
    command: Annotated[str, typer.Argument(help='In extended JSON, its name first: \'{"count": "jobs"}\'.')],
    admin: Annotated[bool, typer.Option("--admin", help="In the database admin, not in the studio's.")] = False,
    any_member: Annotated[
        bool, typer.Option("--any-member", help="The nearest member answers, also where there is no primary.")
    ] = False,
) -> None:
    """Run one command of MongoDB and print the answer. One that may change something is kept in the audit log.

    studio database '{"find": "leases"}'

    studio database --admin --any-member '{"replSetGetStatus": 1}'
    """
    settings = read_settings(ServiceSettings)
    name = "admin" if admin else settings.database
    try:
        wanted = parsed(command)
        answer = run_command(settings.database_address, name, wanted, any_member=any_member)
    except CommandError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(answer)
    if not is_reading(wanted):
        verb, target = next(iter(wanted.items()))
        detail = f"{verb} {target}" if isinstance(target, str) else verb

        async def audited(store: MongoJobStore) -> None:
            await record(store, "database.changed", name, detail=detail)

        run_on_store(audited)
