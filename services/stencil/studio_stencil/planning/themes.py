"""Colours that suit what a brief speaks of: its settings, its subjects, its tones. The most telling come first."""

from studio_contracts.reading import PatternWord, Tone

SETTINGS: dict[str, tuple[str, ...]] = {
    "ocean": ("RH20", "RH22", "RH26", "RH31", "RH41"),
    "river": ("RH23", "RH20", "RH10", "RH31", "RH30"),
    "forest": ("RH12", "RH11", "RH32", "RH30", "RH41"),
    "meadow": ("RH10", "RH11", "RH41", "RH90", "RH31"),
    "farm": ("RH11", "RH02", "RH30", "RH40", "RH22"),
    "sunset": ("RH50", "RH41", "RH90", "RH21", "RH40"),
    "beach": ("RH30", "RH23", "RH31", "RH26", "RH50"),
    "space": ("RH21", "RH20", "RH70", "RH41", "RH31"),
    "night": ("RH21", "RH20", "RH70", "RH41", "RH31"),
    "desert": ("RH30", "RH40", "RH01", "RH32", "RH12"),
    "autumn": ("RH40", "RH01", "RH50", "RH32", "RH12"),
    "winter": ("RH22", "RH31", "RH20", "RH61", "RH21"),
    "city": ("RH61", "RH60", "RH41", "RH20", "RH31"),
    "tropical": ("RH26", "RH41", "RH50", "RH90", "RH11"),
    "mountains": ("RH10", "RH32", "RH61", "RH30", "RH12"),
    "sky": ("RH22", "RH31", "RH20", "RH41", "RH65"),
    "fairytale": ("RH90", "RH22", "RH31", "RH41", "RH21"),
    "fire": ("RH01", "RH50", "RH41", "RH60", "RH40"),
    "rainbow": ("RH22", "RH02", "RH41", "RH11", "RH21", "RH50"),
    "sun": ("RH22", "RH41", "RH50", "RH31", "RH20"),
}

_HABITATS = {
    "ocean": "🐋🐳🐬🦈🦭🐙🦑🦀🦞🦐🐟🐠🐡🪼🪸🐚🐢🧜⛵⚓🚢",
    "river": "🐸🪷🦆🦢🐊🦫🦦",
    "forest": "🌳🌲🍃🍄🌿🦔🦊🦌🦡🦝🐻🐺🦉🐒🐅🦜🐍🐘",
    "meadow": "🌼🌷🌻🌹🌸🌺💐🐝🐞🐛🐌🐇🐑",
    "farm": "🐄🐖🐔🐓🐴🐎🐐🚜",
    "space": "🚀🪐⭐🌙🛸👽🛰☄🌍",
    "desert": "🦕🦖🐫🐪🌵🦂🦁🦒🦓🦏",
    "winter": "⛄☃❄🐧🎿",
    "city": "🚗🏎🚌🚓🚚🚂🚲🛹🛴🏠",
    "fairytale": "🦄🧚👸🦋🍬🍭👑❤🩷",
    "fire": "🐉🌋🔥🚒",
    "rainbow": "🌈🎈🎪🎨🤡",
    "sun": "☀🌞",
    "sky": "☁🌤✈🚁🪁",
}
HABITAT_OF = {char: setting for setting, motifs in _HABITATS.items() for char in motifs}
"""Motif, by its first character → the setting whose colours suit it where the brief names no setting."""

PATTERNS: dict[PatternWord, tuple[str, ...]] = {
    "waves": SETTINGS["ocean"],
    "islands": SETTINGS["ocean"],
    "football_pitch": ("RH10", "RH31", "RH11", "RH12", "RH41"),
    "track": SETTINGS["city"],
}
"""Of a pattern that is a thing of its own colours, where the brief names no setting and no subject."""

TONES: dict[Tone, tuple[str, ...]] = {
    "warm": ("RH40", "RH50", "RH30", "RH01", "RH41", "RH31", "RH02", "RH32", "RH90"),
    "cool": ("RH20", "RH22", "RH26", "RH65", "RH23", "RH12", "RH21", "RH61"),
    "pastel": ("RH22", "RH31", "RH90", "RH30", "RH41", "RH65"),
    "dark": ("RH60", "RH21", "RH12", "RH01", "RH20", "RH70", "RH32"),
    "bright": ("RH23", "RH41", "RH50", "RH11", "RH90", "RH02", "RH20", "RH26"),
    "calm": ("RH30", "RH10", "RH22", "RH31", "RH40", "RH61", "RH65", "RH12"),
}
ENOUGH = 3
"""Colours that two tones must share for both to hold; fewer, and the one with hue decides."""
WITH_HUE: frozenset[Tone] = frozenset({"warm", "cool"})


def in_tone(tones: tuple[Tone, ...]) -> tuple[str, ...]:
    """The colours of all tones asked for, in the order of the one that says most; none where no tone is asked for."""
    ordered = sorted(tones, key=lambda tone: tone not in WITH_HUE)
    suited: tuple[str, ...] = ()
    for tone in ordered:
        shared = tuple(code for code in suited if code in TONES[tone])
        suited = shared if len(shared) >= ENOUGH else suited or TONES[tone]
    return suited
