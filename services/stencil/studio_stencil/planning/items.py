"""The parts a brief is read from: phrases with what they can mean, and what describes a thing and stands before it."""

from dataclasses import dataclass
from typing import NamedTuple, get_args

from studio_contracts.reading import SizeWord

LINKS = frozenset({"of", "de", "d", "di", "von", "vom", "van", "der", "des", "du", "del"})
"""Words after which a number still counts: "a pair of frogs"."""
SHADES = frozenset({"shades", "tones", "tons", "nuances", "tonos", "toni", "tinten", "töne"})
SIZES: tuple[SizeWord, ...] = get_args(SizeWord)
NOUNS = frozenset({"pictures", "settings", "patterns", "letters"})
QUANTITIES = frozenset({"determiners", "numbers", "several"})
CONTENT = NOUNS | QUANTITIES | {"colours", "tones", *SIZES}


class Item(NamedTuple):
    """A word or phrase with what it can mean (kind → value), and where it starts in the brief.

    `lemma` is the phrase uninflected. A modifier is the first part of a compound word. `name` is an emoji's own,
    `colour` that of a colour word within the phrase ("red heart").
    """

    text: str
    lemma: str
    kinds: dict[str, str]
    start: int
    plural: bool = False
    modifier: bool = False
    name: str = ""
    colour: str | None = None


NOTHING = Item("", "", {}, 0)


@dataclass(frozen=True)
class Given:
    """What describes a thing and stands before it."""

    count: int | None = None
    several: bool = False
    article: bool = False
    size: SizeWord | None = None
    colours: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether a number or a size waits for its thing: "two big and one small dinosaur"."""
        return self.count is not None or self.size is not None
