"""Up to three compositions for a brief that really differ, each with its reason."""

from collections.abc import Iterator
from typing import NamedTuple

from studio_contracts.brief import Strategy
from studio_contracts.reading import Reading

MOST = 3
LONG = 1.8
"""From this ratio of its sides on a surface is long."""
FLOW_M, PANORAMA_M, PATH_M, TRACK_M = 2.4, 2.6, 3.0, 2.8
"""Shortest sides at which motifs still have room in such a composition."""

NAMES: dict[Strategy, str] = {
    "hero": "Hero",
    "scattered": "Scattered",
    "flowing": "Flowing",
    "panorama": "Panorama",
    "path": "Path",
    "medallions": "Medallions",
    "track": "Track",
    "stripes": "Stripes",
    "circles": "Circles",
    "hexagons": "Hexagons",
    "islands": "Islands",
    "compass": "Compass",
    "hopscotch": "Hopscotch",
    "snakes": "Snakes and ladders",
    "spiral": "Spiral",
    "maze": "Maze",
    "pitch": "Pitch",
    "voronoi": "Regions",
    "bands": "Bands",
    "grid": "Grid",
}
_PATTERNS: dict[str, tuple[Strategy, ...]] = {
    "bands": ("bands", "flowing"),
    "stripes": ("stripes",),
    "zigzag": ("stripes", "bands"),
    "waves": ("bands", "flowing"),
    "spiral": ("spiral",),
    "circles": ("circles",),
    "dots": ("scattered", "circles"),
    "grid": ("grid",),
    "triangles": ("voronoi",),
    "hexagons": ("hexagons",),
    "mosaic": ("grid", "voronoi"),
    "path": ("path",),
    "track": ("track", "path"),
    "maze": ("maze",),
    "hopscotch": ("hopscotch",),
    "compass": ("compass",),
    "snakes_and_ladders": ("snakes",),
    "islands": ("islands",),
    "bridges": ("islands",),
    "football_pitch": ("pitch",),
}
_OUTDOORS = frozenset(
    {"forest", "meadow", "farm", "sunset", "beach", "desert", "autumn", "winter", "city", "mountains", "sky"}
)
_NOWHERE = frozenset({"ocean", "river", "space", "night"})
"""Settings without a horizon."""
_WITH_MOTIFS = frozenset(
    {
        "hero", "scattered", "flowing", "panorama", "path", "medallions",
        "track", "stripes", "circles", "islands", "snakes",
    }
)  # fmt: skip


class Direction(NamedTuple):
    """One composition for a job: its name, how it is drawn, and why; variations are drawn with different seeds."""

    name: str
    strategy: Strategy
    reason: str
    variation: int = 0


def choose_directions(
    reading: Reading, width_m: float, height_m: float, seed: int, strategy: Strategy | None = None, variations: int = 1
) -> tuple[Direction, ...]:
    """One to three directions that differ, the best first.

    A strategy that the client asks for is the only one, in up to three variations. Patterns the brief names come before
    compositions of its motifs; a brief without either gets patterns that suit any. The seed breaks ties, so that
    another job of the same brief may look different.
    """
    if strategy is not None:
        asked = Direction(NAMES[strategy], strategy, "asked for by the client")
        others = (f"{asked.reason}, arranged otherwise" for _ in range(1, variations))
        return asked, *(
            Direction(f"{asked.name} {number + 1}", strategy, reason, number) for number, reason in enumerate(others, 1)
        )
    found: dict[Strategy, str] = {}
    for way, reason in _suitable(reading, width_m, height_m, seed):
        found.setdefault(way, reason)
    chosen = list(found.items())[:MOST]
    if _has_motifs(reading) and not any(way in _WITH_MOTIFS for way, _ in chosen):
        chosen[-1:] = [pair for pair in found.items() if pair[0] in _WITH_MOTIFS][:1] or chosen[-1:]
    return tuple(Direction(NAMES[way], way, reason) for way, reason in chosen)


def _has_motifs(reading: Reading) -> bool:
    return any(
        subject.motif not in reading.refused_motifs and (subject.motif or subject.kind != "thing")
        for subject in reading.subjects
    )


def _suitable(reading: Reading, width_m: float, height_m: float, seed: int) -> Iterator[tuple[Strategy, str]]:
    short, long = sorted((width_m, height_m))
    motifs = _has_motifs(reading)
    for pattern in reading.patterns:
        # Of two ways to draw a pattern, the one that shows the subjects too comes first.
        for way in sorted(_PATTERNS.get(pattern, ()), key=lambda way: motifs and way not in _WITH_MOTIFS):
            if pattern not in reading.refused_patterns and _fits(way, short, motifs):
                yield way, f"the brief names {pattern.replace('_', ' ')}"
    if motifs:
        yield from _of_motifs(reading, width_m, height_m, seed)
    ways: list[Strategy] = ["bands", "voronoi", "circles" if long < 3 * short else "stripes"]
    for step in range(len(ways)):
        yield ways[(step + seed) % len(ways)], "suits any brief"


def _of_motifs(reading: Reading, width_m: float, height_m: float, seed: int) -> Iterator[tuple[Strategy, str]]:
    short, long = sorted((width_m, height_m))
    names = [subject.word for subject in reading.subjects if subject.motif or subject.kind != "thing"]
    kinds = len(names)
    first = names[0] if names else "it"
    panorama = _fits("panorama", short, True) and width_m >= height_m
    letters = any(subject.kind != "thing" for subject in reading.subjects)
    if letters or _NOWHERE & set(reading.setting):
        panorama = False
    if letters:
        yield "medallions", f"{first} in round fields, one beside the other"
    if long < LONG * short:
        yield "hero", f"the brief is about: {first}"
    if panorama and (_OUTDOORS & set(reading.setting) or long >= LONG * short):
        yield "panorama", "a scene with ground and sky suits the brief and the surface"
    if seed % 2 and _fits("flowing", short, True):
        yield "flowing", "bands lead along the surface"
    yield "scattered", f"{first} everywhere, so that every corner has something to find"
    if _fits("flowing", short, True):
        yield "flowing", "bands lead along the surface"
    if _fits("path", short, True):
        yield "path", "a path leads through"
    yield "hero", f"the brief is about: {first}"
    if kinds == 1 or long >= LONG * short:
        yield "medallions", f"{first} in round fields"


def _fits(way: Strategy, short_m: float, motifs: bool) -> bool:
    """Whether a surface is wide enough for a composition."""
    least = {
        "flowing": FLOW_M if motifs else 0.8,
        "panorama": PANORAMA_M,
        "path": PATH_M if motifs else 1.6,
        "track": TRACK_M,
        "spiral": 3.4,
        "maze": 2.4,
        "pitch": 2.4,
    }
    return short_m >= least.get(way, 0.0)
