"""A motif at its real size as an installer can lay it: its outline."""

from functools import lru_cache

import shapely
from shapely.affinity import scale
from shapely.geometry.base import BaseGeometry

from studio_stencil.motifs.layable import ISLAND_MM2, SIZE_STEP, TRIES, Attempts, faultiness
from studio_stencil.motifs.library import find_motif
from studio_stencil.motifs.recorded import Try, recorded_try
from studio_stencil.motifs.thickness import with_slits, without_holes

OTHERS = 3
"""How many outlines of a motif are tried where pixels show one badly."""
FIRST_TRIES = 6
"""After this number of tries an outline of another size is tried."""
AT_SIZE, SMALLER = 0, 1
"""Ways of a try: at the size asked for, or at one a SIZE_STEP smaller and enlarged."""
SLITS_MM, MORE_AREA = (112.0, 128.0, 144.0), 1.12
"""Widths of the slits that open the counters of letters, their ways; and how much the area may grow while they stay
open.
"""


@lru_cache(maxsize=1024)
def outline(emoji: str, size_m: float, other: int = 0) -> BaseGeometry:
    """The silhouette in millimetres, centred on the origin, its longer side about `size_m`.

    `other` is how many outlines that could be laid are passed over, where pixels show those badly. Which try gives the
    outline is looked up where it is recorded, else found by making those that come before it and judging each.
    """
    motif = find_motif(emoji)
    if motif is None:
        return shapely.Polygon()
    search = _search(emoji, size_m)
    return search.outline(recorded_try(emoji, size_m, other) or search.chosen(other))


class Search:
    """Looks for a motif's outline at one size in metres among those that tries give; each is made once."""

    def __init__(self, silhouette: BaseGeometry, size_m: float, is_letter: bool) -> None:
        self._silhouette = silhouette
        self._size_m = size_m
        self._is_letter = is_letter
        self._attempts: dict[int, Attempts] = {}

    def outline(self, chosen: Try) -> BaseGeometry:
        """The outline that a try gives, whether or not it can be laid."""
        made = self._way(chosen.way).outline(chosen.number)
        is_smaller = chosen.way == SMALLER and not self._is_letter
        return scale(made, SIZE_STEP, SIZE_STEP, origin=(0, 0)) if is_smaller else made

    def chosen(self, other: int = 0) -> Try:
        """The try whose outline can be laid, but for `other` of them, or has the fewest faults."""
        return self._for_letter() if self._is_letter else self._for_picture(other)

    def _for_letter(self) -> Try:
        """The narrowest slits that stay open."""
        chosen = Try(0, 0)
        for way in range(len(SLITS_MM)):
            attempts = self._way(way)
            chosen = Try(way, attempts.best(range(len(TRIES)))[0])
            if attempts.outline(chosen.number).area <= MORE_AREA * attempts.plain.area:
                break
        return chosen

    def _for_picture(self, other: int) -> Try:
        """Where the first tries at its size fail, one that is made smaller and enlarged, or another."""
        at_size = self._way(AT_SIZE)
        number, faulty = at_size.best(range(FIRST_TRIES), other)
        if not faulty:
            return Try(AT_SIZE, number)
        smaller = Try(SMALLER, self._way(SMALLER).best(range(FIRST_TRIES))[0])
        still = faultiness(at_size.plain, self.outline(smaller))
        if not still:
            return smaller
        last, left = at_size.best(range(FIRST_TRIES, len(TRIES)))
        found = [(faulty, Try(AT_SIZE, number)), (left, Try(AT_SIZE, last)), (still, smaller)]
        return min(found, key=lambda one: one[0])[1]

    def _way(self, way: int) -> Attempts:
        if way not in self._attempts:
            self._attempts[way] = Attempts(self._started(way))
        return self._attempts[way]

    def _started(self, way: int) -> BaseGeometry:
        """What the tries of a way begin with, in millimetres."""
        size = 1000 * (self._size_m / SIZE_STEP if way == SMALLER and not self._is_letter else self._size_m)
        plain = scale(self._silhouette, size, size, origin=(0, 0)).simplify(5.0)
        return with_slits(plain, ISLAND_MM2, SLITS_MM[way]) if self._is_letter else without_holes(plain, ISLAND_MM2)


@lru_cache(maxsize=64)
def _search(emoji: str, size_m: float) -> Search:
    motif = find_motif(emoji)
    assert motif is not None
    return Search(motif.silhouette, size_m, emoji.isalnum())


def searched(emoji: str, size_m: float) -> tuple[Try, ...]:
    """The tries that give a motif's outlines at a size, for each `other`, whatever is recorded."""
    return tuple(_search(emoji, size_m).chosen(other) for other in range(OTHERS))
