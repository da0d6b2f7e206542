"""The `studio` command."""

import os
from importlib.metadata import version
from typing import Annotated

import typer

from studio_cli import callbacks, concept, dlq, job, keys, migrate, predictor, spend, texts
from studio_cli.audit import audit
from studio_cli.backup import backup, restore
from studio_cli.broker_users import broker_users
from studio_cli.create import draft
from studio_cli.database import database
from studio_cli.database_users import database_users
from studio_cli.doctor import doctor
from studio_cli.profiles import PROFILE, login, logout
from studio_cli.store_policy import store_policy
from studio_cli.top import top

main = typer.Typer(
    help="""TPV Studio from a terminal.

    `login`, `draft`, `concept` and most of `job` talk to a gateway: with `studio --profile NAME`, or
    STUDIO_GATEWAY_URL and STUDIO_API_KEY. The others are for engineers and read the services' settings from the
    environment.

    Exit codes: 0 done, 1 failed or not reachable, 2 refused as given, 3 still running when the timeout was over.
    """,
    no_args_is_help=True,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"studio {version('studio-cli')}")
        raise typer.Exit


@main.callback()
def common(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
    language: Annotated[
        texts.Language | None, typer.Option(help="Of what is printed. None: that of LC_ALL, LC_MESSAGES or LANG.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Use this studio of `studio login`, whatever the environment names.")
    ] = None,
) -> None:
    """What holds for all commands."""
    texts.choose(language)
    context.call_on_close(lambda: texts.choose("en"))  # the language is of this command alone
    if profile is not None:
        os.environ[PROFILE] = profile
        for name in ("STUDIO_GATEWAY_URL", "STUDIO_API_KEY"):
            os.environ.pop(name, None)


main.command()(draft)
main.command()(login)
main.command()(logout)
main.add_typer(callbacks.app, name="callbacks")
main.add_typer(concept.app, name="concept")
main.add_typer(dlq.app, name="dlq")
main.add_typer(job.app, name="job")
main.add_typer(keys.app, name="keys")
main.add_typer(migrate.app, name="migrate")
main.command()(audit)
main.command()(backup)
main.command()(restore)
main.command()(broker_users)
main.command()(database)
main.command()(database_users)
main.command()(doctor)
main.add_typer(predictor.app, name="predictor")
main.add_typer(spend.app, name="spend")
main.command()(spend.usage)
main.command()(store_policy)
main.command()(top)
