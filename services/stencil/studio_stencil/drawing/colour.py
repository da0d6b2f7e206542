"""How different two palette colours look: CIELAB from sRGB, and CIEDE2000."""

import math
from functools import cache

from studio_contracts.palette import BY_CODE

CLOSE = 10.0
"""Below this difference two neighbouring areas of granule read as one."""

_WHITE_D65 = (0.95047, 1.0, 1.08883)
_XYZ_FROM_RGB = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)

Lab = tuple[float, float, float]


def lab(rgb: tuple[int, int, int]) -> Lab:
    """CIELAB (D65, 2° observer) of an sRGB colour with components 0 to 255 (IEC 61966-2-1, CIE 15)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb)]
    ratios = (
        sum(m * c for m, c in zip(row, linear, strict=True)) / white
        for row, white in zip(_XYZ_FROM_RGB, _WHITE_D65, strict=True)
    )
    x, y, z = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in ratios)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def ciede2000(first: Lab, second: Lab) -> float:
    """Colour difference of two CIELAB colours, kL = kC = kH = 1 (Sharma, Wu and Dalal 2005)."""
    (l1, a1, b1), (l2, a2, b2) = first, second
    chroma7 = ((math.hypot(a1, b1) + math.hypot(a2, b2)) / 2) ** 7
    stretch = 1.5 - 0.5 * math.sqrt(chroma7 / (chroma7 + 25**7))
    c1, c2 = math.hypot(a1 * stretch, b1), math.hypot(a2 * stretch, b2)
    h1, h2 = (math.degrees(math.atan2(b, a * stretch)) % 360 for a, b in ((a1, b1), (a2, b2)))

    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    if turn == -180 and h2 > h1:
        turn = 180.0
    d_l, d_c, d_h = l2 - l1, c2 - c1, 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn) / 2)

    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    if c1 * c2 == 0:
        mean_h = h1 + h2
    elif abs(h1 - h2) <= 180:
        mean_h = (h1 + h2) / 2
    else:
        mean_h = (h1 + h2 + (360 if h1 + h2 < 360 else -360)) / 2
    weight = (
        1
        - 0.17 * math.cos(math.radians(mean_h - 30))
        + 0.24 * math.cos(math.radians(2 * mean_h))
        + 0.32 * math.cos(math.radians(3 * mean_h + 6))
        - 0.20 * math.cos(math.radians(4 * mean_h - 63))
    )
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / math.sqrt(20 + (mean_l - 50) ** 2)
    s_c, s_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * weight
    bend = 30 * math.exp(-(((mean_h - 275) / 25) ** 2))
    rotation = -math.sin(math.radians(2 * bend)) * 2 * math.sqrt(mean_c**7 / (mean_c**7 + 25**7))
    l_part, c_part, h_part = d_l / s_l, d_c / s_c, d_h / s_h
    return math.sqrt(l_part**2 + c_part**2 + h_part**2 + rotation * c_part * h_part)


@cache
def difference(code: str, other: str) -> float:
    """CIEDE2000 between two palette colours. Raises KeyError for an unknown code."""
    return ciede2000(lab(BY_CODE[code].rgb), lab(BY_CODE[other].rgb))
