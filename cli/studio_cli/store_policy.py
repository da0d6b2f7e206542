"""`studio store-policy`: what a service's user may do in the object store."""

import json
from typing import Annotated

import typer

from studio_contracts.store_rights import ACTIONS, iam_policy


def store_policy(
    service: Annotated[str, typer.Argument(help=f"One of {', '.join(ACTIONS)}.")],
    bucket: Annotated[str, typer.Option(help="The bucket of the pictures.")] = "studio-pictures",
) -> None:
    """Print the IAM policy of the service's user: `aws iam put-user-policy --policy-document "$(…)"`."""
    if service not in ACTIONS:
        raise typer.BadParameter(f"no service {service}; there are {', '.join(ACTIONS)}")
    typer.echo(json.dumps(iam_policy(service, bucket), indent=2))
