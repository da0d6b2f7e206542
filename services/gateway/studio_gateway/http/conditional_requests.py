"""Conditional and partial requests of RFC 9110, as far as whole resources and single ranges go."""

import re

from studio_gateway.http.problems import ProblemError

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Whether the client's If-None-Match names this entity tag (section 13.1.2: weak comparison)."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]


def requested_range(range_: str | None, if_range: str | None, etag: str, size: int) -> slice | None:
    """The bytes to send of a resource of this size, or None for all of them. Raises ProblemError (416).

    A range of another version than the client's If-Range names is answered in full.
    """
    if if_range not in (None, etag):
        return None
    try:
        return byte_range(range_, size)
    except RangeNotSatisfiable as error:
        problem = ProblemError(416, "range", "No such bytes", f"The file has {size} bytes.")
        problem.headers["Content-Range"] = f"bytes */{size}"
        raise problem from error


def content_range(part: slice, size: int) -> str:
    """The Content-Range header of a part."""
    return f"bytes {part.start}-{part.stop - 1}/{size}"


class RangeNotSatisfiable(Exception):
    """The range asked for lies outside the resource."""


def byte_range(header: str | None, size: int) -> slice | None:
    """The bytes a Range header asks for, or None for all of them. Raises RangeNotSatisfiable.

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
