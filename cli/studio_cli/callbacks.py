"""`studio callbacks`: the calls to clients that fail, making them again, and the secrets that sign them."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

import typer
from pydantic import Field, SecretStr

from studio_chassis.outbound.signatures import owner_secret
from studio_chassis.persistence.mongo import MongoJobStore
from studio_chassis.runtime.clock import utc_now
from studio_chassis.runtime.settings import ServiceSettings, read_settings
from studio_cli.audit import record
from studio_cli.connection import Studio, run, run_on_store
from studio_cli.tables import console, counted, print_table
from studio_contracts.access import LOCAL_OWNER
from studio_contracts.callbacks import Call, SecretRotation
from studio_domain.domain_events import CallbackReplayed

app = typer.Typer(
    help="Calls to clients: list those that fail with the reason, and make them again.", no_args_is_help=True
)

OwnerName = Annotated[str, typer.Argument(help="Whose receivers are called.")]
JobId = Annotated[str | None, typer.Option("--job", help="Only calls of this job.")]
Host = Annotated[str | None, typer.Option("--host", help="Only calls to this host.")]
Waiting = Annotated[bool, typer.Option("--waiting", help="Also calls that are tried again by themselves.")]


class FailedCall(NamedTuple):
    """A call that is given up, or that waits for its next attempt."""

    job_id: str
    host: str
    call: Call


class _Secrets(ServiceSettings):
    """The masters, as the reconciler has them."""

    callback_secret: SecretStr = Field(min_length=32, validation_alias="STUDIO_CALLBACK_SECRET")
    callback_secret_previous: SecretStr | None = Field(None, validation_alias="STUDIO_CALLBACK_SECRET_PREVIOUS")


async def _calls(store: MongoJobStore, waiting: bool, job: str | None, host: str | None) -> AsyncIterator[FailedCall]:
    for state in ("failed", "open") if waiting else ("failed",):
        async for one in store.with_calls(state):
            assert one.callback is not None
            its_host = urlsplit(one.callback.url).hostname or ""
            if job in (None, one.id) and host in (None, its_host):
                for call in one.callback.calls:
                    if call.state == state:
                        yield FailedCall(one.id, its_host, call)


@app.command("list")
def list_calls(job: JobId = None, host: Host = None) -> None:
    """The calls that were given up, and those that failed so far and are tried again."""

    async def found(store: MongoJobStore) -> list[FailedCall]:
        return [one async for one in _calls(store, True, job, host) if one.call.reason or one.call.state == "failed"]

    calls = run_on_store(found)
    rows = []
    for job_id, its_host, call in calls:
        due = _time(call.due_at) if call.state == "open" else "none"
        state = "given up" if call.state == "failed" else "waiting"
        about = (job_id, call.type, its_host, _time(call.at), state)
        rows.append((*about, str(call.attempts), call.reason or "", due))
    headings = ("job", "call", "host", "happened", "state", "attempts", "reason", "next attempt")
    print_table(headings, rows, f"Calls to clients that failed: {len(calls)}")


def _time(moment: datetime) -> str:
    return moment.strftime("%d %b %H:%M:%S")


@app.command()
def replay(
    job: JobId = None,
    host: Host = None,
    waiting: Waiting = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
) -> None:
    """Make calls again that were given up. Their receivers may have heard some of them: the ids are the same."""

    async def whole(studio: Studio) -> int:
        count = 0
        for one in [one async for one in _calls(studio.store, waiting, job, host)]:
            replayed = not dry_run and (await studio.jobs.apply(one.job_id, CallbackReplayed(one.call.version))).changed
            if replayed:
                await record(studio.store, "callback.replayed", one.job_id, detail=f"{one.call.type} to {one.host}")
            if dry_run or replayed:
                console.print(f"{one.job_id} {one.call.type} to {one.host}")
                count += 1
        return count

    console.print(f"{counted(run(whole), 'call')} {'would be ' if dry_run else ''}made again")


@app.command()
def secret(owner: OwnerName = LOCAL_OWNER) -> None:
    """The secrets with which an owner's receivers verify calls, the newest first. Give them to that owner only."""
    _show(owner, run_on_store(lambda store: store.callback_rotation(owner)))


@app.command()
def rotate(
    owner: OwnerName = LOCAL_OWNER,
    days: Annotated[
        float, typer.Option(min=0, help="How long calls are also signed with the old secret, in days.")
    ] = 7,
) -> None:
    """Replace one owner's secret, and print the new one and the old. No other owner notices."""
    until = utc_now() + timedelta(days=days)

    async def change(store: MongoJobStore) -> SecretRotation:
        rotation = await store.rotate_callback_secret(owner, until)
        detail = f"number {rotation.number}, the old one until {until:%Y-%m-%d %H:%M} UTC"
        await record(store, "callback-secret.rotated", owner, owner=owner, detail=detail)
        return rotation

    read_settings(_Secrets)  # without the master nothing could be shown afterwards
    _show(owner, run_on_store(change))


def _show(owner: str, rotation: SecretRotation) -> None:
    settings = read_settings(_Secrets)
    for number in rotation.valid(utc_now()):
        for master in (settings.callback_secret, settings.callback_secret_previous):
            if master is not None:
                typer.echo(owner_secret(master, owner, number).get_secret_value())
