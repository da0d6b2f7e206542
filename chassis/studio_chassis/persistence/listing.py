"""What a list of jobs is asked for, and where a job stands in it."""

from datetime import datetime
from typing import Literal, NamedTuple

from studio_contracts.brief import JobKind
from studio_contracts.job import Job, Status

MAX_PROJECTS = 500
"""As many projects are named in a list."""


class JobFilter(NamedTuple):
    """Which jobs of a list are wanted: None stands for any. Each word of `text` occurs in prompt or name, in any case.

    `since` and `before` bound when the job was created. The job has every pair of `metadata`. With favourites are those
    of which a concept is marked as one.
    """

    status: Status | None = None
    kind: JobKind | None = None
    text: str = ""
    since: datetime | None = None
    before: datetime | None = None
    project: str | None = None
    has_favourites: bool | None = None
    metadata: tuple[tuple[str, str], ...] = ()

    def takes(self, job: Job) -> bool:
        """Whether the job is wanted."""
        texts = job.brief.prompt.casefold(), job.name.casefold()
        return (
            self.status in (None, job.status)
            and self.kind in (None, job.brief.kind)
            and self.project in (None, job.project)
            and self.has_favourites in (None, bool(job.favourites))
            and set(self.metadata) <= set(job.metadata.items())
            and all(any(word in text for text in texts) for word in self.text.casefold().split())
            and (self.since is None or job.created_at >= self.since)
            and (self.before is None or job.created_at < self.before)
        )


EVERY_JOB = JobFilter()


Order = Literal["newest", "oldest"]
"""Which jobs of a list come first, by when they were created."""


class Cursor(NamedTuple):
    """Where a job stands in the list of all, by time."""

    created_at: datetime
    job_id: str


class ProjectCount(NamedTuple):
    """A project by its name: how many jobs are in it, and when the newest one was created."""

    name: str
    jobs: int
    newest: datetime
