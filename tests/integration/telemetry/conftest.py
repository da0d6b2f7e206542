import pytest, pathlib
from studio_local.infrastructure import Infrastructure


@pytest.fixture(scope="session")
def infrastructure():
    with Infrastructure(pathlib.Path("/tmp/rb-work/infra")) as running:
        yield running
