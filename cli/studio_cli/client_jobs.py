"""What clients do with jobs from a terminal: list, watch, cancel, repeat, save and open them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from studio_cli.create import Out, check_folder
from studio_cli.follow import followed
from studio_cli.gateway import AsJson, Gateway, Key, Timeout, print_concepts, print_json, studio
from studio_cli.selected_jobs import DryRun, Rate, Where, cancel_selected, retry_selected
from studio_cli.tables import print_table
from studio_cli.texts import named, t

JobId = Annotated[str, typer.Argument(help="The job's id, as `studio job create` prints it.")]
OneJob = Annotated[str | None, typer.Argument(help="The job's id; without it, --where.", show_default=False)]


def list_jobs(
    status: Annotated[str | None, typer.Option(help="Only jobs of this status.")] = None,
    text: Annotated[str | None, typer.Option(help="Only jobs whose prompt or name has these words.")] = None,
    project: Annotated[str | None, typer.Option(help="Only jobs of this project.")] = None,
    favourite: Annotated[bool, typer.Option("--favourite", help="Only jobs with a favourite concept.")] = False,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 20,
    as_json: AsJson = False,
    gateway: Gateway = None,
    key: Key = None,
) -> None:
    """Jobs, newest first."""
    with studio(gateway, key) as client:
        given = {"status": status, "text": text, "project": project, "favourite": "true" if favourite else None}
        filters = {name: value for name, value in given.items() if value}
        jobs = [job for job, _ in zip(client.jobs(**filters), range(limit), strict=False)]
    if as_json:
        print_json(jobs)
        return
    rows = [(job["id"], job["status"], job["created_at"][:19] + "Z", job["name"] or job["prompt"]) for job in jobs]
    print_table([t(f"table.{column}") for column in ("job", "status", "created", "brief")], rows)


def watch(
    job_id: JobId, as_json: AsJson = False, gateway: Gateway = None, key: Key = None, timeout: Timeout = 1800
) -> None:
    """Follow a job to its end."""
    with studio(gateway, key) as client:
        job = followed(client, client.get(job_id), timeout)
    print_json(job) if as_json else print_concepts(job)


def one_or_many(job_id: str | None, where: str | None) -> None:
    """Raises BadParameter unless just one of them is given."""
    if (job_id is None) == (where is None):
        raise typer.BadParameter(t("job.one_or_where"))


def cancel(
    job_id: OneJob = None,
    where: Where = None,
    dry_run: DryRun = False,
    rate: Rate = 10.0,
    as_json: AsJson = False,
    gateway: Gateway = None,
    key: Key = None,
) -> None:
    """Stop a job. Pictures that are finished stay; what is under way is canceled at the provider."""
    one_or_many(job_id, where)
    if job_id is None:
        cancel_selected(where or "", dry_run=dry_run, rate=rate)
        return
    with studio(gateway, key) as client:
        job = client.cancel(job_id)
    print_json(job) if as_json else typer.echo(t("job.state", id=job["id"], status=named("status", job["status"])))


def retry(
    job_id: OneJob = None,
    where: Where = None,
    dry_run: DryRun = False,
    rate: Rate = 10.0,
    as_json: AsJson = False,
    gateway: Gateway = None,
    key: Key = None,
) -> None:
    """Ask again for what a job was to make. It is a new job, and is paid for as one.

    With --where each failed job is posted again for its owner, once however often the command is run.
    """
    one_or_many(job_id, where)
    if job_id is None:
        retry_selected(where or "", dry_run=dry_run, rate=rate)
        return
    with studio(gateway, key) as client:
        earlier = client.get(job_id)
        brief: dict[str, Any] = dict(earlier["brief"])
        if brief.pop("picture"):
            raise typer.BadParameter(t("job.began_with_picture"))
        if brief["from"]:
            brief = {name: brief[name] for name in ("from", "kind", "count", "style", "seed")}
            if not brief["from"]["concept"]:
                del brief["kind"]
        job = client.create({**brief, "project": earlier["project"]})
    print_json(job) if as_json else typer.echo(f"job {job['id']}")


def download(
    job_id: JobId, out: Out = Path("concepts"), as_json: AsJson = False, gateway: Gateway = None, key: Key = None
) -> None:
    """Save a job with all its files: pictures, SVG, DXF, sheets to print, materials."""
    check_folder(out)
    with studio(gateway, key) as client:
        files = client.download(client.get(job_id), out)
    if as_json:
        print_json({"job": job_id, "files": [str(file) for file in files]})
    else:
        typer.echo(t("files", count=len(files), folder=out))


def open_job(job_id: JobId, as_json: AsJson = False, gateway: Gateway = None, key: Key = None) -> None:
    """Open a job's page in the browser."""
    with studio(gateway, key) as client:
        client.get(job_id)
        address = f"{client.address}/jobs/{job_id}"
    if as_json:
        print_json({"job": job_id, "url": address})
    else:
        typer.echo(address)
    typer.launch(address)
