"""What clients do to keep their jobs in order: name them, sort them into projects, mark concepts, delete."""

from typing import Annotated, Any

import typer

from studio_cli.client_jobs import JobId
from studio_cli.gateway import AsJson, Gateway, Key, print_json, studio
from studio_cli.texts import t


def note(
    job_id: JobId,
    name: Annotated[str | None, typer.Option(help="What you call the job. Empty: none.")] = None,
    notes: Annotated[str | None, typer.Option(help="Your own notes. Empty: none.")] = None,
    project: Annotated[str | None, typer.Option(help="The project it belongs to. Empty: none.")] = None,
    favourite: Annotated[list[str] | None, typer.Option(help="A concept's id, to mark it; repeat it.")] = None,
    no_favourite: Annotated[list[str] | None, typer.Option(help="A concept's id, to take the mark back.")] = None,
    as_json: AsJson = False,
    gateway: Gateway = None,
    key: Key = None,
) -> None:
    """Name a job, note something on it, move it to a project, mark its concepts.

    For example: studio job note JOB --name "Kita Nord" --project Schools --favourite 0-1
    """
    given = {"name": name, "notes": notes, "project": project}
    details: dict[str, Any] = {field: text for field, text in given.items() if text is not None}
    marks = {**dict.fromkeys(favourite or (), True), **dict.fromkeys(no_favourite or (), False)}
    if not details and not marks:
        raise typer.BadParameter(t("note.needed"))
    with studio(gateway, key) as client:
        job = client.change(job_id, {**details, "favourites": marks})
    if as_json:
        print_json(job)
        return
    marked = ", ".join(concept["id"] for concept in job["concepts"] if concept["is_favourite"])
    for field, text in (("name", job["name"]), ("project", job["project"]), ("favourites", marked)):
        typer.echo(t(f"note.{field}", value=text or t("none")))


def delete(
    job_id: JobId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
    gateway: Gateway = None,
    key: Key = None,
) -> None:
    """Delete a job that has ended, with its files. Its links end, too."""
    with studio(gateway, key) as client:
        job = client.get(job_id)
        if not yes:
            typer.confirm(t("job.delete", name=repr(job["name"] or job["brief"]["prompt"])), abort=True, err=True)
        client.delete(job_id)
    if as_json:
        print_json({"job": job_id, "deleted": True})
    else:
        typer.echo(t("job.deleted", id=job_id))


def projects(as_json: AsJson = False, gateway: Gateway = None, key: Key = None) -> None:
    """The projects that jobs are in, with how many each has."""
    with studio(gateway, key) as client:
        found = client.projects()
    if as_json:
        print_json(found)
        return
    for project in found:
        typer.echo(f"{project['jobs']}\t{project['name']}")
