"""What no change of a job may do. Tests check it after each change."""

from collections.abc import Iterator

from studio_contracts.job import Job, Status
from studio_contracts.slot import SETTLED

NEXT: dict[Status, frozenset[Status]] = {
    "pending": frozenset({"pending", "queued", "running", "canceled", "failed"}),
    "queued": frozenset({"queued", "running", "canceled", "failed"}),
    "running": frozenset({"running", "completed", "canceled", "failed"}),
    "completed": frozenset(),
    "failed": frozenset(),
    "canceled": frozenset(),
}
REOPENED: frozenset[Status] = frozenset({"pending", "queued", "running"})


def change_violations(before: Job | None, after: Job) -> list[str]:
    """What no change may do: leave a final state, skip a version, take back what is decided.

    Only a replay takes a job out of a final state, and only out of a replayable failure. In a final job nothing changes
    but what becomes of the calls to its client, what its owner writes on it, and how long it is kept once deleted.
    """
    if before is None:
        begins = (after.status, after.version) == ("pending", 1)
        return [] if begins else [f"allowed_transitions: begins as {after.status}, version {after.version}"]
    return [f"allowed_transitions: {what}" for what in _illegal(before, after)]


def _illegal(before: Job, after: Job) -> Iterator[str]:
    replayed = before.error is not None and before.error.replayable and after.status in REOPENED
    kept = {"version", "callback", "name", "notes", "project", "favourites"}
    if after.deleted_at is not None and before.deleted_at is None:
        kept |= {"deleted_at", "expires_at"}
    ended = after == before.model_copy(update={name: getattr(after, name) for name in kept})
    if after.status not in NEXT[before.status] and not replayed and not ended:
        yield f"{before.status} → {after.status}"
    if before.deleted_at is not None and (after.deleted_at, after.expires_at) != (before.deleted_at, before.expires_at):
        yield "its deletion was taken back"
    if after.version != before.version + 1:
        yield f"version {before.version} → {after.version}"
    if before.plan is not None and after.plan != before.plan:
        yield "the plan was replaced"
    if before.predictions and len(after.predictions) != len(before.predictions):
        yield "the slots were divided anew"
    for old, new in zip(before.predictions, after.predictions, strict=False):
        if new.attempt < old.attempt or new.prediction_ids[: len(old.prediction_ids)] != old.prediction_ids:
            yield f"slot {old.number} forgot an attempt"
        if old.state in SETTLED and new.state != old.state:
            yield f"slot {old.number} left {old.state}"
