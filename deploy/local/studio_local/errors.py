"""What can go wrong with the local stack. Every message is for a person: what is the matter and what to do about it."""


class StackError(Exception):
    """The stack cannot be had or has broken."""


class AlreadyRunningError(StackError):
    """Another process holds this stack's folder."""


class ProcessFailedError(StackError):
    """A process ended, or did not become ready in time; the message ends with its last log lines."""
