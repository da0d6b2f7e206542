"""Work in child processes: too much memory or time, and a death, cost one call; nothing outlives its parent."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio_chassis.errors import Unavailable
from studio_chassis.runtime import process_pool
from studio_chassis.runtime.process_pool import Limits, ProcessPool, WorkLost, open_process_pool, usable_cores
from studio_support.child_work import (
    begun,
    fail_in_two_parts,
    never_ready,
    pages_of_repeated_work,
    pid_after,
    pid_when_told,
)

PATIENT = Limits(memory_bytes=256 * 2**20, seconds=3600)
"""Work that is not ended by the test would run into the test's own time limit."""
HASTY = replace(PATIENT, seconds=5)
"""A child of a busy machine answers a short call in less."""

PARENT = """
import asyncio, os, sys, time
from studio_chassis.errors import Unavailable
from studio_chassis.runtime import process_pool
from studio_chassis.runtime.process_pool import Limits, ProcessPool
from studio_support.child_work import begun, pid_after

async def main():
    pool = ProcessPool(2, Limits(256 * 2**20, 600), "json")
    print(*await asyncio.gather(pool.run(pid_after, 1.0), pool.run(pid_after, 1.0)), flush=True)
    idle, busy = sys.argv[1:]
    await asyncio.gather(pool.run(begun, idle, time.sleep, 500), pool.run(begun, busy, sum, range(10**12)))

asyncio.run(main())
"""


@pytest.fixture
async def pool() -> AsyncIterator[ProcessPool]:
    async with open_process_pool(2, PATIENT, "json") as pool:
        yield pool


async def pids(pool: ProcessPool) -> set[int]:
    """The two children: calls at the same time, until each has answered one."""
    found: set[int] = set()
    while len(found) < 2:
        found = set(await asyncio.gather(pool.run(pid_after, 0.2), pool.run(pid_after, 0.2)))
    return found


def status_fields(pid: int) -> list[str]:
    """Its state, its parent, and so on: proc_pid_stat(5), from the third field on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def of_session(leader: int) -> set[int]:
    """A process that leads a session, and all it has started."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            if int(status_fields(int(folder.name))[3]) == leader:
                found.add(int(folder.name))
    return found


def is_running(pid: int) -> bool:
    try:
        return status_fields(pid)[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # also when it ends while it is read
        return False


def until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


async def test_results_and_errors_come_back(pool: ProcessPool) -> None:
    assert await pool.run(sorted, [3, 1, 2]) == [1, 2, 3]
    assert await pool.run(os.getpid) != os.getpid()
    with pytest.raises(ValueError, match="invalid literal") as caught:
        await pool.run(int, "x")
    assert "Traceback" in caught.value.__notes__[0]


async def test_an_error_that_cannot_travel_comes_as_text(pool: ProcessPool) -> None:
    with pytest.raises(RuntimeError, match="TwoPartError: two parts"):
        await pool.run(fail_in_two_parts)


async def test_too_much_memory_is_an_error_and_nothing_else(pool: ProcessPool) -> None:
    with pytest.raises(MemoryError):
        await pool.run(bytearray, 2**30)
    assert await pool.run(len, "still here") == 10


async def test_too_much_time_ends_the_call_and_the_child() -> None:
    async with open_process_pool(1, HASTY, "json") as pool:
        working = await pool.run(os.getpid)
        with pytest.raises(WorkLost, match="longer than 5 seconds"):
            await pool.run(time.sleep, 600)
        assert until(lambda: not is_running(working))
        assert await pool.run(os.getpid) != working


@pytest.mark.parametrize(("exit_code", "ending"), [(3, "exit code 3"), (0, "exit code 0")])
async def test_a_child_that_ends_costs_its_call_and_is_replaced(pool: ProcessPool, exit_code: int, ending: str) -> None:
    neighbour = asyncio.create_task(pool.run(pid_after, 1.0))
    with pytest.raises(WorkLost, match=ending):
        await pool.run(os._exit, exit_code)
    assert await neighbour > 0
    assert len(await pids(pool)) == 2


async def test_a_child_that_is_killed_costs_its_call_and_is_replaced(pool: ProcessPool, tmp_path: Path) -> None:
    first, second = sorted(await pids(pool))
    calls = [asyncio.create_task(pool.run(pid_when_told, str(tmp_path))) for _ in range(2)]
    assert await asyncio.to_thread(until, lambda: len(list(tmp_path.iterdir())) == 2)
    os.kill(first, signal.SIGKILL)
    assert await asyncio.to_thread(until, lambda: not is_running(first))
    (tmp_path / "go").touch()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(result == second for result in results) == 1
    assert ["signal SIGKILL" in str(result) for result in results if isinstance(result, WorkLost)] == [True]
    assert len(await pids(pool)) == 2


async def test_a_child_killed_while_it_is_idle_costs_nothing(pool: ProcessPool) -> None:
    for pid in await pids(pool):
        os.kill(pid, signal.SIGKILL)
        assert until(lambda pid=pid: not is_running(pid))  # type: ignore[misc]
    assert len(await pids(pool)) == 2


async def test_a_child_that_died_is_replaced_before_its_parent_has_collected_it(pool: ProcessPool) -> None:
    """The fork server reports a death only when it runs again. The closed pipe shows the death immediately."""
    children = await pids(pool)
    (fork_server,) = {int(status_fields(pid)[1]) for pid in children}
    os.kill(fork_server, signal.SIGSTOP)
    try:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            assert until(lambda pid=pid: not is_running(pid))  # type: ignore[misc]
        calls = asyncio.create_task(pids(pool))
        await asyncio.sleep(0.1)  # the calls begin while nothing is known of the deaths
    finally:
        os.kill(fork_server, signal.SIGCONT)
    assert len(await calls) == 2


async def test_the_signals_that_stop_a_service_are_the_parent_s(pool: ProcessPool) -> None:
    before = await pids(pool)
    for pid in before:
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
    assert await pids(pool) == before


async def test_a_cancelled_caller_ends_the_work(tmp_path: Path) -> None:
    working = tmp_path / "working"
    async with open_process_pool(2, PATIENT, "json") as pool:
        before = await pids(pool)
        task = asyncio.create_task(pool.run(begun, str(working), time.sleep, PATIENT.seconds))
        assert await asyncio.to_thread(until, working.exists)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert until(lambda: sum(map(is_running, before)) == 1)
        assert len(await pids(pool)) == 2


async def test_work_whose_caller_is_cancelled_before_it_begins_does_not_begin(tmp_path: Path) -> None:
    working = tmp_path / "working"
    async with open_process_pool(1, PATIENT, "json") as pool, asyncio.timeout(60):
        task = asyncio.create_task(pool.run(begun, str(working), time.sleep, PATIENT.seconds))
        await asyncio.sleep(0)  # its child is not there yet
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await pool.run(len, "next") == 4
    assert not working.exists()


async def test_calls_beyond_the_number_of_children_wait(pool: ProcessPool) -> None:
    assert len(set(await asyncio.gather(*(pool.run(pid_after, 0.1) for _ in range(6))))) <= 2


async def test_closing_ends_all_children() -> None:
    async with open_process_pool(2, PATIENT, "json") as pool:
        children = await pids(pool)
    assert until(lambda: not any(map(is_running, children)))


async def test_closing_ends_children_that_still_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_pool, "serve", never_ready)
    async with asyncio.timeout(60), open_process_pool(2, PATIENT, "json") as pool:
        call = asyncio.create_task(pool.run(len, "never"))
        await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await call


async def test_idle_children_end_and_cost_no_call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process_pool, "IDLE_SECONDS", 0.5)
    async with open_process_pool(2, PATIENT, "json") as pool:
        before = await pids(pool)
        working = asyncio.create_task(pool.run(pid_when_told, str(tmp_path)))
        assert await asyncio.to_thread(until, lambda: sum(map(is_running, before)) == 1)
        (tmp_path / "go").touch()
        assert await working in before  # the one that worked stayed
        assert await asyncio.to_thread(until, lambda: not any(map(is_running, before)))
        after = await pids(pool)
        assert len(after) == 2
        assert not after & before


async def test_children_are_kept_while_calls_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call puts off the end of the idle, whatever time passes between."""
    loop = asyncio.get_running_loop()
    planned: list[asyncio.TimerHandle] = []

    def call_later(delay: float, *call: Any, **options: Any) -> asyncio.TimerHandle:
        handle = loop.call_at(loop.time() + delay, *call, **options)
        if delay == process_pool.IDLE_SECONDS:
            planned.append(handle)
        return handle

    monkeypatch.setattr(loop, "call_later", call_later)
    async with open_process_pool(1, PATIENT, "json") as pool:
        children = {await pool.run(os.getpid) for _ in range(3)}
        assert [handle.cancelled() for handle in planned] == [True, True, False]
    assert len(children) == 1
    assert planned[-1].cancelled()


async def test_work_that_a_stopping_service_ends_is_not_at_fault(tmp_path: Path) -> None:
    working = tmp_path / "working"
    async with open_process_pool(1, PATIENT, "json") as pool:
        assert await pool.run(len, "started") == 7
        call = asyncio.create_task(pool.run(begun, str(working), time.sleep, PATIENT.seconds))
        assert await asyncio.to_thread(until, working.exists)
    with pytest.raises(Unavailable):
        await call


def test_children_end_with_a_parent_that_is_killed_busy_or_not(tmp_path: Path) -> None:
    at_work = tmp_path / "idle", tmp_path / "busy"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *map(str, at_work)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    assert parent.stdout is not None
    children = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(children) == 2
    assert until(lambda: all(file.exists() for file in at_work))
    started = of_session(parent.pid) - {parent.pid}
    assert len(started) == len(children) + 1  # what they are forked from, and nothing else
    parent.kill()
    parent.communicate()
    assert until(lambda: not any(map(is_running, started)))


async def test_a_child_uses_the_memory_of_one_array_for_the_next(pool: ProcessPool) -> None:
    pages = await pool.run(pages_of_repeated_work)
    assert pages * os.sysconf("SC_PAGE_SIZE") < 2**20


def test_the_cores_are_those_this_process_may_use() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
