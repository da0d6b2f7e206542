"""Studios that were logged in to, by name: their addresses and keys, in a file that its owner alone can read."""

import json
import os
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from studio_cli.texts import t
from studio_client import ApiError, StudioClient, StudioError

FOLDER = "STUDIO_CONFIG"
"""Names another folder than the system's for settings of applications."""
PROFILE = "STUDIO_PROFILE"


class Profile(NamedTuple):
    """Where a studio is, and as whom to use it."""

    gateway: str | None
    key: str | None = None


def login(
    gateway: Annotated[str, typer.Argument(help="The studio's address, as in the browser.")],
    profile: Annotated[str, typer.Option(help="Name to keep it under.", envvar=PROFILE)] = "default",
    key: Annotated[str, typer.Option(prompt="API key (empty where the studio wants none)", hide_input=True)] = "",
) -> None:
    """Remember a studio and a key, so that commands need neither.

    Choose among several with `studio --profile NAME` or STUDIO_PROFILE.
    """
    try:
        with StudioClient(gateway, key or None) as studio:
            next(studio.jobs(limit="1"), None)
    except ApiError as error:
        typer.echo(t("login.refused", address=gateway, reason=error), err=True)
        raise typer.Exit(2) from error
    except StudioError as error:
        typer.echo(t("login.none", address=gateway, reason=error), err=True)
        raise typer.Exit(1) from error
    _write({**_read(), profile: Profile(gateway, key or None)})
    typer.echo(t("login.kept", address=gateway, profile=profile))


def logout(
    profile: Annotated[str, typer.Option(help="The profile to forget.", envvar=PROFILE)] = "default",
) -> None:
    """Forget a studio and its key on this machine. The key itself is ended by `studio keys revoke`."""
    profiles = _read()
    if profiles.pop(profile, None) is None:
        typer.echo(t("logout.none", profile=profile), err=True)
        raise typer.Exit(2)
    _write(profiles)
    typer.echo(t("logout.done", profile=profile))


def chosen_profile() -> Profile | None:
    """The profile that STUDIO_PROFILE names, or the default one. Ends the command where the one named is not there."""
    name, profiles = os.environ.get(PROFILE), _read()
    if name and name not in profiles:
        typer.echo(t("profile.none", profile=name), err=True)
        raise typer.Exit(2)
    return profiles.get(name or "default")


def _file() -> Path:
    return Path(os.environ.get(FOLDER) or typer.get_app_dir("tpv-studio")) / "profiles.json"


def _read() -> dict[str, Profile]:
    try:
        stored = json.loads(_file().read_text())
        return {name: Profile(one["gateway"], one.get("key")) for name, one in stored.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        typer.echo(t("profile.unreadable", file=_file()), err=True)
        raise typer.Exit(1) from error


def _write(profiles: dict[str, Profile]) -> None:
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump({name: profile._asdict() for name, profile in profiles.items()}, out, indent=2)
    new.replace(file)
