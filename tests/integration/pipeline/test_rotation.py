"""The webhook secret is changed while predictions run, and no webhook is lost. No rescue is there to hide a loss."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from studio_local.infrastructure import Infrastructure
from studio_local.services import service_processes
from studio_support.running_studio import IMPATIENT, Studio, running_studio

SECRET = "REPLICATE_WEBHOOK_SECRET"
PREVIOUS = "REPLICATE_WEBHOOK_SECRET_PREVIOUS"
NEW = "a secret of the day after yesterday"
NO_RESCUE = IMPATIENT | {"STUDIO_STUCK_AFTER": "3600"}
LONG = {"delay_seconds": 30}
"""A prediction takes longer than the gateway needs to start again, on a busy machine too."""


@pytest.fixture
def studio(infrastructure: Infrastructure, tmp_path: Path) -> Iterator[Studio]:
    with running_studio(infrastructure, tmp_path, NO_RESCUE) as studio:
        yield studio


def restart(studio: Studio, name: str, **settings: str) -> None:
    """With other settings than before."""
    stack = studio.stack
    old = stack.services[name]
    old.stop()
    fresh = service_processes(
        stack.environment | settings, stack.ports, old.log.parent, stack.infrastructure.records, standin=False
    )[name]
    stack.services[name] = fresh
    stack.start(name)


def bought(studio: Studio, prompt: str) -> str:
    """A job whose one prediction runs, its webhook still to come."""
    job_id = studio.post(prompt)
    studio.wait_for(job_id, lambda job: job["status"] == "running")
    return job_id


def taken(studio: Studio, job: dict[str, Any], since: datetime) -> bool:
    """Whether the gateway accepted the terminal webhook of a job, sent since then, and refused none.

    One that met no gateway while it was restarted is sent again.
    """
    tries = [each for paid in studio.paid_for(job) for each in paid["webhooks"] if each["event"] == "completed"]
    assert all(datetime.fromisoformat(each["sent_at"]) > since for each in tries), (
        "it ended too early to prove anything"
    )
    answers = [each["answer"] for each in tries if each["answer"] is not None]
    return answers == [204]


def test_the_webhook_secret_is_rotated_under_running_jobs_and_each_webhook_is_taken(studio: Studio) -> None:
    old = studio.stack.environment[SECRET]
    with studio.faults(prediction=[LONG]) as mark:
        jobs = [bought(studio, mark)]
        restart(studio, "gateway", **{SECRET: NEW, PREVIOUS: old})
        rotated = datetime.now(UTC)
        jobs.append(bought(studio, mark))  # by a predictor that does not know of it yet
        restart(studio, "predictor", **{SECRET: NEW})
        jobs.append(bought(studio, mark))
    ended = [studio.wait(job_id) for job_id in jobs]
    assert [job["status"] for job in ended] == ["completed"] * 3
    for job in ended:  # the job may end before the stand-in has noted the gateway's response
        studio.until(lambda: taken(studio, job, rotated))  # noqa: B023

    of_the_old, of_the_new = (studio.paid_for(job)[0]["webhook"] for job in (ended[0], ended[2]))
    restart(studio, "gateway", **{SECRET: NEW})
    unsigned = [studio.client.post(url, content=b"{}").status_code for url in (of_the_old, of_the_new)]
    assert unsigned == [401, 401]
    refused = studio.get("/metrics").text
    assert 'studio_webhooks_total{result="refused: wrong token"} 1.0' in refused
    assert 'studio_webhooks_total{result="refused: wrong signature"} 1.0' in refused
    last = studio.run()
    studio.until(lambda: taken(studio, last, rotated))
