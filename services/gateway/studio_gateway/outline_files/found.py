"""What is found in a file with an outline, and what its reading may take."""

from typing import Literal, NamedTuple

from studio_chassis.runtime.process_pool import Limits

Unit = Literal["mm", "cm", "m", "in", "ft"]
MM_OF: dict[Unit, float] = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "in": 25.4, "ft": 304.8}
MAX_FILE_BYTES = 2 * 2**20
MAX_LAYER_CHARS = 255
FILE_LIMITS = Limits(memory_bytes=256 * 2**20, seconds=20.0)
"""What the reading of one file may take."""


class OutlineFileError(ValueError):
    """Why no outline is read from a file, and what to do about it: a whole sentence for people."""


class FoundOutline(NamedTuple):
    """The JSON of an outline, and how it was found.

    `unit` is that of the file's numbers, None where an SVG says its size itself; `layer` the one that was read, None
    for all. `left_out` counts closed lines that are neither the border nor a hole in it, `open_lines` those that do
    not close.
    """

    outline: str
    unit: Unit | None
    layer: str | None
    left_out: int
    open_lines: int
