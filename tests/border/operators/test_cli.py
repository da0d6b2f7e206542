"""The kind: the command line while something is down, is in the way, or is wrong."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

from studio_cli.app import main
from studio_contracts.brief import Brief
from studio_contracts.job import Limits
from studio_domain.lifecycle import accept
from studio_support.gateway_in_memory import START
from studio_support.served_gateway import ServedGateway, serving

NOWHERE = {
    "RABBITMQ_URL": "amqp://studio:secret@127.0.0.1:1/",
    "MONGODB_URL": "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200&replicaSet=rs",
    "OBJECT_STORE_URL": "file:///tmp/studio-nowhere",
    "REPLICATE_API_TOKEN": "token",
    "REPLICATE_API_BASE": "http://127.0.0.1:1/v1",
    "COLUMNS": "200",
}


def studio(*arguments: str, **changed: str) -> Result:
    return CliRunner(env={**NOWHERE, **changed}).invoke(main, list(arguments))


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    """The gateway logs in the process of the command here: nothing of it may stand in the command's output."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture
def gateway() -> Iterator[ServedGateway]:
    with serving() as gateway:
        yield gateway


def create(gateway: ServedGateway, out: Path, *more: str) -> Result:
    return studio("job", "create", "ocean", "--count", "1", "--out", str(out), "--gateway", gateway.url, *more)


@pytest.mark.parametrize("arguments", [("job", "show", "nobody"), ("dlq", "list"), ("doctor",)])
def test_servers_that_do_not_answer_are_named_without_traceback_or_warning(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "studio_cli", *arguments]
    environment = {**_environment(), **NOWHERE, "OBJECT_STORE_URL": tmp_path.as_uri()}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 1
    output = done.stdout + done.stderr
    for unwanted in ("Traceback", "never awaited", "Warning", "secret"):
        assert unwanted not in output
    if arguments != ("doctor",):
        assert done.stdout == ""
        assert "studio doctor" in done.stderr


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": ":".join(path for path in sys.path if path)}


def test_job_show_needs_the_database_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    brief = Brief(prompt="ocean energy", count=1)
    job = accept(brief, job_id="j", seed=7, traceparent="", limits=Limits(), now=START, by="gateway").job

    async def load(_: Any, job_id: str) -> Any:
        assert job_id == "j"
        return job

    monkeypatch.setattr("studio_chassis.persistence.mongo.MongoJobStore.load", load)
    done = studio("job", "show", "j")
    assert done.exit_code == 0, done.output
    assert "ocean energy" in done.stdout


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_asked_for(
    gateway: ServedGateway, tmp_path: Path
) -> None:
    (tmp_path / "a-file").write_text("in the way")
    for out in (tmp_path / "a-file", tmp_path / "a-file" / "below", Path("/proc/nowhere")):
        done = create(gateway, out)
        assert (done.exit_code, done.stdout) == (1, "")
        assert f"--out {out}" in done.stderr
    assert gateway.inner.database.jobs == {}


def test_a_refused_brief_is_named_on_stderr(gateway: ServedGateway, tmp_path: Path) -> None:
    done = create(gateway, tmp_path, "--colour", "RH99")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "RH99" in done.stderr


def test_a_failed_job_is_named_on_stderr(gateway: ServedGateway, tmp_path: Path) -> None:
    done = _created_and(gateway, tmp_path, gateway.fail)
    assert done.exit_code == 1
    assert "No paint" in done.stderr
    assert "No paint" not in done.stdout


def test_pictures_are_saved_under_the_server_s_own_suffixes(gateway: ServedGateway, tmp_path: Path) -> None:
    done = _created_and(gateway, tmp_path, gateway.finish)
    assert done.exit_code == 0, done.output
    names = {path.name for path in tmp_path.iterdir()}
    assert {"job.json", "rank-1-quantized.png", "rank-1-svg.svg"} <= names


def _created_and(gateway: ServedGateway, out: Path, end: Any) -> Result:
    """Create a job from the terminal; it ends as soon as it is there."""
    stopped = threading.Event()

    def end_it() -> None:
        while not stopped.wait(0.02):
            for job_id in list(gateway.inner.database.jobs):
                end(job_id)
                return

    worker = threading.Thread(target=end_it)
    worker.start()
    try:
        return create(gateway, out)
    finally:
        stopped.set()
        worker.join()
