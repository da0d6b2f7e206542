"""A real broker and database for the whole test run; each module takes a virtual host and a database of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_local.infrastructure import Infrastructure

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def infrastructure() -> Iterator[Infrastructure]:
    folder = ROOT / ".studio" / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    with Infrastructure(folder) as running:
        yield running
