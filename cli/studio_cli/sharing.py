"""Read-only links to a job, for people without a key: what they show is chosen when they are made."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urljoin

import typer

from studio_cli.client_jobs import JobId
from studio_cli.gateway import AsJson, Gateway, Key, print_json, studio
from studio_cli.texts import t
from studio_client.types import LinkView

PARTS = ("brief", "materials", "downloads", "cost")


def share(
    job_id: JobId,
    days: Annotated[int, typer.Option(help="How many days the link works.", min=1, max=365)] = 14,
    hide: Annotated[
        list[str] | None, typer.Option(help=f"What the link does not show: {', '.join(PARTS)}; repeat it.")
    ] = None,
    favourites: Annotated[
        bool, typer.Option("--favourites", help="Show the concepts alone that are marked when the link is opened.")
    ] = False,
    as_json: AsJson = False,
    gateway: Gateway = None,
    key: Key = None,
) -> None:
    """Make a read-only link to a job, for somebody without a key. It is printed this once.

    For example: studio job share JOB --hide cost --hide downloads --favourites
    """
    hidden = hide or []
    if unknown := [part for part in hidden if part not in PARTS]:
        raise typer.BadParameter(t("share.unknown", parts=", ".join(unknown), known=", ".join(PARTS)))
    shows = [part for part in PARTS if part not in hidden]
    with studio(gateway, key) as client:
        link = client.share(job_id, {"days": days, "shows": shows, "favourites_only": favourites})
        link["url"] = urljoin(f"{client.address}/", link["url"])
    if as_json:
        print_json(link)
        return
    typer.echo(t("share.made", id=link["id"], day=link["expires_at"][:10]))
    typer.echo(link["url"])


def shares(job_id: JobId, as_json: AsJson = False, gateway: Gateway = None, key: Key = None) -> None:
    """The links to a job: id, until when, and what each shows."""
    with studio(gateway, key) as client:
        links = client.shares(job_id)
    if as_json:
        print_json(links)
        return
    for link in links:
        concepts = t("share.favourites" if link["favourites_only"] else "share.all")
        shown = ", ".join([concepts, *(t(f"share.{part}") for part in link["shows"])])
        typer.echo("\t".join((link["id"], _end(link), shown)))


def unshare(
    job_id: JobId,
    link_id: Annotated[str, typer.Argument(help="The link's id, as `studio job shares` prints it.")],
    as_json: AsJson = False,
    gateway: Gateway = None,
    key: Key = None,
) -> None:
    """End a link for good."""
    with studio(gateway, key) as client:
        client.end_share(job_id, link_id)
    if as_json:
        print_json({"job": job_id, "id": link_id, "ended": True})
    else:
        typer.echo(t("share.end", id=link_id))


def _end(link: LinkView) -> str:
    is_over = link["revoked_at"] is not None or datetime.fromisoformat(link["expires_at"]) <= datetime.now(UTC)
    return t("share.ended") if is_over else t("share.until", day=link["expires_at"][:10])
