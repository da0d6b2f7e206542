"""A real broker and database for the whole test run, and the whole studio as processes, with short time-outs.

Each module takes a virtual host and a database of its own.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from studio_local.infrastructure import Infrastructure
from studio_support.running_studio import IMPATIENT, Studio, running_studio


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
