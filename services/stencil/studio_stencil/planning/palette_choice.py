"""Colours for a brief that names no palette: those it asks for, then what suits its subject and tone."""

from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from typing import NamedTuple

from studio_contracts.palette import BY_CODE, MAX_CHOSEN
from studio_contracts.reading import Reading
from studio_stencil.drawing.colour import CLOSE, difference
from studio_stencil.planning.colour_words import family
from studio_stencil.planning.themes import HABITAT_OF, PATTERNS, SETTINGS, in_tone

FALLBACK = ("RH20", "RH31", "RH26", "RH41", "RH50", "RH60")
"""Balanced six with strong contrast, cool base first."""

_COMPANIONS = ("RH31", "RH60", "RH41", "RH22", "RH11", "RH02")
"""Tried in turn beside one or two named colours, where the brief gives no theme."""
FEWEST, WITH_COMPANIONS, WITH_TONE = 3, 4, 5
"""Colours that stand by themselves; as many as companions fill up to; and as many as a tone does."""

Reasoned = tuple[str, str]
"""Why, and a colour code."""


class PaletteChoice(NamedTuple):
    """Codes, most important first, and what in the brief led to them."""

    codes: tuple[str, ...]
    reason: str


def choose_palette(reading: Reading) -> PaletteChoice:
    """At most six colours for a brief without a palette; the same brief always gets the same colours.

    Colours that the brief asks for come first: those of the ground before those of a subject. Then come colours of
    its settings and subjects, kept to its tones. A colour that was refused is never chosen.
    """
    asked = _asked(reading)
    if reading.only_colours and asked:
        return _only(asked, reading)
    themed = _kept_to_tone(_themed(reading), reading)
    on_ground = [pair for pair in asked if pair[1] not in _of_subjects(reading)]
    ground = on_ground or themed[:1]
    picked = list({code: (why, code) for why, code in [*ground, *asked]}.values())[:MAX_CHOSEN]
    if reading.tones:
        more, limit = [*themed, *_toned(reading)], max(WITH_TONE, len(themed))
    elif themed:
        more, limit = themed, MAX_CHOSEN
    elif picked:
        more, limit = _reasoned("for contrast", _COMPANIONS), WITH_COMPANIONS if len(picked) < FEWEST else 0
    else:
        more, limit = _reasoned("no colour or theme in the brief, so a balanced set", FALLBACK), MAX_CHOSEN
    _fill(picked, more, limit, reading)
    _fill(picked, _reasoned("for contrast", (*FALLBACK, *BY_CODE)), FEWEST, reading)
    return PaletteChoice(tuple(code for _, code in picked), _explain(picked) + _refusal(reading))


def _fill(picked: list[Reasoned], more: Iterable[Reasoned], limit: int, reading: Reading) -> None:
    """Add colours up to that number: none that is refused, none that can be taken for one already there."""
    for why, code in more:
        allowed = code not in reading.refused_colours and len(picked) < limit
        if allowed and all(difference(code, other) >= CLOSE for _, other in picked):
            picked.append((why, code))


def order_by_brief(codes: Sequence[str], reading: Reading) -> PaletteChoice:
    """A client's own colours, duplicates removed, with the base the brief asks for.

    Panels list colours in the order of display or of clicking, which says little about the base. So the first of
    them that the brief asks for leads, or else the first that carries one of its themes or its tone; without any the
    client's order stands. What the brief refuses and the client chose all the same comes last.
    """
    chosen = tuple(dict.fromkeys(codes))
    chosen = tuple(sorted(chosen, key=lambda code: code in reading.refused_colours))
    carrying = _kept_to_tone(_themed(reading, of_each=2), reading)
    for why, code in [*_asked(reading), *carrying, *_toned(reading)]:
        if code in chosen and code not in reading.refused_colours:
            rest = tuple(other for other in chosen if other != code)
            return PaletteChoice((code, *rest), f"chosen by the client; {why} → {BY_CODE[code].name} as base")
    return PaletteChoice(chosen, "chosen by the client, in the client's order")


def _asked(reading: Reading) -> list[Reasoned]:
    """Colours asked for, those that no subject has first."""
    ordered = sorted(reading.colours, key=lambda code: code in _of_subjects(reading))
    return _reasoned("asked for", ordered)


def _of_subjects(reading: Reading) -> set[str]:
    return {subject.colour for subject in reading.subjects if subject.colour}


def _only(asked: list[Reasoned], reading: Reading) -> PaletteChoice:
    """The colours asked for and no others; of a single one the shades a person calls by the same name too."""
    codes = [code for _, code in asked][:MAX_CHOSEN]
    if len(codes) == 1:
        codes += [code for code in family(codes[0] + "*") if code not in (*codes, *reading.refused_colours)]
    return PaletteChoice(tuple(codes), _explain(_reasoned("asked for, and no others", codes)) + _refusal(reading))


def _themed(reading: Reading, of_each: int = MAX_CHOSEN) -> list[Reasoned]:
    """Colours of settings, or of subjects where there is no setting, in turns, so that each gives its most telling."""
    themes = {setting: SETTINGS[setting] for setting in reading.setting if setting in SETTINGS}
    for subject in () if themes else reading.subjects:
        if (habitat := HABITAT_OF.get((subject.motif or " ")[0])) and SETTINGS[habitat] not in themes.values():
            themes[subject.word] = SETTINGS[habitat]
    if not themes:
        themes = {pattern.replace("_", " "): PATTERNS[pattern] for pattern in reading.patterns if pattern in PATTERNS}
    columns = zip_longest(*(_reasoned(f"'{word}'", codes[:of_each]) for word, codes in themes.items()))
    pairs = [pair for pair in chain.from_iterable(columns) if pair is not None]
    return [pair for pair in pairs if pair[1] not in reading.refused_colours]


def _kept_to_tone(themed: list[Reasoned], reading: Reading) -> list[Reasoned]:
    suited = in_tone(reading.tones)
    return [pair for pair in themed if pair[1] in suited] if suited else themed


def _toned(reading: Reading) -> list[Reasoned]:
    return _reasoned(" and ".join(reading.tones), in_tone(reading.tones))


def _reasoned(why: str, codes: Iterable[str]) -> list[Reasoned]:
    return [(why, code) for code in codes]


def _explain(picked: Sequence[Reasoned]) -> str:
    """One clause a reason: 'ocean' → Standard Blue, Azure."""
    by_reason: dict[str, list[str]] = {}
    for why, code in picked:
        by_reason.setdefault(why, []).append(BY_CODE[code].name)
    return "; ".join(f"{why} → {', '.join(names)}" for why, names in by_reason.items())


def _refusal(reading: Reading) -> str:
    names = ", ".join(BY_CODE[code].name for code in reading.refused_colours)
    return f"; refused: {names}" if names else ""
