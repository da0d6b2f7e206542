"""Native servers, because tests kill them. STUDIO_CHAOS_JOBS is the size, STUDIO_CHAOS_SEED the order."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from studio_chaos.fleet import Fleet
from studio_chaos.proxy import Proxy
from studio_local.infrastructure import Infrastructure
from studio_local.stack import ServiceStack
from studio_support.native_servers import native_servers

QUICK_JOBS = 40
IMPATIENT = {
    "STANDIN_DELAY_SECONDS": "0.1",
    "STUDIO_STUCK_AFTER": "2",
    "STUDIO_DAY_CENTS": "100000000",
}
IMPATIENT |= {"STUDIO_ADOPTION_GRACE": "30", "STUDIO_LOG_LEVEL": "info"}
IMPATIENT |= {"STUDIO_CALLBACKS": "local", "STUDIO_CALLBACK_SECRET": "a master secret for the chaos alone"}


@pytest.fixture(scope="session")
def jobs_wanted() -> int:
    return int(os.environ.get("STUDIO_CHAOS_JOBS") or QUICK_JOBS)


@pytest.fixture(scope="session")
def thorough(jobs_wanted: int) -> bool:
    """Whether there is time for the long form of each test."""
    return jobs_wanted > QUICK_JOBS


@pytest.fixture(scope="session")
def thorough_only(thorough: bool) -> None:
    if not thorough:
        pytest.skip("takes its time: make chaos")


@pytest.fixture(scope="session")
def seed() -> int:
    return int(os.environ.get("STUDIO_CHAOS_SEED") or random.SystemRandom().randrange(10**6))


@pytest.fixture(scope="session")
def infrastructure(
    infrastructure: Infrastructure, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Infrastructure]:
    """Those of the worker where they are native."""
    with native_servers(infrastructure, tmp_path_factory.mktemp("chaos")) as native:
        yield native


OpenStack = Callable[..., AbstractContextManager[tuple[Fleet, Proxy]]]


@pytest.fixture(scope="session")
def open_stack(infrastructure: Infrastructure, tmp_path_factory: pytest.TempPathFactory) -> OpenStack:
    """A whole stack on a virtual host and a database of its own, whose services reach the broker by a proxy."""

    @contextmanager
    def opened(**extra: str) -> Iterator[tuple[Fleet, Proxy]]:
        with infrastructure.isolated() as endpoints, Proxy(endpoints.rabbitmq_url) as proxy:
            reached_by = endpoints._replace(rabbitmq_url=proxy.url)
            folder = tmp_path_factory.mktemp("stack")
            with ServiceStack(infrastructure, reached_by, folder, extra=IMPATIENT | extra) as stack:
                yield Fleet(stack), proxy

    return opened
