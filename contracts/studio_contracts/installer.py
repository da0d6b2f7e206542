"""What an installer can lay: the limits, and what breaking them costs. One source for services and page."""

from typing import Literal

InstallerRule = Literal["width", "radius", "gap", "area", "pieces", "angle"]

MIN_WIDTH_MM = 120.0
"""Smallest width of a feature, along its medial axis."""
MIN_RADIUS_MM = 600.0
"""Smallest internal radius of an edge."""
EXCEPTIONAL_RADIUS_MM = 300.0
"""Smallest internal radius where the piece is too small for MIN_RADIUS_MM."""
MIN_GAP_MM = 80.0
"""Smallest gap between different colours, and of the ground between two parts of one piece."""
MIN_AREA_M2 = 0.30
"""Smallest island."""
FRAGMENT_M2 = 0.03
"""Fragments below this area are absorbed."""
MAX_PIECES = 25
"""Separate pieces of one colour."""
MIN_ANGLE_DEG = 60.0
"""An interior angle is larger than this."""
PENALTIES: dict[InstallerRule, tuple[int, int]] = {
    "width": (15, 30),
    "radius": (10, 20),
    "gap": (10, 20),
    "area": (10, 20),
    "pieces": (5, 20),
    "angle": (5, 15),
}
"""Points off the score of 100 for each violation of a rule, and at most."""
RULE_TEXTS: dict[InstallerRule, str] = {
    "width": f"narrower than {MIN_WIDTH_MM:g} mm",
    "radius": f"curve tighter than {MIN_RADIUS_MM:g} mm",
    "gap": f"gap under {MIN_GAP_MM:g} mm",
    "area": f"island under {MIN_AREA_M2:g} m²",
    "pieces": f"more than {MAX_PIECES} pieces of a colour",
    "angle": f"corner sharper than {MIN_ANGLE_DEG:g}°",
}
"""What breaks a rule, in words for people."""
