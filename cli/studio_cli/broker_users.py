"""`studio broker-users`: the commands that make a broker user for each service, with just its rights."""

import secrets
import shlex
from typing import Annotated
from urllib.parse import quote

import typer

from studio_contracts.broker_rights import permissions


def broker_users(
    vhost: Annotated[str, typer.Option(help="The studio's virtual host.")] = "/",
    host: Annotated[str, typer.Option(help="Host and port in the URLs.")] = "rabbitmq:5672",
    ca_file: Annotated[
        str, typer.Option(help="URLs with TLS, by this file of the broker's authority in the services.")
    ] = "",
) -> None:
    """Print commands for rabbitmqctl, with new passwords, and each service's RABBITMQ_URL as a comment.

    Rights follow from the topology: after an upgrade that adds a queue, set them again (`set_permissions` alone).
    """
    scheme, trusted = ("amqps", f"?cafile={quote(ca_file)}") if ca_file else ("amqp", "")
    for user, rights in permissions().items():
        password = secrets.token_hex(24)
        url = f"{scheme}://{user}:{password}@{host}/{_path(vhost)}{trusted}"
        typer.echo(f"# {user.removeprefix('studio-')}: RABBITMQ_URL={url}")
        typer.echo(shlex.join(["rabbitmqctl", "add_user", user, password]))
        typer.echo(shlex.join(["rabbitmqctl", "set_permissions", "-p", vhost, user, *rights.values()]))


def _path(vhost: str) -> str:
    return "" if vhost == "/" else vhost.replace("/", "%2F")
