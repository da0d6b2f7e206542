"""Memory of long-lived processes: what garbage collections look at, and what the C library holds that is freed."""

import ctypes
import gc

OBJECTS_PER_COLLECTION = 20_000
"""Reading one job makes some thousand: at the default of 700, collecting garbage is a tenth to a fifth of the work."""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""glibc's malloc.h."""
LARGEST_REUSED = 32 * 2**20
"""Bytes of the largest allocation whose memory is used again: the most that glibc takes."""
MOST_KEPT = 256 * 2**20
"""Bytes that are freed before any go back to the system, where a process ends with its work."""


def keep_what_is_loaded() -> None:
    """Call it when a process has loaded what it works with: what was freed on the way goes back to the system, and
    what is left is no garbage, so that collections pass over it and a forked child shares it. They come more seldom
    from then on.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_PER_COLLECTION)
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim is not None:
        trim(0)


def reuse_what_is_freed(most_kept: int = MOST_KEPT) -> None:
    """For a process that works on large arrays or files, one after the other: let the C library give the memory of one
    to the next, and keep that many bytes for it. By default it goes back to the system between them, which clears other
    pages for the next: a tenth of the work on a picture, and as much of a download.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's
    if set_option is not None:
        set_option(M_MMAP_THRESHOLD, LARGEST_REUSED)
        set_option(M_TRIM_THRESHOLD, most_kept)
