"""In the place of a pool of processes: the work is done in this one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass
class SameProcess:
    """Runs work in this process, and fails with the next of these errors first."""

    errors: list[Exception] = field(default_factory=list)

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        if self.errors:
            raise self.errors.pop(0)
        return function(*arguments)
