"""`studio job create` and `studio draft`: a brief from the terminal, its progress, its files in a folder."""

from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any

import typer

from studio_cli.follow import followed
from studio_cli.gateway import AsJson, Gateway, Key, Timeout, print_concepts, print_json, studio
from studio_client import StudioClient

Prompt = Annotated[str, typer.Argument(help="What the surface should look like.")]
Width = Annotated[float, typer.Option(help="Width of the surface in metres.")]
Height = Annotated[float, typer.Option(help="Height of the surface in metres.")]
Colours = Annotated[
    list[str] | None, typer.Option(help="A colour's code; up to six times. Without it the studio chooses.")
]
Seed = Annotated[int | None, typer.Option(help="The same brief and seed give the same stencils.")]
Name = Annotated[str, typer.Option(help="What you call the job.")]
Project = Annotated[str, typer.Option(help="The project it belongs to.")]
Out = Annotated[Path, typer.Option(help="Folder for the files.")]


def create(
    prompt: Annotated[str | None, typer.Argument(help="What the surface should look like.")] = None,
    width: Width = 10.0,
    height: Height = 3.0,
    count: Annotated[int, typer.Option(help="How many pictures.")] = 6,
    style: Annotated[str, typer.Option(help="professional, playful or geometric.")] = "professional",
    colour: Colours = None,
    seed: Seed = None,
    source: Annotated[str | None, typer.Option("--from", help="Paint the directions of this job, not a brief.")] = None,
    direction: Annotated[list[int] | None, typer.Option(help="Of --from: a direction's number. None: all.")] = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="Draw the directions only: immediately and without cost.")
    ] = False,
    name: Name = "",
    project: Project = "",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the job and save its files.")] = True,
    out: Out = Path("concepts"),
    as_json: AsJson = False,
    gateway: Gateway = None,
    key: Key = None,
    timeout: Timeout = 1800,
) -> None:
    """Post a brief, follow its job, save its files.

    For example: studio job create "a pond with frogs" --width 5 --height 5 --count 3
    """
    if (prompt is None) == (source is None):
        raise typer.BadParameter("give either a prompt or --from")
    wanted: dict[str, Any] = {"from": {"job": source, "directions": direction or []}, "count": count}
    if prompt is not None:
        wanted = {**_brief(prompt, width, height, colour, seed, draft=draft), "style": style, "count": count}
    wanted |= {field: text for field, text in (("name", name), ("project", project)) if text}
    with studio(gateway, key) as client:
        create_and_save(client, wanted, out if wait else None, timeout, as_json=as_json)


def draft(
    prompt: Prompt,
    width: Width = 10.0,
    height: Height = 3.0,
    colour: Colours = None,
    seed: Seed = None,
    out: Out = Path("concepts"),
    as_json: AsJson = False,
    gateway: Gateway = None,
    key: Key = None,
    timeout: Timeout = 300,
) -> None:
    """Draw the directions of a brief, immediately and without cost. Paint them with `studio job create --from`.

    For example: studio draft "three turtles and a whale" --width 6 --height 4
    """
    with studio(gateway, key) as client:
        create_and_save(client, _brief(prompt, width, height, colour, seed, draft=True), out, timeout, as_json=as_json)


def _brief(
    prompt: str, width: float, height: float, colours: list[str] | None, seed: int | None, *, draft: bool
) -> dict[str, Any]:
    brief: dict[str, Any] = {"prompt": prompt, "surface": {"width_m": width, "height_m": height}}
    brief |= {"kind": "draft"} if draft else {}
    return brief | {"palette": colours or None, "seed": seed}


def create_and_save(
    client: StudioClient, wanted: dict[str, Any], out: Path | None, timeout: float, *, as_json: bool
) -> None:
    """Post what is wanted; follow and save it where a folder is given."""
    if out is not None:
        check_folder(out)
    job = client.create(wanted)
    if out is None:
        print_json(job) if as_json else typer.echo(f"job {job['id']}")
        return
    job = followed(client, job, timeout)
    files = client.download(job, out)
    if as_json:
        print_json(job)
        return
    print_concepts(job)
    typer.echo(f"{len(files)} files in {out}")


def check_folder(out: Path) -> None:
    """Before anything is paid for: files can be saved there. Ends the command where they cannot."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        typer.echo(
            f"--out {out} cannot be written to ({error.strerror}): give another folder. Nothing was asked for.",
            err=True,
        )
        raise typer.Exit(1) from error
