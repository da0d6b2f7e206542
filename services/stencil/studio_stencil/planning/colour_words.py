"""Families of palette colours: what "no blue" refuses and "greens" asks for."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "RH02": ("RH02", "RH01"),
    "RH41": ("RH41", "RH40"),
    "RH20": ("RH20", "RH22", "RH23"),
    "RH10": ("RH10", "RH11", "RH12"),
    "RH32": ("RH32", "RH30"),
    "RH61": ("RH61", "RH60", "RH65"),
}
"""The colour that a basic word ("blue") means → all that a person calls by that word."""


def family(value: str) -> tuple[str, ...]:
    """All codes of a basic colour word, which the lexicon marks with a star; just the one of any other word."""
    code = value.rstrip("*")
    return FAMILIES.get(code, (code,)) if value.endswith("*") else (code,)
