"""The ways a surface can be divided."""

from enum import StrEnum


class Strategy(StrEnum):
    """How the stencil is drawn. The first group shows motifs, the second patterns, the third fills the surface."""

    HERO = "hero"
    SCATTERED = "scattered"
    FLOWING = "flowing"
    PANORAMA = "panorama"
    PATH = "path"
    MEDALLIONS = "medallions"

    TRACK = "track"
    STRIPES = "stripes"
    CIRCLES = "circles"
    HEXAGONS = "hexagons"
    ISLANDS = "islands"
    COMPASS = "compass"
    HOPSCOTCH = "hopscotch"
    SNAKES = "snakes"
    SPIRAL = "spiral"
    MAZE = "maze"
    PITCH = "pitch"

    VORONOI = "voronoi"
    BANDS = "bands"
    GRID = "grid"
