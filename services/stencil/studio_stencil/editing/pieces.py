"""The connected piece of a mask at a point, found by runs: a picture has thousands of them, not a million pixels."""

import numpy as np


def piece(mask: np.ndarray, row: int, column: int) -> np.ndarray:
    """Of a mask, bool (height, width), the piece that holds a pixel of it. Edges join pixels, corners do not."""
    height = mask.shape[0]
    steps = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    first = np.searchsorted(rows, np.arange(height + 1))  # the runs of row r are first[r] to first[r + 1]
    begin = int(first[row] + np.searchsorted(starts[first[row] : first[row + 1]], column, side="right") - 1)
    found = np.zeros_like(mask)
    reached, waiting = {begin}, [begin]
    while waiting:
        run = waiting.pop()
        at, start, end = int(rows[run]), int(starts[run]), int(ends[run])
        found[at, start:end] = True
        for beside in (at - 1, at + 1):
            if not 0 <= beside < height:
                continue
            lowest, highest = int(first[beside]), int(first[beside + 1])
            near = lowest + int(np.searchsorted(ends[lowest:highest], start, side="right"))
            while near < highest and starts[near] < end:
                if near not in reached:
                    reached.add(near)
                    waiting.append(near)
                near += 1
    return found
