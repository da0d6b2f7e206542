"""What the owner writes on a job, and its deletion: neither moves the job on."""

from datetime import timedelta

from studio_contracts.job import Job
from studio_domain.domain_events import DeletionRequested, DetailsChanged
from studio_domain.lifecycle.transition import Change, TransitionContext

DELETION_GRACE = timedelta(hours=1)
"""How long a deleted job is kept after its end. What is still under way needs the document: predictions are cancelled,
charges are settled, and a step that began before the end writes its last file.
"""


def details_changed(job: Job, change: DetailsChanged, _: TransitionContext) -> Change | None:
    """Name, notes, project and favourites of any job. A concept that there is not is no favourite."""
    if job.deleted_at is not None:
        return None
    details = {name: value for name in ("name", "notes", "project") if (value := getattr(change, name)) is not None}
    marked = {concept.id for concept in job.concepts if change.favourites.get(concept.id, concept.id in job.favourites)}
    favourites = tuple(concept.id for concept in job.concepts if concept.id in marked)
    after = job.model_copy(update={**details, "favourites": favourites})
    return None if after == job else Change(after, is_progress=False)


def deletion_requested(job: Job, _: DeletionRequested, context: TransitionContext) -> Change | None:
    """A job that has ended is shown to nobody from now on, and removed as one whose time of being kept is over."""
    if not job.is_final or job.deleted_at is not None or job.finished_at is None or job.expires_at is None:
        return None
    expires_at = min(job.expires_at, max(context.now, job.finished_at + DELETION_GRACE))
    return Change(job.model_copy(update={"deleted_at": context.now, "expires_at": expires_at}), is_progress=False)
