"""One job as a client may see it, in lines that a pipe does not cut off."""

from collections.abc import Iterator
from datetime import datetime

from studio_client.types import JobView


def lines(job: JobView) -> Iterator[str]:
    """Its brief and state, its timeline (seconds, event, service and detail by tabs), its concepts, what went wrong."""
    brief, began = job["brief"], datetime.fromisoformat(job["created_at"])
    size = f"{brief['surface']['width_m']:g} × {brief['surface']['height_m']:g} m"
    count = brief["count"]
    yield job["name"] or brief["prompt"]
    yield f"{job['status']}, stage {job['stage']}, {count} picture{'' if count == 1 else 's'}, {size}, {brief['style']}"
    for entry in job["timeline"]:
        after = (datetime.fromisoformat(entry["at"]) - began).total_seconds()
        slot = entry.get("slot")
        event = entry["event"] if slot is None else f"{entry['event']} {slot}"
        yield f"{after:.1f} s\t{event}\t{entry['service']}\t{entry.get('detail') or ''}".rstrip()
    for concept in job["concepts"]:
        yield f"rank {concept['rank'] or '-'}: {concept['id']}, score {concept['score']:.2f}"
    for warning in job["warnings"]:
        yield f"warning {warning['code']}: {warning['text']}"
    if job["error"]:
        yield f"{job['error']['title']}: {job['error']['detail']}"
