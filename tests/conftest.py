"""A real broker and database for each worker, and the whole studio as processes, with short time-outs.

Each module takes a virtual host and a database of its own. The tests of a group run in one worker, one after the other:
those of a file share what the file starts, those of some folders share servers that take long to start.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_local.infrastructure import Infrastructure
from studio_support.running_studio import IMPATIENT, Studio, running_studio

for name in ("COLUMNS", "LINES"):  # workers have a terminal's; consoles that are made at import would keep its width
    os.environ.pop(name, None)

TESTS = Path(__file__).parent
GROUPS = ("containers", "integration/kubernetes", "integration/stack")
"""Folders that are a group as a whole."""


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put each test in its group."""
    for item in items:
        place = item.path.relative_to(TESTS)
        item.add_marker(
            pytest.mark.xdist_group(place.parent.as_posix() if place.parent.as_posix() in GROUPS else str(place))
        )


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
