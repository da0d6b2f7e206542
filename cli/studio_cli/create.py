"""`studio job create`: a brief from the terminal, its progress, its pictures in a folder."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any, NoReturn, get_args
from urllib.parse import urljoin

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from studio_contracts.file_formats import SUFFIXES
from studio_contracts.job import TERMINAL, Stage

STAGES = get_args(Stage)
POLL_SECONDS = 0.5
console = Console()


def create(
    prompt: Annotated[str | None, typer.Argument(help="What the surface should look like.")] = None,
    width: Annotated[float, typer.Option(help="Width of the surface in metres.")] = 10.0,
    height: Annotated[float, typer.Option(help="Height of the surface in metres.")] = 3.0,
    count: Annotated[int, typer.Option(help="How many pictures.")] = 6,
    style: Annotated[str, typer.Option(help="professional, playful or geometric.")] = "professional",
    colour: Annotated[list[str] | None, typer.Option(help="A colour's code; up to six times. None: chosen.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same brief and seed give the same stencils.")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Draw the directions only: at once, at no cost.")] = False,
    source: Annotated[str | None, typer.Option("--from", help="Paint the directions of this job, not a brief.")] = None,
    direction: Annotated[list[int] | None, typer.Option(help="Of --from: a direction's number. None: all.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("concepts"),
    gateway: Annotated[str, typer.Option(envvar="STUDIO_GATEWAY_URL", help="Address.")] = "http://127.0.0.1:8080",
    key: Annotated[
        str | None, typer.Option(envvar="STUDIO_API_KEY", help="API key, where the studio wants one.")
    ] = None,
    patience: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 1800,
) -> None:
    """Post a brief, follow its job, save the pictures."""
    if (prompt is None) == (source is None):
        raise typer.BadParameter("give either a prompt or --from")
    wanted: dict[str, Any] = {"from": {"job": source, "directions": direction or []}, "count": count}
    if source is None:
        wanted = {"prompt": prompt, "style": style, "count": count, "kind": "draft" if draft else "painted"}
        wanted |= {"surface": {"width_m": width, "height_m": height}, "palette": colour or None, "seed": seed}
    _check_folder(out)
    try:
        with httpx.Client(base_url=gateway, timeout=30, headers=bearer(key)) as client:
            job = _followed(client, _post(client, wanted), patience)
            if job["status"] != "completed":
                error = job["error"] or {"title": "canceled", "detail": ""}
                _fail(f"The job {job['status']}: {error['title']}. {error['detail']}")
            saved = _save(client, job, out)
    except httpx.HTTPError as error:
        _fail(f"The gateway at {gateway} cannot be used ({type(error).__name__}): start it or give --gateway.", error)
    console.print(f"job {job['id']}")
    directions = [direction["name"] for direction in job["plan"]["directions"]]
    for concept in job["concepts"]:
        colours = ", ".join(used["name"] for used in concept["palette_used"])
        name = directions[concept["direction"]]
        console.print(f"rank {concept['rank']}: {name}, score {concept['score']:.2f}, {colours}")
    console.print(f"{saved} files in {out}")


def bearer(key: str | None) -> dict[str, str]:
    """The headers that send an API key, if there is one."""
    return {"Authorization": f"Bearer {key}"} if key else {}


def _post(client: httpx.Client, brief: dict[str, Any]) -> str:
    answer = client.post("v1/jobs", json=brief)
    if answer.status_code != httpx.codes.ACCEPTED:
        problem = answer.json()
        for field in problem.get("errors") or [{"field": problem["title"], "detail": problem["detail"]}]:
            typer.echo(f"{field['field']}: {field['detail']}", err=True)
        raise typer.Exit(2)
    return _link(client, answer.headers["location"])


def _link(client: httpx.Client, path: str) -> str:
    """A link of the gateway's, in full: its path holds what a proxy before the gateway puts there."""
    return urljoin(str(client.base_url), path)


def _check_folder(out: Path) -> None:
    """Before anything is paid for: pictures can be saved there."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        _fail(
            f"--out {out} cannot be written to ({error.strerror}): give another folder. Nothing was asked for.", error
        )


def _fail(message: str, cause: Exception | None = None) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1) from cause


def _followed(client: httpx.Client, location: str, patience: float) -> dict[str, Any]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        task = bars.add_task("accepted", total=len(STAGES) - 1)
        for job in _polled(client, location, patience):
            bars.update(task, description=job["stage"], completed=STAGES.index(job["stage"]))
    return job


def _polled(client: httpx.Client, location: str, patience: float) -> Iterator[dict[str, Any]]:
    deadline = time.monotonic() + patience
    while True:
        job: dict[str, Any] = client.get(location).raise_for_status().json()
        yield job
        if job["status"] in TERMINAL:
            return
        if time.monotonic() > deadline:
            _fail(f"Still in {job['stage']} after {patience:g} s. The job continues: {location}")
        time.sleep(POLL_SECONDS)


def _save(client: httpx.Client, job: dict[str, Any], out: Path) -> int:
    files = {f"stencil-{one['number']}.png": one["stencil"]["url"] for one in job["plan"]["directions"]}
    for concept in job["concepts"]:
        for kind, file in {**concept["pictures"], **concept["vectors"]}.items():
            suffix = SUFFIXES[file["media_type"]]
            files[f"rank-{concept['rank']}-{kind}.{suffix}"] = file["url"]
    (out / "job.json").write_text(json.dumps(job, indent=2) + "\n")
    for name, url in files.items():
        (out / name).write_bytes(client.get(_link(client, url)).raise_for_status().content)
    return len(files) + 1
