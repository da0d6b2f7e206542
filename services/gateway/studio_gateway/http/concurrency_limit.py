"""How many requests of a kind may be under way in this process. One request more is refused and does not wait."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class ConcurrencyLimit:
    """At most `number` requests under way together, and at most `per_client` of one client."""

    def __init__(self, number: int, per_client: int | None = None) -> None:
        self.free = number
        self._per_client = number if per_client is None else per_client
        self._under_way: Counter[str] = Counter()

    def acquire(self, client: str, refusal: Callable[[], Exception]) -> None:
        """Begin a request, to be released. Raises the refusal when the limit, or the client's, is reached."""
        if self.free < 1 or self._under_way[client] >= self._per_client:
            raise refusal()
        self.free -= 1
        self._under_way[client] += 1

    def release(self, client: str) -> None:
        """End a request."""
        self.free += 1
        self._under_way[client] -= 1
        if not self._under_way[client]:
            del self._under_way[client]

    @contextmanager
    def held(self, refusal: Callable[[], Exception]) -> Iterator[None]:
        """Hold a request under way while open, whoever the client is. Raises the refusal at the limit."""
        self.acquire("", refusal)
        try:
            yield
        finally:
            self.release("")
