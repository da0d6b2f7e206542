"""Errors of the chassis."""


class ChassisError(Exception):
    """Base of everything the chassis raises."""


class Unavailable(ChassisError):
    """Broker, database or object store does not answer. The work is not at fault: it is tried again, uncounted."""


class JobNotFound(ChassisError):
    """There is no job of that id."""


class JobExists(ChassisError):
    """A job of that id is stored already."""


class JobConflict(ChassisError):
    """Too many others changed the job at the same time. Trying again later helps."""


class ObjectNotFound(ChassisError):
    """There is no object under that key."""
