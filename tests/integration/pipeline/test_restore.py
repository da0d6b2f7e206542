"""The database is lost and put back from a backup: jobs that were under way when it was taken finish, paid once."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient

from studio_contracts.services import SERVICES
from studio_local.infrastructure import Infrastructure
from studio_support.running_studio import IMPATIENT, Studio, running_studio

COMMAND_SECONDS = 240


@pytest.fixture
def studio(infrastructure: Infrastructure, tmp_path: Path) -> Iterator[Studio]:
    with running_studio(infrastructure, tmp_path, IMPATIENT) as studio:
        yield studio


def command(studio: Studio, *arguments: str) -> str:
    """What `studio` prints."""
    environment = os.environ | studio.stack.environment
    line = [sys.executable, "-m", "studio_cli", *arguments]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_jobs_of_a_backup_finish_after_the_database_was_wiped_and_restored(studio: Studio, tmp_path: Path) -> None:
    finished = studio.run(count=1)
    studio.stack.services["postprocess"].stop()
    painted = studio.post(count=1)
    studio.wait_for(painted, lambda job: job["stage"] == "postprocess")
    studio.stack.services["predictor"].stop()
    planned = studio.post(count=1)
    studio.wait_for(planned, lambda job: job["stage"] == "prediction")
    file = tmp_path / "studio.bson.gz"
    command(studio, "backup", str(file))
    later = studio.post(count=1)

    for name in SERVICES:
        studio.stack.services[name].stop()
    endpoints = studio.stack.endpoints
    with MongoClient[dict[str, object]](endpoints.mongodb_url) as client:
        client.drop_database(endpoints.database)
    command(studio, "restore", str(file))
    for name in SERVICES:
        studio.stack.start(name)

    ended = [studio.wait(job_id) for job_id in (painted, planned)]
    assert [job["status"] for job in ended] == ["completed"] * 2
    assert [len(studio.paid_for(job)) for job in ended] == [1] * 2
    assert studio.job(finished["id"])["concepts"] == finished["concepts"]
    assert studio.get(f"/v1/jobs/{later}").status_code == 404
    pictures = finished["concepts"][0]["pictures"].values()
    assert [studio.get(picture["url"]).status_code for picture in pictures] == [200] * len(pictures)
