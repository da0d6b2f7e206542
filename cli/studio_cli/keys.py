"""`studio keys`: make, list and revoke API keys."""

import secrets
from datetime import datetime, timedelta
from typing import Annotated

import typer
from pydantic import ValidationError

from studio_chassis.persistence.mongo import MongoJobStore
from studio_chassis.runtime.api_tokens import new_token, token_hash
from studio_chassis.runtime.clock import utc_now
from studio_cli.audit import record
from studio_cli.connection import run_on_store
from studio_cli.tables import console, print_table
from studio_contracts.access import ANONYMOUS_OWNER, SCOPES, ApiKey, Scope

app = typer.Typer(help="API keys: who may use the studio, and for what.", no_args_is_help=True)
DESIGNER: tuple[Scope, ...] = ("jobs:create", "jobs:read", "jobs:cancel")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="A name that says what the key is for.")],
    owner: Annotated[str, typer.Option(help="Whose jobs it makes and sees. Several keys may share an owner.")],
    scope: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(SCOPES)}; repeat it.")] = None,
    days: Annotated[float | None, typer.Option(help="Days after which it expires. None: never.", min=0)] = None,
) -> None:
    """Make a key and print it: it is shown this once, and only its hash is kept."""
    if owner == ANONYMOUS_OWNER:
        raise typer.BadParameter(
            f"{ANONYMOUS_OWNER} is the owner of anonymous callers' jobs; choose another name", param_hint="--owner"
        )
    now = utc_now()
    try:
        key = ApiKey.model_validate(
            {
                "id": f"k{secrets.token_hex(6)}",
                "name": name,
                "owner": owner,
                "scopes": frozenset(scope or DESIGNER),
                "created_at": now,
                "expires_at": None if days is None else now + timedelta(days=days),
            }
        )
    except ValidationError as error:
        faults = (f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
        raise typer.BadParameter("; ".join(faults)) from error
    token = new_token()

    async def add(store: MongoJobStore) -> None:
        await store.add_key(key, token_hash(token))
        await record(store, "key.created", key.id, owner=key.owner, detail=" ".join(sorted(key.scopes)))

    run_on_store(add)
    typer.echo(f"Key {key.id} of {key.owner}: {', '.join(sorted(key.scopes))}. It is not shown again.", err=True)
    typer.echo(token)


@app.command("list")
def list_keys() -> None:
    """All keys: whose they are, what they may do, whether they are still valid."""
    now = utc_now()
    rows = []
    for key in run_on_store(lambda store: store.keys()):
        scopes = " ".join(sorted(key.scopes))
        days = _day(key.created_at), _day(key.last_used_at)
        rows.append((key.id, key.name, key.owner, scopes, *days, _state(key, now)))
    print_table(("id", "name", "owner", "scopes", "created", "last used", "state"), rows)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="Id of the key, as `studio keys list` shows it.")]) -> None:
    """End a key for good. Gateways let it in for some seconds more."""

    async def end(store: MongoJobStore) -> ApiKey | None:
        key = await store.revoke_key(key_id, utc_now())
        if key is not None:
            await record(store, "key.revoked", key.id, owner=key.owner)
        return key

    key = run_on_store(end)
    if key is None:
        typer.echo(f"There is no key {key_id}. `studio keys list` shows all.", err=True)
        raise typer.Exit(1)
    console.print(f"{key.id} ({key.name}, {key.owner}) is revoked.")


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {_day(key.revoked_at)}"
    if key.expires_at is None:
        return "valid"
    return f"valid until {_day(key.expires_at)}" if key.is_valid(now) else f"expired {_day(key.expires_at)}"


def _day(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
