"""How large things are drawn: the smallest size at which a motif can be laid whole, and sizes by meaning."""

import math
from functools import lru_cache

import shapely
from shapely.affinity import scale

from studio_stencil.motifs.layable import ISLAND_MM2, SIZE_STEP, roughly_layable
from studio_stencil.motifs.library import find_motif
from studio_stencil.motifs.recorded import recorded_smallest_m
from studio_stencil.motifs.thickness import closed, extent, pieces

SIZES_M = (0.9, 1.2, 1.5, 1.8, 2.1, 2.6)
"""Sizes that are tried."""
LARGEST_M = 3.2
"""From here on nothing is lost that matters."""
MOST_MADE_M = 4.2
"""A larger motif is one of this size, at which nothing is lost that matters, enlarged."""
GAP, LONG_GAP = 0.12, 0.07
"""Width and length of the gaps that matter, in parts of the motif's longer side."""
LOST_GAPS, LOST_AREA = 0.028, 0.05
"""What may be lost of the gaps, and of the motif, as a share of its area, before it is not whole any more."""

_BY_MEANING = {
    1.9: "🐋🐳🦕🏰🎪🚢🌋",
    1.6: "🐘🦖🐉🐲🦒🚀🏠🚒🚂✈🛸🌈🦈🏔⛰🎡🎢🌳🌴🌲🛩🚁🏡",
    1.3: "🦁🐯🐻🐴🐎🦄🐄🐮🐂🐪🐫🦏🦛🐊🐬🐙🦑🚗🏎🚓🚜⛵🪐🌍🌎🌏☀🌞🐍🧜🤖🎈🌙🌕🦓🦍🐆🐅🐧🦘",
    0.8: "🐸🐦🐤🐥🐣🐇🐰🦔🐿🐁🐭🐹🦋🌷🌸🌹🌺🌻🌼🍄⭐🌟✨🍁🍂🍃🌿🐚❤👣🐾🔑🍎🍓🍊🍋🍌🦎🐟🐠🐡🦀🦞🦐",
    0.65: "🐝🐞🐜🕷🦗🐛🪲🦟🪰🍒🐌",
}
_MEANT = {character: size for size, characters in _BY_MEANING.items() for character in characters}
_WORDS = {"small": 0.72, "medium": 1.0, "large": 1.35, None: 1.0}


def meant_size(emoji: str, word: str | None = None) -> float:
    """How large a thing is beside others, 1 for the usual; `word` is small, medium or large."""
    return _MEANT.get(emoji[0], 1.0) * _WORDS.get(word, 1.0)


@lru_cache(maxsize=512)
def least_size_m(emoji: str) -> float:
    """The size below which a motif is smaller than the smallest island."""
    motif = find_motif(emoji)
    if motif is None:
        return math.inf
    largest = max(piece.area for piece in shapely.get_parts(motif.silhouette))
    return math.sqrt(1.2 * ISLAND_MM2 / 1e6 / largest)


@lru_cache(maxsize=512)
def smallest_size_m(emoji: str) -> float:
    """The smallest size, its longer side in metres, at which a motif can be laid whole: limbs, tails and the gaps
    between them are there.
    """
    recorded = recorded_smallest_m(emoji)
    return searched_smallest_m(emoji) if recorded is None else recorded


def searched_smallest_m(emoji: str) -> float:
    """That size, found by trying several."""
    least = least_size_m(emoji)
    tried = [size for size in SIZES_M if size > least]
    low, high = 0, len(tried)
    while low < high:
        middle = (low + high) // 2
        if _is_whole(emoji, tried[middle]):
            high = middle
        else:
            low = middle + 1
    return max(least, tried[low] if low < len(tried) else LARGEST_M)


def made_size_m(emoji: str, size_m: float) -> float:
    """The largest size, no larger than `size_m`, at which outlines of a motif are made: from the least on, each
    SIZE_STEP times the one before.
    """
    least = least_size_m(emoji)
    return least * SIZE_STEP ** _steps(least, size_m)


def made_sizes_m(emoji: str) -> list[float]:
    """All of these sizes, to the millimetre."""
    least = least_size_m(emoji)
    return [round(least * SIZE_STEP**step, 3) for step in range(_steps(least, MOST_MADE_M) + 1)]


def _steps(least_m: float, size_m: float) -> int:
    made_m = max(min(size_m, MOST_MADE_M), least_m)
    return max(0, math.floor(math.log(made_m / least_m, SIZE_STEP) + 1e-6))


def _is_whole(emoji: str, size_m: float) -> bool:
    motif = find_motif(emoji)
    if motif is None:
        return False
    drawn = scale(motif.silhouette, 1000, 1000, origin=(0, 0))
    real = scale(motif.silhouette, size_m * 1000, size_m * 1000, origin=(0, 0)).simplify(5.0)
    laid = scale(roughly_layable(real), 1 / size_m, 1 / size_m, origin=(0, 0))
    around = closed(drawn, 1000 * GAP / 2).difference(drawn.buffer(0.5))
    gaps = shapely.union_all([gap for gap in pieces(around) if extent(gap) > 1000 * LONG_GAP])
    lost_gaps = gaps.intersection(laid).area / drawn.area
    return bool(lost_gaps <= LOST_GAPS and drawn.difference(laid).area <= LOST_AREA * drawn.area)
