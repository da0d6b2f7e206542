"""Servers that a test may kill: natively run, and ours."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studio_local.backend import Kind
from studio_local.infrastructure import Infrastructure


@contextmanager
def native_servers(running: Infrastructure, folder: Path) -> Iterator[Infrastructure]:
    """The running ones if they are native; else, as those given by URL belong to others, native ones in the folder."""
    if running.choice.kind is Kind.NATIVE:
        yield running
        return
    with Infrastructure(folder, environment=os.environ | {"STUDIO_STACK": "native"}) as native:
        yield native
