"""`studio job create` and `studio draft`: a brief from the terminal, its progress, its files in a folder."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any, Literal

import typer

from studio_cli.client_file import read_client_file
from studio_cli.follow import followed
from studio_cli.gateway import AsJson, Gateway, Key, Timeout, print_concepts, print_json, studio
from studio_cli.outline import OutlineFile, OutlineLayer, OutlineUnit, surface_of
from studio_cli.texts import t
from studio_client import StudioClient
from studio_client.types import JobView
from studio_contracts.brief import PictureFit
from studio_contracts.own_picture import MAX_PICTURE_BYTES

PictureUse = Literal["laid", "stencil"]
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
    picture: Annotated[
        Path | None, typer.Option(help="Begin with this picture: PNG, JPEG, WebP or SVG. Laid as it is, without cost.")
    ] = None,
    as_what: Annotated[
        PictureUse | None,
        typer.Option("--as", help="Of --picture: `laid`, or `stencil` to have a prompt painted over it."),
    ] = None,
    fit: Annotated[
        PictureFit | None, typer.Option(help="Of --picture: `crop` what hangs over, or `contain` all of it.")
    ] = None,
    outline: OutlineFile = None,
    outline_unit: OutlineUnit = None,
    outline_layer: OutlineLayer = None,
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

    Or with a drawing of your own: studio job create --picture drawing.jpg --width 5 --height 5

    In a yard that is no rectangle: studio job create "a pond with frogs" --outline yard.dxf
    """
    if picture is not None:
        if source is not None or draft:
            raise typer.BadParameter(t("create.alone"))
        own: dict[str, Any] = {"palette": colour or None, "style": style, "count": count}
        own |= {"prompt": prompt, "seed": seed, "name": name, "project": project, "fit": fit or "crop"}
        own |= {"kind": "painted" if as_what == "stencil" else "draft"}
        too_large = t("file.too_large", file=picture, most=MAX_PICTURE_BYTES // 2**20)
        data = read_client_file(picture, MAX_PICTURE_BYTES, "--picture", too_large)
        given = {field: value for field, value in own.items() if value not in (None, "")}
        with studio(gateway, key) as client:
            surface = surface_of(client, width, height, outline, outline_unit, outline_layer)
            given |= {"outline": json.dumps(surface["outline"])} if surface.get("outline") else surface
            post = partial(client.create_from_picture, data, given)
            post_and_save(client, post, out if wait else None, timeout, as_json=as_json)
        return
    if as_what is not None or fit is not None:
        raise typer.BadParameter(t("create.of_picture"))
    if (prompt is None) == (source is None):
        raise typer.BadParameter(t("create.needed"))
    if source is not None and outline is not None:
        raise typer.BadParameter(t("create.outline_of_source"))
    wanted: dict[str, Any] = {"from": {"job": source, "directions": direction or []}, "count": count}
    with studio(gateway, key) as client:
        if prompt is not None:
            surface = surface_of(client, width, height, outline, outline_unit, outline_layer)
            wanted = {**_brief(prompt, surface, colour, seed, draft=draft), "style": style, "count": count}
        wanted |= {field: text for field, text in (("name", name), ("project", project)) if text}
        create_and_save(client, wanted, out if wait else None, timeout, as_json=as_json)


def draft(
    prompt: Prompt,
    width: Width = 10.0,
    height: Height = 3.0,
    colour: Colours = None,
    seed: Seed = None,
    outline: OutlineFile = None,
    outline_unit: OutlineUnit = None,
    outline_layer: OutlineLayer = None,
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
        surface = surface_of(client, width, height, outline, outline_unit, outline_layer)
        create_and_save(client, _brief(prompt, surface, colour, seed, draft=True), out, timeout, as_json=as_json)


def _brief(
    prompt: str, surface: dict[str, Any], colours: list[str] | None, seed: int | None, *, draft: bool
) -> dict[str, Any]:
    brief: dict[str, Any] = {"prompt": prompt, "surface": surface}
    brief |= {"kind": "draft"} if draft else {}
    return brief | {"palette": colours or None, "seed": seed}


def create_and_save(
    client: StudioClient, wanted: dict[str, Any], out: Path | None, timeout: float, *, as_json: bool
) -> None:
    """Post what is wanted; follow and save it where a folder is given."""
    post_and_save(client, partial(client.create, wanted), out, timeout, as_json=as_json)


def post_and_save(
    client: StudioClient, post: Callable[[], JobView], out: Path | None, timeout: float, *, as_json: bool
) -> None:
    """As `create_and_save`, for a job that is posted in another way."""
    if out is not None:
        check_folder(out)
    job = post()
    if out is None:
        print_json(job) if as_json else typer.echo(f"job {job['id']}")
        return
    job = followed(client, job, timeout)
    files = client.download(job, out)
    if as_json:
        print_json(job)
        return
    print_concepts(job)
    typer.echo(t("files", count=len(files), folder=out))


def check_folder(out: Path) -> None:
    """Before anything is paid for: files can be saved there. Ends the command where they cannot."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        typer.echo(t("out.unwritable", folder=out, reason=error.strerror), err=True)
        raise typer.Exit(1) from error
