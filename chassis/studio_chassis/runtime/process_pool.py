"""Work that could take too much memory or time, in child processes that may die without harm to the service.

Children are forked from a server process that has imported what they need and has no threads (`forkserver`), so a new
one is ready in milliseconds and shares the memory of what was imported. A child that exceeds its memory gets a
MemoryError; one that exceeds its time is killed; one that dies is replaced. Each costs the one call it was working on.
Children end with their parent, however that ends, and when nothing was asked of them for a while. Only pipes are used:
no semaphores, nothing below /dev/shm.
"""

import asyncio
import contextlib
import math
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any, Protocol, TypeVar

import structlog

from studio_chassis.errors import ChassisError, Unavailable
from studio_chassis.runtime.child_process import serve

START_SECONDS = 120.0
"""A child imports the program's main module first. That is not part of any call's time."""
IDLE_SECONDS = 30.0
"""After this, children that wait for calls end: each holds what its largest picture took, and a new one costs 20 ms."""
log = structlog.get_logger()
T = TypeVar("T")


class WorkLost(ChassisError):
    """The child process died, or was killed at its deadline, before it had a result. The text says which."""


@dataclass(frozen=True)
class Limits:
    """What one child may use: bytes of private memory, as RLIMIT_DATA counts them, and seconds a call."""

    memory_bytes: int
    seconds: float


class WorkRunner(Protocol):
    """Runs a function of a module elsewhere: in a child process, or in a test right here."""

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """The function's result, or what it raised. Raises WorkLost and MemoryError besides."""
        ...


class ProcessPool:
    """As many child processes as `workers`, one call at a time each. Calls wait for a free one in order.

    `preload` names the module that children need; it is imported once, in the process they are forked from.
    """

    def __init__(self, workers: int, limits: Limits, preload: str) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([preload])
        _disable_resource_tracker()
        self._workers = [_Worker(context, limits) for _ in range(workers)]
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        self._idle_timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="process-pool")
        for worker in self._workers:
            self._idle.put_nowait(worker)

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """See WorkRunner. A caller that is cancelled ends the work: its child is killed."""
        worker = await self._idle.get()
        call = asyncio.get_running_loop().run_in_executor(self._threads, worker.call, function, arguments)
        try:
            result: T = await asyncio.shield(call)
        except asyncio.CancelledError:
            worker.kill()
            with contextlib.suppress(Exception):
                await call
            worker.allow_calls()
            raise
        except WorkLost as error:
            if self._closed:  # the work is not at fault
                raise Unavailable("the service is stopping") from error
            raise
        finally:
            self._idle.put_nowait(worker)
            self._end_idle_later()
        return result

    def _end_idle_later(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._idle_timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._end_idle)

    def _end_idle(self) -> None:
        """End the children that wait for calls. No thread works with them."""
        for _ in range(self._idle.qsize()):
            worker = self._idle.get_nowait()
            worker.end()
            self._idle.put_nowait(worker)

    def close(self) -> None:
        """End all children. Callers whose work is not done get Unavailable."""
        self._closed = True
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        for worker in self._workers:
            worker.kill()
        self._threads.shutdown()


@contextlib.asynccontextmanager
async def open_process_pool(
    workers: int, limits: Limits, preload: str, *, is_eager: bool = True
) -> AsyncIterator[ProcessPool]:
    """A pool whose children start with their first calls. An eager one starts the process they are forked from before.

    All children have ended when the context is left.
    """
    pool = ProcessPool(workers, limits, preload)
    if is_eager:
        forkserver.ensure_running()
    try:
        yield pool
    finally:
        await asyncio.to_thread(pool.close)


def _disable_resource_tracker() -> None:
    """Have `multiprocessing` start no process that tracks semaphores and shared memory: there are none to track."""
    tracker = resource_tracker._resource_tracker
    if tracker._fd is None:  # type: ignore[attr-defined]
        tracker._fd = os.open(os.devnull, os.O_WRONLY)  # type: ignore[attr-defined]


class _Worker:
    """One child process and the pipe to it. Only one thread at a time calls or starts it."""

    def __init__(self, context: ForkServerContext, limits: Limits) -> None:
        self._context = context
        self._limits = limits
        self._process: ForkServerProcess | None = None
        self._pipe: Connection | None = None
        self._killed = False
        self._sending = threading.Lock()  # a call is sent before it is killed, or not at all

    def start(self) -> None:
        """Start the child if it does not run, and wait until it is ready for calls. Raises EOFError and OSError."""
        if self._pipe is not None and not self._pipe.poll():
            return  # an idle child sends nothing, so a readable pipe is one that its child's death has closed
        self._discard()
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=serve, args=(theirs, self._limits.memory_bytes), daemon=True)
        process.start()
        theirs.close()
        with self._sending:
            self._process, self._pipe = process, ours
            if self._killed:  # while it was forked, when there was no process to kill
                process.kill()
        if not ours.poll(START_SECONDS):
            raise TimeoutError("the child process does not start")
        ours.recv()

    def call(self, function: Callable[..., Any], arguments: tuple[object, ...]) -> Any:
        """Have the child call a function."""
        try:
            self.start()
            assert self._pipe is not None
            with self._sending:
                if self._killed:
                    raise WorkLost("its caller went away before it began")
                self._pipe.send((function, arguments))
            if not self._pipe.poll(self._limits.seconds):
                log.warning("child process killed at its deadline", function=function.__name__)
                self._discard()
                raise WorkLost(f"it took longer than {self._limits.seconds:g} seconds")
            succeeded, result = self._pipe.recv()
        except (EOFError, OSError) as error:
            ending = self._discard()
            log.warning("child process died", function=function.__name__, ending=ending)
            raise WorkLost(f"its process ended with {ending}") from error
        if succeeded:
            return result
        if isinstance(result, MemoryError):
            log.warning("child process out of memory", function=function.__name__)
            self._discard()  # what is left of its memory may be in pieces
        raise result

    def end(self) -> None:
        """Have the idle child end, as its pipe has. `multiprocessing` clears it away when it starts another."""
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None

    def kill(self) -> None:
        """End the child, also while another thread starts it or waits for it."""
        with self._sending:
            self._killed = True
        if self._process is not None:
            with contextlib.suppress(ValueError):  # that thread has closed it
                self._process.kill()

    def allow_calls(self) -> None:
        """Take calls again after a kill."""
        self._killed = False

    def _discard(self) -> str:
        """Make sure the child has ended; how it did."""
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        if pipe is not None:
            pipe.close()
        if process is None:
            return ""
        process.kill()
        process.join()
        ending = _ending(process.exitcode)
        process.close()
        return ending


def usable_cores() -> int:
    """Cores this process may use: by its affinity, and by its container's quota (cgroup v2), rounded up."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no such file, or no quota: "max"
        return cores


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
