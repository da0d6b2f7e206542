"""Pixels: smooth fields on a coarse lattice, and the full picture between its points."""

import numpy as np

STEP = 8
"""Pixels between lattice points; divides every model size."""


def lattice(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y in pixels of the lattice points, each (height / STEP + 1, width / STEP + 1), corners included."""
    across, down = np.arange(0, width + 1, STEP), np.arange(0, height + 1, STEP)
    x, y = np.meshgrid(across.astype(np.float32), down.astype(np.float32))
    return x, y


def blur(fields: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian-like blur of fields (n, rows, columns), sigma in lattice steps: three box blurs along each axis.

    At the rim the picture goes on as its last value.
    """
    reach = max(1, round((sigma * sigma + 0.25) ** 0.5 - 0.5))
    for axis in (1, 2, 1, 2, 1, 2):
        fields = _box(fields, reach, axis)
    return fields


def _box(fields: np.ndarray, reach: int, axis: int) -> np.ndarray:
    """Mean over 2 · reach + 1 neighbours along an axis."""
    margin = [(0, 0)] * fields.ndim
    margin[axis] = (reach + 1, reach)
    sums = np.moveaxis(np.cumsum(np.pad(fields, margin, mode="edge"), axis=axis), axis, -1)
    width = 2 * reach + 1
    return np.moveaxis((sums[..., width:] - sums[..., :-width]) / np.float32(width), -1, axis)


def fill_between(fields: np.ndarray) -> np.ndarray:
    """The strongest field at each pixel, uint8 (STEP * (rows - 1), STEP * (columns - 1)), interpolated bilinearly.

    A field that wins at all four corners of a block wins everywhere inside, so only blocks on an edge are computed.
    """
    corner = fields.argmax(axis=0).astype(np.uint8)
    top, bottom = corner[:-1], corner[1:]
    mixed = (top[:, :-1] != top[:, 1:]) | (top[:, :-1] != bottom[:, :-1]) | (top[:, :-1] != bottom[:, 1:])
    rows, columns = np.nonzero(mixed)

    along = ((np.arange(STEP) + 0.5) / STEP).astype(np.float32)
    far, near = along, 1 - along
    weights = np.stack([np.outer(near, near), np.outer(near, far), np.outer(far, near), np.outer(far, far)])
    corners = np.stack([fields[:, rows + i, columns + j] for i in (0, 1) for j in (0, 1)], axis=-1)
    detail = (corners @ weights.reshape(4, -1)).argmax(axis=0).astype(np.uint8)

    blocks = np.repeat(top[:, :-1, None], STEP, axis=2)[:, :, None, :].repeat(STEP, axis=2)
    blocks[rows, columns] = detail.reshape(-1, STEP, STEP)
    height, width = STEP * top.shape[0], STEP * (top.shape[1] - 1)
    return blocks.transpose(0, 2, 1, 3).reshape(height, width)


def count_regions(indices: np.ndarray) -> int:
    """Number of 4-connected regions of equal index: horizontal runs, joined by union-find where they meet."""
    starts = np.ones(indices.shape, dtype=bool)
    np.not_equal(indices[:, 1:], indices[:, :-1], out=starts[:, 1:])
    run = np.cumsum(starts, dtype=np.int32).reshape(indices.shape) - 1
    meet = (indices[1:] == indices[:-1]) & (starts[1:] | starts[:-1])
    parent = list(range(int(run[-1, -1]) + 1))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    for upper, lower in zip(run[:-1][meet].tolist(), run[1:][meet].tolist(), strict=True):
        parent[root(lower)] = root(upper)
    return sum(node == up for node, up in enumerate(parent))


def border_lengths(indices: np.ndarray, count: int) -> np.ndarray:
    """Symmetric (count, count) table of how many pixel edges two indices share; 0 on the diagonal."""
    lengths = np.zeros((count, count), dtype=np.int64)
    for a, b in ((indices[:, 1:], indices[:, :-1]), (indices[1:], indices[:-1])):
        edge = a != b
        pairs = a[edge].astype(np.intp) * count + b[edge]
        lengths += np.bincount(pairs, minlength=count * count).reshape(count, count)
    return lengths + lengths.T
