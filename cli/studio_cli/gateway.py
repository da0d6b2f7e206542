"""The studio that a command talks to over its API: which one, as whom, and what its errors mean to a terminal.

Exit codes: 0 done, 1 failed or not reachable, 2 refused as given, 3 still running when the timeout was over.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer

from studio_cli.profiles import Profile, chosen_profile
from studio_cli.texts import figure, language, named, number, t
from studio_client import ApiError, JobFailed, StillRunning, StudioClient, StudioError
from studio_client.types import JobView

REFUSED, UNFINISHED = 2, 3
DEFAULT = "http://127.0.0.1:8080"
Gateway = Annotated[
    str | None,
    typer.Option(envvar="STUDIO_GATEWAY_URL", help=f"Address. None: that of the profile, else {DEFAULT}."),
]
Key = Annotated[
    str | None, typer.Option(envvar="STUDIO_API_KEY", help="API key. None: that of the profile, if it has one.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for programs.")]
Timeout = Annotated[float, typer.Option(help="The longest wait, in seconds.")]


@contextmanager
def studio(gateway: str | None, key: str | None) -> Iterator[StudioClient]:
    """A client for the address and key given, or those of the profile. Its errors end the command."""
    profile = Profile(gateway, key) if gateway else chosen_profile() or Profile(DEFAULT)
    address = profile.gateway or DEFAULT
    try:
        with StudioClient(address, key or profile.key, language=language()) as client:
            yield client
    except ApiError as error:
        fields = "\n".join(f"{one['field']}: {one['detail']}" for one in error.errors)
        _fail(fields or str(error), REFUSED if error.status < 500 else 1, error)
    except StillRunning as error:
        stage = named("stage", error.job["stage"])
        text = t("job.still_running", id=error.job["id"], stage=stage, seconds=figure(error.seconds))
        _fail(text, UNFINISHED, error)
    except JobFailed as error:
        _fail(t("job.failed", status=named("status", error.job["status"]), reason=error), 1, error)
    except StudioError as error:
        _fail(t("gateway.unusable", address=address, reason=error), 1, error)


def print_json(value: Any) -> None:
    """Print a value for programs."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_concepts(job: JobView) -> None:
    """The id of a job, and a line for each of its concepts."""
    typer.echo(f"job {job['id']}")
    directions = [direction["name"] for direction in job["plan"]["directions"]] if job["plan"] else []
    for concept in job["concepts"]:
        colours = ", ".join(used["name"] for used in concept["palette_used"])
        name = directions[concept["direction"]]
        score = number(concept["score"], 2)
        typer.echo(t("concept", rank=concept["rank"], id=concept["id"], name=name, score=score, colours=colours))
        needs = concept["materials"]
        for blend in needs.get("blends", []) if needs else []:
            recipe = " + ".join(f"{part['parts']} {part['code']}" for part in blend["recipe"])
            line = t(
                "blend",
                what=blend["word"] or t("blend.texture"),
                recipe=recipe,
                mixed=number(blend["delta_e"], 1),
                code=blend["code"],
                alone=number(blend["delta_e_alone"], 1),
                area=number(blend["area_m2"], 2),
            )
            typer.echo(f"  {line}")


def _fail(message: str, code: int, cause: Exception) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code) from cause
