"""The `studio` command."""

import typer

from studio_cli import callbacks, dlq, job, keys
from studio_cli.doctor import doctor
from studio_cli.top import top

main = typer.Typer(
    help="For the engineers of TPV Studio. Settings come from the environment, as for the services.",
    no_args_is_help=True,
)
main.add_typer(callbacks.app, name="callbacks")
main.add_typer(dlq.app, name="dlq")
main.add_typer(job.app, name="job")
main.add_typer(keys.app, name="keys")
main.command()(doctor)
main.command()(top)
