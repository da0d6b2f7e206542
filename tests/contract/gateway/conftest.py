"""The gateway on a real port, over stores in memory that hold a finished and a failed job."""

from collections.abc import Iterator

import pytest

from studio_support.served_gateway import ServedGateway, serving

FINISHED, FAILED = "job-finished", "job-failed"


@pytest.fixture(scope="session")
def gateway() -> Iterator[ServedGateway]:
    """One for all tests that do not stop it."""
    with serving() as gateway:
        for job_id, end in ((FINISHED, gateway.finish), (FAILED, gateway.fail)):
            gateway.accept(job_id)
            end(job_id)
        yield gateway


@pytest.fixture
def own_gateway() -> Iterator[ServedGateway]:
    """One that a test may stop; stopping twice is fine."""
    with serving() as gateway:
        yield gateway
