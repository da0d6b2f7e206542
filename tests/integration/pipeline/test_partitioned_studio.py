"""Jobs through queues in partitions, what an operator sees, and another number of them. No rescue hides a loss."""

import asyncio
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import aio_pika
import pytest
from typer.testing import CliRunner, Result

from studio_chassis.messaging.inspection import existing_parts
from studio_cli.app import main
from studio_contracts.topology import QUEUES, STENCIL_JOB_CREATED
from studio_local.infrastructure import Infrastructure
from studio_local.services import WORKERS, service_processes
from studio_local.stack import READY_SECONDS
from studio_support.running_studio import IMPATIENT, Studio, running_studio

N = "3"
NAME = "STUDIO_QUEUE_PARTITIONS"


@pytest.fixture(scope="module")
def studio(infrastructure: Infrastructure, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    settings = IMPATIENT | {"STUDIO_STUCK_AFTER": "3600", NAME: N}
    with running_studio(infrastructure, tmp_path_factory.mktemp("studio"), settings) as studio:
        yield studio


def parts(studio: Studio) -> dict[str, dict[str, Any]]:
    """The broker's queues of each queue in partitions."""

    async def look() -> dict[str, dict[str, Any]]:
        async with await aio_pika.connect(studio.stack.endpoints.rabbitmq_url) as connection:
            return {queue.name: await existing_parts(connection, queue) for queue in QUEUES if queue.partitioned}

    return asyncio.run(look())


def command(studio: Studio, *arguments: str, **changed: str) -> Result:
    return CliRunner(env={**studio.stack.environment, "COLUMNS": "200", **changed}).invoke(main, list(arguments))


def finding(studio: Studio, **changed: str) -> dict[str, Any]:
    """What the doctor says of the broker."""
    found = json.loads(command(studio, "doctor", "--json", **changed).stdout)
    return next(one for one in found if one["name"] == "broker")


def is_healthy(studio: Studio, **changed: str) -> bool:
    return bool(finding(studio, **changed)["ok"])


def restart(studio: Studio, *names: str, **settings: str) -> None:
    stack = studio.stack
    for name in names:
        old = stack.services[name]
        old.stop()
        stack.services[name] = service_processes(
            stack.environment | settings, stack.ports, old.log.parent, stack.infrastructure.records, standin=False
        )[name]
        stack.services[name].start()
    for name in names:
        stack.services[name].wait_ready(READY_SECONDS)


def test_jobs_complete_and_an_operator_sees_one_queue_where_there_are_three(studio: Studio) -> None:
    with ThreadPoolExecutor(4) as pool:
        jobs = list(pool.map(lambda _: studio.run(count=2), range(4)))
    assert all(job["status"] == "completed" for job in jobs)
    for name, found in parts(studio).items():
        assert set(found) == {f"{name}.{number}" for number in range(3)}, "and none of the name alone"
        assert all(one.consumer_count == 1 for one in found.values())
    studio.until(partial(is_healthy, studio))
    assert f"{len(QUEUES)} queues with their bindings" in finding(studio)["text"]
    otherwise = finding(studio, **{NAME: "1"})
    assert f"queue {STENCIL_JOB_CREATED.name}" in otherwise["text"]
    assert otherwise["remedy"].startswith(f"set {NAME} as in the services")


def test_jobs_that_wait_in_partitions_complete_with_another_number_of_them(studio: Studio) -> None:
    studio.stack.stop("stencil")
    waiting = [studio.post() for _ in range(6)]

    def all_wait() -> bool:  # each once, or again where the relay did not yet know that it was published
        shown = re.search(r"stencil\.job-created +│ +(\d+) +│ +0 ", command(studio, "top", "--once").output)
        return shown is not None and int(shown[1]) >= len(waiting)

    studio.until(all_wait)
    assert "no consumer for stencil.job-created.0" in finding(studio)["text"]
    studio.stack.start("stencil")
    for number in ("1", "2"):
        restart(studio, "gateway", *WORKERS, **{NAME: number})
        assert all(studio.wait(job_id)["status"] == "completed" for job_id in waiting)
        waiting = [studio.post() for _ in range(4)]
        assert all(studio.wait(job_id)["status"] == "completed" for job_id in waiting)
        studio.until(partial(is_healthy, studio, **{NAME: number}))
    consumed = [one.consumer_count for found in parts(studio).values() for one in found.values()]
    assert consumed == [1] * len(consumed)
