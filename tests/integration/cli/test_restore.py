"""The database is lost and put back from a backup: jobs that were under way when it was taken finish, paid once."""

from pathlib import Path
from typing import Any

from pymongo import MongoClient
from typer.testing import CliRunner

from studio_cli.app import main
from studio_contracts.services import SERVICES


def command(studio: Any, *arguments: str) -> None:
    done = CliRunner(env=studio.stack.environment).invoke(main, list(arguments))
    assert done.exit_code == 0, done.output


def test_jobs_of_a_backup_finish_after_the_database_was_wiped_and_restored(studio: Any, tmp_path: Path) -> None:
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
    studio.stack.begin()
    for name in SERVICES:
        studio.stack.start(name)

    ended = [studio.wait(job_id) for job_id in (painted, planned)]
    assert [job["status"] for job in ended] == ["completed"] * 2
    assert [len(studio.paid_for(job)) for job in ended] == [1] * 2
    assert studio.job(finished["id"])["concepts"] == finished["concepts"]
    assert studio.get(f"/v1/jobs/{later}").status_code == 404
    pictures = finished["concepts"][0]["pictures"].values()
    assert [studio.get(picture["url"]).status_code for picture in pictures] == [200] * len(pictures)
