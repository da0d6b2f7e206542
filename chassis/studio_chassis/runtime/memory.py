"""Memory that a process has freed and the C library still holds."""

import ctypes
import gc


def keep_what_is_loaded() -> None:
    """Call it when a process has loaded what it works with: what was freed on the way goes back to the system, and
    what is left is no garbage, so that collections pass over it and a forked child shares it.
    """
    gc.collect()
    gc.freeze()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim is not None:
        trim(0)
