"""Errors of the chassis."""


class ChassisError(Exception):
    """Base of everything the chassis raises."""


class Unavailable(ChassisError):
    """Broker, database or object store does not answer. The work is not at fault: it is tried again, uncounted."""


class JobNotFound(ChassisError):
    """There is no job of that id."""


class UnreadableJob(ChassisError):
    """A job document that this release cannot read: a later release or a person wrote it. It is left as it is."""

    def __init__(self, job_id: str, reason: str) -> None:
        super().__init__(f"{job_id}: {reason}")
        self.job_id = job_id
        self.reason = reason


class JobExists(ChassisError):
    """A job of that id is stored already."""


class JobConflict(ChassisError):
    """Too many others changed the job at the same time. Trying again later helps."""


class ObjectNotFound(ChassisError):
    """There is no object under that key."""
