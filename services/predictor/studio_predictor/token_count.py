"""How many tokens of CLIP's vocabulary a text takes: exact for common English, never too few for anything.

The tokenizer merges the bytes of each run of letters into entries of its vocabulary. token_counts.txt holds how many
entries common words take; any other run takes one a byte at most. `python services/predictor/build_token_counts.py`
writes that file with a tokenizer that is needed for this and in tests only.
"""

import re
from functools import cache, lru_cache
from pathlib import Path

CLIP_TOKENS = 77
"""What SDXL's text encoders read: the text between a mark for its start and one for its end."""
ROOM = CLIP_TOKENS - 2
REMEMBERED = 2000
"""Texts whose tokens are known: those of styles and of common subjects come again and again."""
COUNTS = Path(__file__).with_name("token_counts.txt")

RUN = re.compile(r"[^\W\d_]+|[^ \t\r\n]")
KNOWN = re.compile(r"(?<![^\x00-\x7f])(?<!')[a-z]+(?![^\x00-\x7f])")
"""A run of letters that stays one whatever else the tokenizer takes for a letter; no ending like that of "don't"."""


@lru_cache(REMEMBERED)
def count_tokens(text: str) -> int:
    """The tokens of a text without the marks for start and end, or a few more."""
    counts, lower = _counts(), text.lower()
    known = {match.start(): match.end() for match in KNOWN.finditer(lower)}
    total = 0
    for match in RUN.finditer(lower):
        whole = known.get(match.start()) == match.end()
        total += counts.get(match.group() if whole else "", len(match.group().encode("utf-8", "replace")))
    return total


@cache
def _counts() -> dict[str, int]:
    """Word → tokens. A line without a number is a word of one."""
    lines = (line.partition(" ") for line in COUNTS.read_text(encoding="ascii").splitlines())
    return {word: int(number or 1) for word, _, number in lines}
