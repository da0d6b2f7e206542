"""`studio concept`: work on one concept. The result is a draft of its own, at no cost."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from studio_cli.client_jobs import JobId
from studio_cli.create import Out, create_and_save
from studio_cli.gateway import AsJson, Gateway, Key, Timeout, studio
from studio_cli.texts import t

app = typer.Typer(
    help="One concept: change it, and keep the result as a draft of its own, at no cost.", no_args_is_help=True
)
ConceptId = Annotated[str, typer.Argument(help="The concept's id, as `studio job watch` prints it.")]


@app.command()
def recolour(
    job_id: JobId,
    concept: ConceptId,
    changes: Annotated[list[str], typer.Argument(help="RH20:RH30 lays RH30 wherever RH20 lies; one or several.")],
    out: Out = Path("concepts"),
    as_json: AsJson = False,
    gateway: Gateway = None,
    key: Key = None,
    timeout: Timeout = 300,
) -> None:
    """Lay other colours in the place of those of a concept.

    For example: studio concept recolour JOB 0-0 RH20:RH30 RH31:RH10
    """
    _edit(job_id, concept, [_recolouring(text) for text in changes], out, gateway, key, timeout, as_json=as_json)


@app.command()
def edit(
    job_id: JobId,
    concept: ConceptId,
    edits: Annotated[Path, typer.Argument(help="A JSON file with a list of edits, as the API takes them.")],
    out: Out = Path("concepts"),
    as_json: AsJson = False,
    gateway: Gateway = None,
    key: Key = None,
    timeout: Timeout = 300,
) -> None:
    """Make any edits that the API knows: of one region, mirror, turn.

    For example: studio concept edit JOB 0-0 edits.json
    """
    _edit(job_id, concept, _read(edits), out, gateway, key, timeout, as_json=as_json)


def _edit(
    job_id: str,
    concept: str,
    edits: list[dict[str, Any]],
    out: Path,
    gateway: str | None,
    key: str | None,
    timeout: float,
    *,
    as_json: bool,
) -> None:
    wanted = {"from": {"job": job_id, "concept": concept, "edits": edits}}
    with studio(gateway, key) as client:
        create_and_save(client, wanted, out, timeout, as_json=as_json)


def _recolouring(text: str) -> dict[str, Any]:
    colour, colon, to = text.partition(":")
    if not (colour and colon and to):
        raise typer.BadParameter(t("recolour.two", text=repr(text)), param_hint="CHANGES")
    return {"kind": "recolour", "colour": colour, "to": to}


def _read(file: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise typer.BadParameter(t("file.unreadable", file=file, reason=error), param_hint="EDITS") from error
    if not isinstance(found, list):
        raise typer.BadParameter(t("file.no_list", file=file), param_hint="EDITS")
    return found
