"""What a noun of a brief and the words around it name: how many of what, how large, in which colour."""

from studio_contracts.reading import Subject, SubjectKind
from studio_stencil.planning.items import Given, Item
from studio_stencil.planning.lexicon import emoji_names


def subject_of(language: str, item: Item, motif: str | None, kind: SubjectKind, given: Given) -> Subject:
    """The subject that an item names, with what was given before it."""
    return Subject(
        word=item.text,
        name=_name(language, item, motif, kind),
        motif=motif,
        kind=kind,
        count=_count(language, item, given),
        size=given.size,
        colour=next(iter(given.colours), item.colour),
    )


def _name(language: str, item: Item, motif: str | None, kind: SubjectKind) -> str:
    if item.name or motif is None:
        return item.name or ("numbers" if kind == "digits" else kind)
    return item.lemma if language == "en" else emoji_names()[motif]


def _count(language: str, item: Item, given: Given) -> int | None:
    """The number asked for; None for several: a plural, or a word like "fish" that is its own."""
    if given.count is not None and not (given.article and item.plural):
        return given.count
    own_plural = "same_plural" in item.kinds or (language == "fr" and item.lemma[-1:] in ("s", "x", "z"))
    return None if given.several or item.plural or (own_plural and not given.article) else 1
