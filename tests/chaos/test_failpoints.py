"""A failpoint ends the process where it is named, the n-th time, and costs nothing otherwise."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from studio_chassis.runtime import failpoints
from studio_contracts.services import SERVICES

ROOT = Path(__file__).resolve().parents[2]
DRILL = """
from studio_chassis.runtime import failpoints
failpoints.arm({failpoint!r})
for number in range(3):
    failpoints.reached("before-commit")
    failpoints.reached("before-ack")
    print(number, flush=True)
"""


def drilled(failpoint: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", DRILL.format(failpoint=failpoint)], capture_output=True, text=True, timeout=180
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("failpoint", "status", "got_to"),
    [("", 0, "0\n1\n2\n"), ("after-rescue", 0, "0\n1\n2\n"), ("before-ack", 137, ""), ("before-ack:3", 137, "0\n1\n")],
)
def test_a_process_dies_at_its_failpoint_the_nth_time(failpoint: str, status: int, got_to: str) -> None:
    assert drilled(failpoint) == (status, got_to)


@pytest.mark.parametrize("failpoint", ["somewhere", "before-ack:0", "before-ack:x", "before-ack:-1"])
def test_an_unknown_failpoint_is_refused(failpoint: str) -> None:
    with pytest.raises(ValueError, match=r"known|number of times"):
        failpoints.parse(failpoint)


def test_the_table_names_every_failpoint_in_the_code_and_every_one_is_drilled() -> None:
    sources = [path.read_text() for folder in ("chassis", "services") for path in (ROOT / folder).rglob("*.py")]
    placed = {name for source in sources for name in re.findall(r'failpoints\.reached\("([a-z-]+)"\)', source)}
    drilled_somewhere = {name for service in SERVICES.values() for name in service.failpoints}
    assert placed == set(failpoints.FAILPOINTS) == drilled_somewhere
    assert all(len(service.failpoints) >= 3 for service in SERVICES.values())
