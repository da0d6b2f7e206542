"""How many requests of a kind may be under way in this process. Who comes too late is refused and does not wait."""

from collections.abc import Iterator
from contextlib import contextmanager


class Places:
    """A number of places, taken and given back."""

    def __init__(self, number: int) -> None:
        self.free = number

    @contextmanager
    def one(self, refusal: Exception) -> Iterator[None]:
        """Hold one place while open. Raises the refusal when none is free."""
        if self.free < 1:
            raise refusal
        self.free -= 1
        try:
            yield
        finally:
            self.free += 1
