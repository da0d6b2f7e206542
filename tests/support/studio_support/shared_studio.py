"""A running studio for all tests of a folder: its conftest.py imports it, and its __init__.py makes it a package."""

from collections.abc import Iterator

import pytest

from studio_local.infrastructure import Infrastructure
from studio_support.running_studio import IMPATIENT, Studio, running_studio


@pytest.fixture(scope="package")
def studio(infrastructure: Infrastructure, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """Each test looks at jobs of its own, and leaves the studio as it was."""
    with running_studio(infrastructure, tmp_path_factory.mktemp("studio"), IMPATIENT) as studio:
        yield studio
