"""The TPV granule colours that can be bought: the only colours a concept may use."""

from typing import NamedTuple


class Colour(NamedTuple):
    """One granule colour: the maker's code, its name and its sRGB value as #RRGGBB."""

    code: str
    name: str
    hex: str

    @property
    def rgb(self) -> tuple[int, int, int]:
        """sRGB components, 0 to 255."""
        return (int(self.hex[1:3], 16), int(self.hex[3:5], 16), int(self.hex[5:7], 16))


MAX_CHOSEN = 6
"""A client chooses at most this many colours for one concept."""

PALETTE: tuple[Colour, ...] = (
    Colour("RH30", "Beige", "#E4C4AA"),
    Colour("RH31", "Cream", "#E8E3D8"),
    Colour("RH41", "Bright Yellow", "#FFD833"),
    Colour("RH40", "Mustard", "#E5A144"),
    Colour("RH50", "Orange", "#F15B32"),
    Colour("RH01", "Standard Red", "#A5362F"),
    Colour("RH02", "Bright Red", "#E21F2F"),
    Colour("RH90", "Funky Pink", "#E8457E"),
    Colour("RH21", "Purple", "#493D8C"),
    Colour("RH20", "Standard Blue", "#0075BC"),
    Colour("RH22", "Light Blue", "#47AFE3"),
    Colour("RH23", "Azure", "#039DC4"),
    Colour("RH26", "Turquoise", "#00A6A3"),
    Colour("RH12", "Dark Green", "#006C55"),
    Colour("RH10", "Standard Green", "#609B63"),
    Colour("RH11", "Bright Green", "#3BB44A"),
    Colour("RH32", "Brown", "#8B5F3C"),
    Colour("RH65", "Pale Grey", "#D9D9D6"),
    Colour("RH61", "Light Grey", "#939598"),
    Colour("RH60", "Dark Grey", "#59595B"),
    Colour("RH70", "Black", "#231F20"),
)
"""In display order. Lab values are always derived from the hex, never stored."""

BY_CODE: dict[str, Colour] = {colour.code: colour for colour in PALETTE}
