"""`studio audit`: who did what. And the entries of what `studio` itself does."""

import getpass
import socket
from datetime import timedelta
from typing import Annotated, get_args

import typer

from studio_chassis.persistence.access import AuditFilter, AuditLog
from studio_chassis.runtime.clock import utc_now
from studio_cli.connection import run_on_store
from studio_cli.tables import print_table
from studio_contracts.access import AuditAction, AuditEntry

ACTIONS: tuple[AuditAction, ...] = get_args(AuditAction)


async def record(store: AuditLog, action: AuditAction, target: str, *, owner: str = "", detail: str = "") -> None:
    """Keep that the operator did this. Raises Unavailable."""
    entry = AuditEntry(
        at=utc_now(),
        action=action,
        actor=f"operator:{_account()}",
        owner=owner,
        target=target,
        address=socket.gethostname(),
        detail=detail,
    )
    await store.append_audit(entry)


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "unknown"


def audit(
    action: Annotated[str | None, typer.Option(help=f"One of {', '.join(ACTIONS)}.")] = None,
    actor: Annotated[str | None, typer.Option(help="Id of a key, local, anonymous, or operator:ACCOUNT.")] = None,
    owner: Annotated[str | None, typer.Option(help="Whose job or key it was.")] = None,
    target: Annotated[str | None, typer.Option(help="Id of a job, key, link or dead letter.")] = None,
    hours: Annotated[float | None, typer.Option(help="Only the last N hours.", min=0)] = None,
    limit: Annotated[int, typer.Option(help="At most N entries, the newest.", min=1)] = 100,
) -> None:
    """Who created, cancelled, shared, replayed, revoked or changed what, when and from where."""
    chosen = next((known for known in ACTIONS if known == action), None)
    if action is not None and chosen is None:
        raise typer.BadParameter(f"one of {', '.join(ACTIONS)}", param_hint="--action")
    since = None if hours is None else utc_now() - timedelta(hours=hours)
    wanted = AuditFilter(since, chosen, actor, owner, target)
    rows = []
    for entry in run_on_store(lambda store: store.audit(wanted, limit)):
        when = f"{entry.at:%Y-%m-%d %H:%M:%S}"
        rows.append((when, entry.action, entry.actor, entry.owner, entry.target, entry.address, entry.detail))
    print_table(("when", "action", "actor", "owner", "target", "from", "detail"), rows)
