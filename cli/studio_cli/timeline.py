"""One job as a client may see it, in lines that a pipe does not cut off."""

from collections.abc import Iterator
from datetime import datetime

from studio_cli.texts import figure, named, number, t
from studio_client.types import JobView


def lines(job: JobView) -> Iterator[str]:
    """Its brief and state, its timeline (seconds, event, service and detail by tabs), its concepts, what went wrong."""
    brief, began = job["brief"], datetime.fromisoformat(job["created_at"])
    size = f"{figure(brief['surface']['width_m'])} × {figure(brief['surface']['height_m'])} m"
    state = {"status": named("status", job["status"]), "stage": named("stage", job["stage"])}
    pictures = t("pictures", count=brief["count"])
    yield job["name"] or brief["prompt"]
    yield t("show.state", **state, pictures=pictures, size=size, style=brief["style"])
    for entry in job["timeline"]:
        after = (datetime.fromisoformat(entry["at"]) - began).total_seconds()
        slot = entry.get("slot")
        event = entry["event"] if slot is None else f"{entry['event']} {slot}"
        yield f"{after:.1f} s\t{event}\t{entry['service']}\t{entry.get('detail') or ''}".rstrip()
    for concept in job["concepts"]:
        yield t("concept.short", rank=concept["rank"] or "-", id=concept["id"], score=number(concept["score"], 2))
    for warning in job["warnings"]:
        yield t("show.warning", code=warning["code"], text=warning["text"])
    if job["error"]:
        yield f"{job['error']['title']}: {job['error']['detail']}"
