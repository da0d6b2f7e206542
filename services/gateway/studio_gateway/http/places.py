"""How many requests of a kind may be under way in this process. Who comes too late is refused and does not wait."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Places:
    """A number of places, of which one client may have a few, taken and given back."""

    def __init__(self, number: int, of_one: int | None = None) -> None:
        self.free = number
        self._of_one = number if of_one is None else of_one
        self._taken: Counter[str] = Counter()

    def take(self, client: str, refusal: Callable[[], Exception]) -> None:
        """Take a place, to be given back. Raises the refusal when none is free, or the client has too many."""
        if self.free < 1 or self._taken[client] >= self._of_one:
            raise refusal()
        self.free -= 1
        self._taken[client] += 1

    def give_back(self, client: str) -> None:
        """Give a place back."""
        self.free += 1
        self._taken[client] -= 1
        if not self._taken[client]:
            del self._taken[client]

    @contextmanager
    def one(self, refusal: Callable[[], Exception]) -> Iterator[None]:
        """Hold one place while open, whoever the client is. Raises the refusal when none is free."""
        self.take("", refusal)
        try:
            yield
        finally:
            self.give_back("")
