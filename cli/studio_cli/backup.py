"""`studio backup` and `studio restore`: the database in one file. Pictures are the object store's own matter."""

from collections import Counter
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from studio_chassis.persistence.mongo import MongoJobStore
from studio_chassis.persistence.mongo_backup import BackupError, read_backup, write_backup
from studio_chassis.runtime.clock import utc_now
from studio_chassis.runtime.settings import ServiceSettings, read_settings
from studio_cli.audit import record
from studio_cli.connection import run_on_store


def backup(
    file: Annotated[Path, typer.Argument(help="Written when it is complete; one that is there is refused.")],
) -> None:
    """Copy the whole database, as of one moment, while the studio runs."""
    if file.exists():
        raise typer.BadParameter(f"{file} is there already")
    settings = read_settings(ServiceSettings)
    try:
        counts = write_backup(settings.database_address, settings.database, file, utc_now())
    except BackupError as error:
        _fail(error)
    _print(counts)


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    replace: Annotated[bool, typer.Option("--replace", help="Remove every document that is there.")] = False,
) -> None:
    """Put a backup back. Stop the services first: documents that they write during it would be mixed in."""
    settings = read_settings(ServiceSettings)
    try:
        counts = read_backup(settings.database_address, settings.database, file, replace=replace)
    except BackupError as error:
        _fail(error)

    async def audited(store: MongoJobStore) -> None:
        await record(store, "database.restored", settings.database, detail=file.name)

    run_on_store(audited)
    _print(counts)


def _print(counts: Counter[str]) -> None:
    for name, count in sorted(counts.items()):
        typer.echo(f"{name}: {count}")
    typer.echo(f"{counts.total()} documents")


def _fail(error: BackupError) -> NoReturn:
    typer.echo(str(error), err=True)
    raise typer.Exit(1) from error
