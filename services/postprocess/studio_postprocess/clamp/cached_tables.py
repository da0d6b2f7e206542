"""Tables of numbers that take longer to calculate than to read, cached in a file as bytecode is.

The file lies in the folder of the bytecode and is written under the same rules: not where Python is told to write none,
nor where the folder cannot be written, and PYTHONPYCACHEPREFIX moves it. Its name holds a hash of what decides its
content. It is mapped into memory, so processes share its pages, and a page that nobody looks at takes no memory.
"""

import contextlib
import hashlib
import importlib.util
import mmap
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Tables = tuple[NDArray[Any], ...]
_maps: list[mmap.mmap] = []


def cached_tables(
    module: str, decided_by: Sequence[bytes], shapes: Sequence[tuple[int, ...]], calculate: Callable[[], Tables]
) -> Tables:
    """The tables of these shapes that a module, given by its file, calculates. Not to be written to."""
    file = _file(module, decided_by)
    found = _mapped(file, shapes)
    if found is not None:
        return found
    calculated = calculate()
    if sys.dont_write_bytecode:
        return calculated
    with contextlib.suppress(OSError):  # a read-only or full disk
        _write(file, calculated)
    return _mapped(file, shapes) or calculated


def release_pages() -> None:
    """Forget the pages that were looked at, as a warm-up does: they are read again where they are needed."""
    if hasattr(mmap, "MADV_DONTNEED"):
        for one in _maps:
            one.madvise(mmap.MADV_DONTNEED)


def _file(module: str, decided_by: Sequence[bytes]) -> Path:
    code = Path(importlib.util.cache_from_source(module))
    digest = hashlib.sha256(b"\0".join([np.__version__.encode(), *decided_by])).hexdigest()[:16]
    return code.with_name(f"{Path(module).stem}-{digest}.npy")


def _mapped(file: Path, shapes: Sequence[tuple[int, ...]]) -> Tables | None:
    """The tables in a file; None where it is missing or holds something else."""
    try:
        numbers = np.load(file, mmap_mode="r")
        parts = np.split(np.asarray(numbers), np.cumsum([np.prod(shape) for shape in shapes])[:-1])
        tables = tuple(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))
    except (OSError, EOFError, ValueError):
        return None
    _maps.append(numbers._mmap)
    return tables


def _write(file: Path, tables: Tables) -> None:
    """Put the file in its place whole, and remove those of earlier versions and attempts. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = file.with_name(f"{file.stem}.{os.getpid()}.npy")
    try:
        with whole.open("wb") as numbers:
            np.save(numbers, np.concatenate([table.ravel() for table in tables]))
            numbers.flush()
            os.fsync(numbers.fileno())  # else a loss of power could leave the name and not the numbers
        whole.replace(file)
    finally:
        for other in file.parent.glob(f"{file.stem.rpartition('-')[0]}-*.npy"):
            if other != file:
                other.unlink(missing_ok=True)
