"""What the commands of clients say, in English or German: as --language says, else as the terminal's locale does.

Help and the commands of engineers are English. So is what programs read: JSON, ids, and the states in a pipe.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

Language = Literal["en", "de"]
Catalogue = Mapping[str, str | Mapping[str, str]]
CATALOGUES: Mapping[str, Catalogue] = {
    language: json.loads((Path(__file__).parent / "messages" / f"{language}.json").read_text(encoding="utf-8"))
    for language in get_args(Language)
}
"""By language: a text for each key, or its forms for one and for other numbers."""
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The variables that name the locale of messages, the strongest first (POSIX, 8.2)."""
_chosen: Language = "en"


def choose(language: Language | None) -> None:
    """Speak this language from now on; None stands for that of the locale."""
    global _chosen
    locale = next((value for name in _LOCALE if (value := os.environ.get(name))), "")
    _chosen = language or ("de" if locale.partition("_")[0].partition(".")[0] == "de" else "en")


def language() -> Language:
    """The language that is spoken."""
    return _chosen


def t(key: str, /, **values: object) -> str:
    """The text of a key with its `{names}` filled in; `count` chooses among its forms."""
    text = CATALOGUES[_chosen][key]
    if not isinstance(text, str):
        text = text["one" if values["count"] == 1 else "other"]
    return text.format(**values)


def named(kind: str, name: str) -> str:
    """A status or stage in words. One of a newer studio stays as it is."""
    return t(f"{kind}.{name}") if f"{kind}.{name}" in CATALOGUES[_chosen] else name


def number(value: float, digits: int) -> str:
    """A number with `digits` digits after the point."""
    text = f"{value:.{digits}f}"
    return text.replace(".", ",") if _chosen == "de" else text


def figure(value: float) -> str:
    """A number with the digits that it has, six at most."""
    text = f"{value:g}"
    return text.replace(".", ",") if _chosen == "de" else text
