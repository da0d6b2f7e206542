"""The outlines of a mask as lines of its pixels, followed as OpenCV does, which the stencil service does without.

Suzuki, Abe, "Topological structural analysis of digitized binary images by border following", 1985.
"""

from collections.abc import Iterator

import numpy as np

from studio_pictures.bends import IntArray

_AROUND = ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))
"""x and y of the eight neighbours, anticlockwise on the screen, from the right one."""
_RIGHT, _LEFT = 0, 4


def _tables() -> tuple[np.ndarray, np.ndarray]:
    """For each set of neighbours, as bits, and direction to the pixel before: the direction to the next pixel; and
    which of the right and the left neighbour are passed on the way, as bits. Both (256, 8), uint8.
    """
    following, passed = np.zeros((256, 8), np.uint8), np.zeros((256, 8), np.uint8)
    for neighbours in range(1, 256):
        for before in range(8):
            for turn in range(before + 1, before + 9):
                if neighbours >> turn % 8 & 1:
                    following[neighbours, before] = turn % 8
                    break
                passed[neighbours, before] |= (turn % 8 == _RIGHT) | (turn % 8 == _LEFT) << 1
    return following, passed


_NEXT, _PASSED = _tables()


def outlines(mask: np.ndarray) -> Iterator[IntArray]:
    """Every closed outline of a mask (height, width) as its pixels (n, 2), x and y, each once or more often, in order:
    the mask is on the right hand where y points down. Single pixels have none.
    """
    height, width = mask.shape
    padded = np.zeros((height + 2, width + 2), np.uint8)
    padded[1:-1, 1:-1] = mask
    around = np.zeros((height, width), np.uint8)
    for bit, (x, y) in enumerate(_AROUND):
        around |= padded[1 + y : 1 + y + height, 1 + x : 1 + x + width] << np.uint8(bit)
    places = np.flatnonzero((padded[1:-1, 1:-1] != 0) & (around != 255) & (around != 0))
    if not len(places):
        return
    neighbours = around.ravel()[places]
    offsets = np.array([x + y * width for x, y in _AROUND])
    number = np.zeros(mask.size, np.int64)
    number[places] = np.arange(len(places))
    turn = _NEXT[neighbours]
    after = (number[places[:, np.newaxis] + offsets[turn]] * 8 + (turn + 4) % 8).ravel().tolist()
    passed = _PASSED[neighbours].ravel()
    done = np.zeros(len(places), np.uint8)
    xy = np.stack([places % width, places // width], axis=1)
    starts = np.flatnonzero(((neighbours >> _RIGHT & 1) == 0) | ((neighbours >> _LEFT & 1) == 0))
    for start in starts.tolist():
        for bit, direction in ((2, _LEFT), (1, _RIGHT)):
            beside = int(neighbours[start])
            if beside >> direction & 1 or done[start] & bit:
                continue
            before = next(turn % 8 for turn in range(direction, direction - 8, -1) if beside >> turn % 8 & 1)
            states = [start * 8 + before]
            while (state := after[states[-1]]) != states[0]:
                states.append(state)
            walked = np.array(states)
            np.bitwise_or.at(done, walked // 8, passed[walked])
            yield xy[walked // 8]
