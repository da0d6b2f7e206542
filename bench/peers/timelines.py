"""How long a job took, and each of its steps, as its document tells."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple


class Times(NamedTuple):
    """Seconds of one job: from its acceptance to its end, and the part that is work of the stencil, model, pictures."""

    total: float
    work: float

    @property
    def added(self) -> float:
        """What is around the work: queues, database, HTTP, webhooks."""
        return self.total - self.work


def times_of(job: Mapping[str, Any]) -> Times:
    """Along the slot that ended last. Its own pictures are made side by side."""
    total = (job["finished_at"] - job["created_at"]).total_seconds()
    if "timeline" not in job:
        slot = job["slots"][job["last_slot"]]
        return Times(total, job["stencil_seconds"] + slot["predict_seconds"] + slot["picture_seconds"])
    last = [entry for entry in job["timeline"] if entry["event"] == "pictures.made"][-1]
    events = ("stencil.ready", "prediction.succeeded", "pictures.made")
    mine = (entry for entry in job["timeline"] if entry["slot"] in (None, last["slot"]))
    return Times(total, sum(entry["seconds"] or 0.0 for entry in mine if entry["event"] in events))


def steps_of(job: Mapping[str, Any]) -> dict[str, float]:
    """Seconds from each line of a studio job's timeline to the next, less the work that the latter tells of.

    Along the slot that ended last. What a step is called says what it ends with.
    """
    last = [entry for entry in job["timeline"] if entry["event"] == "pictures.made"][-1]
    mine = [entry for entry in job["timeline"] if entry["slot"] in (None, last["slot"])]
    steps = {}
    for before, entry in pairwise(mine):
        steps[entry["event"]] = (entry["at"] - before["at"]).total_seconds() - (entry["seconds"] or 0.0)
    return steps
