"""An event loop whose time is a number: nothing waits for real, and the same program runs the same way each time."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, TypeVarTuple

Ts = TypeVarTuple("Ts")
PUBLIC_ADDRESS = "93.184.215.14"


class Stalled(RuntimeError):
    """Nothing is ready and no timer is set: the program waits for something that cannot come."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs callbacks in a fixed order; when all wait, time jumps to the next timer. There is no I/O.

    Work for a thread runs immediately instead, and every host name has one public address.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seconds = 0.0
        self._selector = self  # the base class waits by asking its selector, which is where time passes here

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._seconds

    def select(self, timeout: float | None) -> list[Any]:
        """Let `timeout` seconds pass."""
        if timeout is None:
            raise Stalled("every task waits, and no timer is set")
        self._seconds += timeout
        return []

    def run_in_executor(self, executor: object, func: Callable[[*Ts], Any], *args: *Ts) -> asyncio.Future[Any]:
        """Call `func` now."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the caller
            future.set_exception(error)
        return future

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> list[Any]:
        """One public address for every name."""
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (PUBLIC_ADDRESS, port or 0))]

    async def create_connection(self, *_: Any, **__: Any) -> Any:
        """Tell the loop's exception handler of it, since callers take a failed connection for one of their faults.

        Raises AssertionError.
        """
        error = AssertionError("the real network was asked for a connection")
        self.call_exception_handler({"message": str(error), "exception": error})
        raise error

    sock_connect = create_connection

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Work never sleeps in another thread."""
