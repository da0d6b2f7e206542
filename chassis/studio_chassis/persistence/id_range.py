"""A part of all job ids. Ids are random, so parts of one size have about as many jobs each."""

from typing import NamedTuple

_DIGITS = 8


class IdRange(NamedTuple):
    """Job ids from `first` on and before `end` (None: to the last one), in the order of their characters."""

    first: str = ""
    end: str | None = None

    def __contains__(self, job_id: object) -> bool:
        return isinstance(job_id, str) and self.first <= job_id and (self.end is None or job_id < self.end)


EVERY_ID = IdRange()


def id_part(number: int, parts: int) -> IdRange:
    """Part `number` (from 0) of all ids, divided into that many by their first hexadecimal digits."""
    ends = [f"{place * 16**_DIGITS // parts:0{_DIGITS}x}" for place in range(1, parts)]
    return IdRange(("", *ends)[number], (*ends, None)[number])
