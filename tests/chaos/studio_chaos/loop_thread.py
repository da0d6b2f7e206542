"""An event loop in a thread of its own, so that a test that blocks does not stop it."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """Runs from `start` to `stop`."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name)

    def start(self) -> None:
        """Begin to run."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what still runs on the loop is left."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of work on the loop; waits for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def call(self, callback: Callable[..., object], *arguments: object) -> None:
        """Call it on the loop, soon."""
        self._loop.call_soon_threadsafe(callback, *arguments)
