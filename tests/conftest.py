"""A real broker and database for each worker, and the whole studio as processes, with short time-outs.

Each module takes a virtual host and a database of its own. The tests of a group run in one worker, one after the other:
those of a file share what the file starts, those of some folders share servers that take long to start.
"""

import gc
import os
from collections import Counter
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from studio_local.infrastructure import Infrastructure
from studio_support.running_studio import IMPATIENT, Studio, running_studio

for name in ("COLUMNS", "LINES"):  # workers have a terminal's; consoles that are made at import would keep its width
    os.environ.pop(name, None)

GROUPS = (
    "tests/browser",
    "tests/containers",
    "tests/integration/cli",
    "tests/integration/kubernetes",
    "tests/integration/stack",
    "tests/integration/telemetry",
)
"""Folders that are a group as a whole."""


class ByGroup(LoadFileScheduling):  # type: ignore[misc]  # the base has no types
    """Gives a worker whole groups."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in GROUPS if file.startswith(f"{folder}/")), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Take these groups where files would be taken."""
    return ByGroup(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Never look for garbage in what stays to the end: thousands of tests and all modules, again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def infrastructure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Infrastructure]:
    folder = tmp_path_factory.mktemp("infrastructure")
    with Infrastructure(folder) as running:
        yield running


@pytest.fixture(scope="module")
def studio(infrastructure: Infrastructure, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with running_studio(infrastructure, tmp_path_factory.mktemp("studio"), IMPATIENT) as studio:
        yield studio


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print one line with the counts of rare cases over all simulated worlds."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "simulated":
                counts.update(value)
    if counts:
        terminalreporter.write_line("simulated worlds: " + ", ".join(f"{what} {n}" for what, n in counts.items()))
