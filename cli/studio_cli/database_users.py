"""`studio database-users`: the script that makes a database user for each service, with a role of just its rights."""

import json
import secrets
from typing import Annotated

import typer

from studio_contracts.database_rights import roles

_SCRIPT = """\
const studio = db.getSiblingDB({database});
for (const {{ role, privileges, roles }} of {roles}) {{
  if (studio.getRole(role)) studio.updateRole(role, {{ privileges, roles }});
  else studio.createRole({{ role, privileges, roles }});
}}
for (const [user, pwd] of Object.entries({users}))
  if (!studio.getUser(user)) studio.createUser({{ user, pwd, roles: [user] }});"""


def database_users(
    database: Annotated[str, typer.Option(help="The studio's database (STUDIO_DATABASE).")] = "studio",
    host: Annotated[str, typer.Option(help="Host and port in the URLs.")] = "mongodb:27017",
    replica_set: Annotated[str, typer.Option(help="Name of the replica set in the URLs.")] = "studio",
) -> None:
    """Print a script for mongosh, with new passwords, and each service's MONGODB_URL as a comment.

    Rights follow from what each service keeps: after an upgrade run it again. It sets the roles anew, and leaves
    users that are there, and their passwords, as they are.
    """
    made = roles(database)
    users = {role["role"]: secrets.token_hex(24) for role in made}
    for user, password in users.items():
        url = f"mongodb://{user}:{password}@{host}/?replicaSet={replica_set}&authSource={database}"
        typer.echo(f"// {user.removeprefix('studio-')}: MONGODB_URL={url}")
    listed = "[\n" + ",\n".join(f"  {json.dumps(role)}" for role in made) + "\n]"
    typer.echo(_SCRIPT.format(database=json.dumps(database), roles=listed, users=json.dumps(users, indent=2)))
