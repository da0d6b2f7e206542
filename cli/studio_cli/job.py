"""`studio job`: what clients do with jobs, and one job as an engineer reads it."""

import os

import typer

from studio_chassis.errors import JobNotFound
from studio_cli import client_jobs, keeping, sharing, timeline
from studio_cli.connection import run, run_on_store
from studio_cli.create import create
from studio_cli.gateway import AsJson, Gateway, Key, print_json, studio
from studio_cli.selected_jobs import DryRun, Rate, Where, republish_job, republish_selected
from studio_cli.tables import console, counted, print_table
from studio_contracts.job import Job

app = typer.Typer(help="Jobs: ask for them, follow and save them.", no_args_is_help=True)
app.command()(create)
app.command("list")(client_jobs.list_jobs)
app.command()(client_jobs.watch)
app.command()(client_jobs.cancel)
app.command()(client_jobs.retry)
app.command()(client_jobs.download)
app.command("open")(client_jobs.open_job)
app.command()(keeping.note)
app.command()(keeping.delete)
app.command()(keeping.projects)
app.command()(sharing.share)
app.command()(sharing.shares)
app.command()(sharing.unshare)


@app.command()
def show(job_id: client_jobs.JobId, as_json: AsJson = False, gateway: Gateway = None, key: Key = None) -> None:
    """The timeline of a job and its end; with MONGODB_URL from the database, else and with --json from the gateway."""
    if as_json or not os.environ.get("MONGODB_URL"):
        with studio(gateway, key) as client:
            job = client.get(job_id)
        print_json(job) if as_json else typer.echo("\n".join(timeline.lines(job)))
        return
    try:
        print_job(run_on_store(lambda store: store.load(job_id)))
    except typer.Exit as error:
        if isinstance(error.__cause__, JobNotFound):
            typer.echo(f"There is no job {job_id}.", err=True)
        raise


@app.command()
def republish(
    job_id: client_jobs.OneJob = None, where: Where = None, dry_run: DryRun = False, rate: Rate = 10.0
) -> None:
    """Publish again what a job waits for. The reconciler does so by itself after STUDIO_STUCK_AFTER."""
    client_jobs.one_or_many(job_id, where)
    if job_id is None:
        republish_selected(where or "", dry_run=dry_run, rate=rate)
    else:
        typer.echo(run(lambda studio: republish_job(studio.jobs, job_id)))


def print_job(job: Job) -> None:
    """Print a job."""
    size = f"{job.brief.surface.width_m:g} × {job.brief.surface.height_m:g} m"
    console.print(f"{job.brief.prompt}\n{counted(job.brief.count, 'picture')}, {size}, {job.brief.style}")
    console.print(f"status {job.status}, stage {job.stage}, version {job.version}, deadline {job.deadline_at:%H:%M:%S}")
    rows = []
    for entry in job.timeline:
        after = (entry.at - job.created_at).total_seconds()
        took = "" if entry.seconds is None else f"{entry.seconds:.2f} s"
        number = "" if entry.slot is None else str(entry.slot)
        rows.append((f"{after:.2f} s", entry.event, entry.service, number, took, entry.detail or ""))
    print_table(("after", "event", "service", "slot", "took", "detail"), rows, "Timeline")
    directions = () if job.plan is None else job.plan.directions
    for index, direction in enumerate(directions):
        console.print(f"direction {index}: {direction.name}, {direction.strategy}: {direction.reason}")
    for slot in job.predictions:
        console.print(
            f"slot {slot.number}: {directions[slot.direction].name}, {slot.state}, attempt {slot.attempt}, "
            f"{slot.received}/{slot.count}"
        )
    for concept in job.concepts:
        name = directions[concept.direction].name
        console.print(
            f"rank {concept.rank or '-'}: {concept.id}, score {concept.quality.score:.2f}, "
            f"{concept.rank_in_direction or '-'} in {name}"
        )
    for warning in job.warnings:
        console.print(f"warning {warning.code}: {warning.text}")
    if job.error is not None:
        replay = f" Replay it with `studio dlq replay --job {job.id}`." if job.error.replayable else ""
        console.print(f"{job.error.title}: {job.error.detail}{replay}")
