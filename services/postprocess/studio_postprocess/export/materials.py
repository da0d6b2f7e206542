"""What a surface takes: granule and bags of each colour, and binder."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio_contracts.concept import ColourMaterial, Materials

KG_PER_M2 = 8.0
"""Granule at the standard depth."""
WASTAGE = 0.10
BAG_KG = 25
BINDER_SHARE = (0.12, 0.20)
"""Binder for wet pour, as shares of the granule's weight."""

_SHARES, _CENTIARES, _HECTOGRAMS = 10_000, 100, 10


def materials(
    pixels: Sequence[int] | NDArray[np.int64],
    codes: Sequence[str],
    area_m2: float,
    kg_per_m2: float = KG_PER_M2,
    wastage: float = WASTAGE,
    bag_kg: int = BAG_KG,
) -> Materials:
    """Materials for a surface of area_m2, from the pixels each colour has in its final picture.

    kg of a colour = area x share x kg_per_m2 x (1 + wastage). Each column is rounded by largest remainders, so that
    the lines add up to the total (share 0.0001, area 0.01 m², granule 0.1 kg); bags are rounded up colour by colour.
    Colours without a pixel have no line.
    """
    used = [(code, int(count)) for code, count in zip(codes, pixels, strict=True) if count]
    weights = [count for _, count in used]
    shares = _apportion(_SHARES, weights)
    areas = _apportion(round(area_m2 * _CENTIARES), weights)
    granule = _apportion(round(area_m2 * kg_per_m2 * (1 + wastage) * _HECTOGRAMS), weights)
    lines = tuple(
        ColourMaterial(
            code=code,
            share=share / _SHARES,
            area_m2=area / _CENTIARES,
            kg=weight / _HECTOGRAMS,
            bags=_bags(weight, bag_kg),
        )
        for (code, _), share, area, weight in zip(used, shares, areas, granule, strict=True)
    )
    kg = sum(granule) / _HECTOGRAMS
    least, most = (round(kg * share, 1) for share in BINDER_SHARE)
    return Materials(
        colours=lines,
        area_m2=sum(areas) / _CENTIARES,
        kg=kg,
        bags=sum(line.bags for line in lines),
        binder_kg=(least, most),
    )


def _bags(hectograms: int, bag_kg: int) -> int:
    return math.ceil(hectograms / (bag_kg * _HECTOGRAMS))


def _apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Whole numbers in proportion to the weights that sum to total; spare units go to the largest remainders."""
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts
