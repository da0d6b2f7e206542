"""Conditional and partial requests of RFC 9110, as far as whole resources and single ranges go."""

import re

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class RangeNotSatisfiable(Exception):
    """The range asked for lies outside the resource."""


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Whether the client's If-None-Match names this entity tag (section 13.1.2: weak comparison)."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]


def byte_range(header: str | None, size: int) -> slice | None:
    """The bytes a Range header asks for, or None for all of them. Raises Unsatisfiable.

    What cannot be understood, and several ranges at once, are answered in full, as section 14.2 allows.
    """
    match = _RANGE.fullmatch((header or "").strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= size:
        raise RangeNotSatisfiable(header)
    return slice(start, stop)
