"""`studio broker-users`: the commands that make a broker user for each service, with just its rights."""

import secrets
import shlex
from typing import Annotated

import typer

from studio_contracts.broker_rights import permissions


def broker_users(
    vhost: Annotated[str, typer.Option(help="The studio's virtual host.")] = "/",
    host: Annotated[str, typer.Option(help="Host and port in the URLs.")] = "rabbitmq:5672",
) -> None:
    """Print commands for rabbitmqctl, with new passwords, and each service's RABBITMQ_URL as a comment.

    Rights follow from the topology: after an upgrade that adds a queue, set them again (`set_permissions` alone).
    """
    for user, rights in permissions().items():
        password = secrets.token_hex(24)
        typer.echo(f"# {user.removeprefix('studio-')}: RABBITMQ_URL=amqp://{user}:{password}@{host}/{_path(vhost)}")
        typer.echo(shlex.join(["rabbitmqctl", "add_user", user, password]))
        typer.echo(shlex.join(["rabbitmqctl", "set_permissions", "-p", vhost, user, *rights.values()]))


def _path(vhost: str) -> str:
    return "" if vhost == "/" else vhost.replace("/", "%2F")
