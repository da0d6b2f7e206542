"""Makes one line of plain text from pasted text. The result does not depend on the interpreter's Unicode tables."""

import re

from pydantic_core import PydanticCustomError

SPACE = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
"""White space by Unicode's White_Space property."""

INVISIBLE = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]"
)
"""Prints nothing and spells nothing: soft hyphens, zero-width spaces, direction marks, fillers, byte order marks."""

FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
TAGS = re.compile("[\U000e0000-\U000e0fff]")
"""Tag characters spell the flags of England, Scotland and Wales after a black flag, and nothing elsewhere."""

SPELLING_ONLY = re.compile("[\u180b-\u180d\u180f\u200c\u200d\ufe00-\ufe0f\U000e0000-\U000e0fff]")
"""Joiners, variation selectors and tags: parts of words and emoji that print nothing by themselves."""

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
NO_CHARACTERS = re.compile(
    "[\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
    + "]"
)


def to_line(text: str) -> str:
    """The text as one line: white space as single spaces, what is invisible left out, all else as it is.

    Raises PydanticCustomError for a control character, a surrogate or a noncharacter, naming it and its place, and
    for a text with nothing to see.
    """
    line = SPACE.sub(" ", text)
    _refuse(CONTROLS, text, line, "control_character", "a control character")
    _refuse(NO_CHARACTERS, text, line, "no_character", "a code that is no character")
    line = INVISIBLE.sub("", line)
    line = re.sub(f"({FLAG.pattern})|{TAGS.pattern}", lambda match: match[1] or "", line)
    line = SPACE.sub(" ", line).strip(" ")
    if not SPELLING_ONLY.sub("", line).strip(" "):
        raise PydanticCustomError("nothing_to_see", "The text holds nothing that can be seen.")
    return line


def to_name(text: str) -> str:
    """As `to_line`, but nothing is a name, too: it stands for none."""
    return to_line(text) if text.strip() else ""


def to_paragraphs(text: str) -> str:
    """The text line by line as by `to_line`; empty lines at its ends are left out. Raises PydanticCustomError."""
    lines = re.split("\r\n|[\n\r\u2028\u2029]", text)
    return "\n".join(to_name(line) for line in lines).strip("\n")


def _refuse(kind: re.Pattern[str], text: str, line: str, code: str, what: str) -> None:
    if kind.search(line) is None:
        return
    place, found = next((at, char) for at, char in enumerate(text) if kind.match(char) and not SPACE.match(char))
    raise PydanticCustomError(
        code,
        "Character {place} is U+{number}, {what}, which no text may hold.",
        {"place": place + 1, "number": f"{ord(found):04X}", "what": what},
    )
