"""What runs in a child process of the pool: it takes calls by a pipe and answers by it."""

import fcntl
import multiprocessing
import os
import pickle
import resource
import signal
import traceback
from multiprocessing.connection import Connection

from studio_chassis.runtime.memory import reuse_what_is_freed


def serve(pipe: Connection, memory_bytes: int) -> None:
    """A child's life: calls by the pipe until it closes. The parent decides about signals."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end_with_parent()
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    reuse_what_is_freed()
    pipe.send(None)  # ready
    while True:
        try:
            call = pipe.recv_bytes()
        except EOFError:
            return
        try:
            function, arguments = pickle.loads(call)  # noqa: S301 - the parent's
            reply = True, function(*arguments)
        except MemoryError as error:
            reply = False, MemoryError(str(error))
        except Exception as error:  # noqa: BLE001 - the caller judges it
            error.add_note(traceback.format_exc())
            reply = False, _portable(error)
        pipe.send(reply)


def _end_with_parent() -> None:
    """Have the kernel end this process when its parent's end of their pipe closes, also during a computation."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    signal.signal(signal.SIGIO, signal.SIG_DFL)  # which ends the process
    fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(parent.sentinel, fcntl.F_GETFL)
    fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)


def _portable(error: Exception) -> Exception:
    """The error, or its text where it does not survive the way to the parent."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - its class may do anything
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
