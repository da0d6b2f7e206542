"""Children are watched, stopped in order, and do not outlive us."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from studio_local.errors import ProcessFailedError
from studio_local.processes import ManagedProcess, ProcessRecords, running, wait_until

READY = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY
PARENT = """
import sys, threading
from pathlib import Path
from studio_local.processes import ManagedProcess, ProcessRecords
folder = Path(sys.argv[1])
child = ManagedProcess("child", [sys.executable, "-c", sys.argv[2], str(folder / "ready")], environment={},
                       log=folder / "log", records=ProcessRecords(folder / "records"), ready=(folder / "ready").exists)
starter = threading.Thread(target=child.start)  # the child must outlive the thread that asked for it
starter.start()
starter.join()
child.wait_ready(20)
print(child.pid, flush=True)
threading.Event().wait()
"""


def runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def child(
    folder: Path, code: str, opened: ExitStack, grace_seconds: float = 10, command: list[str] | None = None
) -> ManagedProcess:
    process = ManagedProcess(
        "child",
        command or [sys.executable, "-c", code, str(folder / "ready")],
        environment={},
        log=folder / "log",
        records=ProcessRecords(folder / "records"),
        ready=(folder / "ready").exists,
        grace_seconds=grace_seconds,
    )
    opened.callback(process.kill)
    return process


def test_a_process_that_ends_at_start_is_reported_with_its_last_words(tmp_path: Path, opened: ExitStack) -> None:
    process = child(tmp_path, "import sys; sys.exit('no such database')", opened)
    process.start()
    with pytest.raises(ProcessFailedError, match=r"child ended with status 1\.(.|\n)*no such database"):
        process.wait_ready(20)


def test_a_command_that_is_not_there_is_reported_without_a_traceback(tmp_path: Path, opened: ExitStack) -> None:
    process = child(tmp_path, READY, opened, command=["no-such-command"])
    process.start()
    with pytest.raises(ProcessFailedError, match=r"ends:\nno-such-command: No such file or directory$"):
        process.wait_ready(20)


def test_a_process_that_does_not_get_ready_is_reported(tmp_path: Path, opened: ExitStack) -> None:
    process = child(tmp_path, "import time; time.sleep(600)", opened)
    process.start()
    with pytest.raises(ProcessFailedError, match="not ready after 0 s"):
        process.wait_ready(0.2)


def test_a_stopped_process_can_be_started_again(tmp_path: Path, opened: ExitStack) -> None:
    process = child(tmp_path, READY, opened)
    process.start()
    process.wait_ready(20)
    process.stop()
    assert not process.alive
    process.start()
    assert process.alive


def test_a_process_that_replaced_a_server_is_stopped_at_the_end(tmp_path: Path, opened: ExitStack) -> None:
    first, second = child(tmp_path, READY, opened), child(tmp_path, READY, opened)
    servers = {"server": first}
    with running(servers, 20):
        first.stop()
        servers["server"] = second
        second.start()
        assert second.alive
    assert not second.alive


def test_a_process_that_ignores_the_request_is_killed_after_its_grace(tmp_path: Path, opened: ExitStack) -> None:
    process = child(tmp_path, STUBBORN, opened, grace_seconds=0.1)
    process.start()
    process.wait_ready(20)
    pid = process.pid
    process.stop()
    assert pid is not None
    assert not runs(pid)


def test_a_child_outlives_the_thread_that_started_it_but_not_its_killed_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), STUBBORN], stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert runs(pid)
        parent.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not runs(pid), 60)


def test_what_an_earlier_run_left_behind_is_stopped(tmp_path: Path) -> None:
    records = ProcessRecords(tmp_path / "records")
    with subprocess.Popen([sys.executable, "-c", READY, str(tmp_path / "ready")], start_new_session=True) as left:
        records.add(left.pid)
        reaper = threading.Thread(target=left.wait)
        reaper.start()
        assert ProcessRecords(tmp_path / "records").stop_leftovers() == 1
        reaper.join(60)
    assert left.returncode == -signal.SIGKILL
    assert not (tmp_path / "records").exists()


def test_a_process_that_reuses_a_recorded_id_is_not_stopped(tmp_path: Path) -> None:
    file = tmp_path / "records"
    file.write_text(json.dumps({str(os.getpid()): "1"}))
    assert ProcessRecords(file).stop_leftovers() == 0
