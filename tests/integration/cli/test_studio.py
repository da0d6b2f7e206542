"""The studio command beside a running studio: a brief from the terminal, and what is wrong with a deployment."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from studio_cli.app import main
from studio_local.broker import NativeBroker
from studio_local.install import DEBIAN_RABBITMQ


def studio_command(stack: Any, *arguments: str, **changed: str) -> Result:
    return CliRunner(env={**stack.environment, "COLUMNS": "200", **changed}).invoke(main, list(arguments))


def test_a_brief_from_the_terminal_ends_in_a_folder_of_pictures(studio: Any, tmp_path: Path) -> None:
    done = studio_command(
        studio.stack, "job", "create", "a pond", "--count", "1", "--out", str(tmp_path), "--gateway",
        studio.stack.gateway_url,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "rank 1" in done.output
    kinds = {
        "original.png", "quantized.png", "thumbnail.webp", "installable.png", "svg.svg", "dxf.dxf",
        "sheet.pdf", "materials.csv",
    }  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == {
        "job.json",
        "stencil-0.png",
        *(f"rank-1-{kind}" for kind in kinds),
    }


def test_a_draft_from_the_terminal_and_one_of_its_directions_painted(studio: Any, tmp_path: Path) -> None:
    gateway = ("--gateway", studio.stack.gateway_url)
    done = studio_command(
        studio.stack, "job", "create", "three turtles", "--draft", "--out", str(tmp_path / "draft"), *gateway
    )
    assert done.exit_code == 0, done.output
    draft = json.loads((tmp_path / "draft" / "job.json").read_text())
    assert f"job {draft['id']}" in done.output
    assert (draft["brief"]["kind"], len(draft["concepts"])) == ("draft", 3)
    painting = ("job", "create", "--from", draft["id"], "--direction", "1", "--count", "1")
    done = studio_command(studio.stack, *painting, "--out", str(tmp_path / "painted"), *gateway)
    assert done.exit_code == 0, done.output
    painted = json.loads((tmp_path / "painted" / "job.json").read_text())
    assert [one["name"] for one in painted["plan"]["directions"]] == [draft["plan"]["directions"][1]["name"]]


def test_a_picture_of_ones_own_is_laid_without_cost_and_can_be_painted_over(studio: Any, tmp_path: Path) -> None:
    drawing = tmp_path / "drawing.svg"
    drawing.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 100"><rect width="200" height="100" fill="#0075bc"/>'
        '<circle cx="100" cy="50" r="30" fill="#ffd833"/></svg>'
    )
    size = ("--width", "6", "--height", "3", "--gateway", studio.stack.gateway_url)
    begin = ("job", "create", "--picture", str(drawing))
    done = studio_command(studio.stack, *begin, "--out", str(tmp_path / "laid"), *size)
    assert done.exit_code == 0, done.output
    laid = json.loads((tmp_path / "laid" / "job.json").read_text())
    assert (laid["cost"], laid["predictions"][0]["state"]) == (None, "finished")
    assert {used["code"] for used in laid["concepts"][0]["palette_used"]} == {"RH20", "RH41"}
    files = {path.name for path in (tmp_path / "laid").iterdir()}
    assert {"rank-1-svg.svg", "rank-1-dxf.dxf", "rank-1-sheet.pdf"} <= files
    over = ("a yellow sun", "--as", "stencil", "--count", "1", "--out", str(tmp_path / "painted"))
    done = studio_command(studio.stack, *begin, *over, *size)
    assert done.exit_code == 0, done.output
    painted = json.loads((tmp_path / "painted" / "job.json").read_text())
    assert (painted["brief"]["kind"], painted["predictions"][0]["received"]) == ("painted", 1)


def test_a_refused_brief_names_its_fields(studio: Any, tmp_path: Path) -> None:
    done = studio_command(
        studio.stack,
        "job",
        "create",
        "a pond",
        "--width",
        "0",
        "--colour",
        "RH99",
        "--gateway",
        studio.stack.gateway_url,
    )
    assert done.exit_code == 2
    assert "surface.width_m" in done.output
    assert "RH99" in done.output


def doctor_until(studio: Any, condition: Callable[[Result], bool], **changed: str) -> Result:
    """The doctor's findings: on a busy machine a check may need more than its five seconds at first."""
    results: list[Result] = []

    def holds() -> bool:
        results.append(studio_command(studio.stack, "doctor", "--json", **changed))
        return condition(results[-1])

    studio.until(holds)
    return results[-1]


def test_doctor_finds_a_running_studio_healthy(studio: Any) -> None:
    done = doctor_until(studio, lambda done: done.exit_code == 0)
    findings = {one["name"]: one["text"] for one in json.loads(done.stdout)}
    assert findings["broker"].startswith("confirms, ")
    assert "a megabyte written, read and removed" in findings["object store"]
    assert "answers for account standin, sdxl is there" in findings["provider"]
    assert "refused by our gateway" in findings["public address"]
    assert findings["services"].endswith("answer and wait for nothing")
    assert {"database", "gateway", "reconciler"} <= set(re.split(", | ", findings["clocks"]))
    assert "unfinished, outbox" in findings["jobs"]


@pytest.mark.parametrize(
    ("variable", "value", "remedy"),
    [
        ("RABBITMQ_URL", "amqp://studio:wrong@127.0.0.1:1/", "start RabbitMQ"),
        ("MONGODB_URL", "mongodb://127.0.0.1:1/", "start MongoDB"),
        ("OBJECT_STORE_URL", "file:///proc/nowhere", "OBJECT_STORE_URL"),
        ("PUBLIC_BASE_URL", "http://127.0.0.1:1", "PUBLIC_BASE_URL cannot be reached from here: ConnectError"),
        ("REPLICATE_API_TOKEN", "r8_wrong", "REPLICATE_API_TOKEN is refused"),
        ("REPLICATE_API_BASE", "http://127.0.0.1:1/v1", "REPLICATE_API_BASE does not answer"),
    ],
)
def test_doctor_names_what_is_wrong_and_its_remedy(studio: Any, variable: str, value: str, remedy: str) -> None:
    done = doctor_until(studio, lambda done: remedy in done.stdout, **{variable: value})
    assert done.exit_code == 1


def test_doctor_tells_a_wrong_password_and_a_wrong_server_apart(studio: Any) -> None:
    rabbitmq, mongodb = studio.stack.environment["RABBITMQ_URL"], studio.stack.environment["MONGODB_URL"]
    wrong = {
        "RABBITMQ_URL": re.sub(r":[^:@/]+@", ":wrong@", rabbitmq),
        "MONGODB_URL": mongodb.replace("mongodb://", "mongodb://studio:wrong@"),
        "PUBLIC_BASE_URL": studio.stack.standin_url,
    }
    expected = (
        "ACCESS_REFUSED",
        "Authentication failed",
        "something else answers at PUBLIC_BASE_URL: 404",
        "sdxl is there",
    )
    done = doctor_until(studio, lambda done: all(text in done.stdout for text in expected), **wrong)
    assert done.exit_code == 1
    findings = {one["name"]: one for one in json.loads(done.stdout)}
    assert "ACCESS_REFUSED" in findings["broker"]["text"]
    assert "Authentication failed" in findings["database"]["text"]
    assert findings["broker"]["remedy"] == "user or password of RABBITMQ_URL is wrong: was it rotated?"
    assert findings["database"]["remedy"] == "user or password of MONGODB_URL is wrong: was it rotated?"
    assert "something else answers at PUBLIC_BASE_URL: 404" in findings["public address"]["text"]
    assert findings["provider"]["ok"], "one outage hides no other finding"


def test_doctor_names_missing_settings(studio: Any) -> None:
    done = studio_command(studio.stack, "doctor", RABBITMQ_URL="")
    assert done.exit_code == 2
    assert "RABBITMQ_URL" in done.output


def test_doctor_says_which_alarm_keeps_the_broker_from_confirming(studio: Any) -> None:
    broker = studio.stack.infrastructure.servers.get("broker")
    if not isinstance(broker, NativeBroker):
        pytest.skip("the broker is not ours to set")

    def rabbitmqctl(*arguments: str) -> None:
        command = [str(DEBIAN_RABBITMQ.with_name("rabbitmqctl")), "-q", *arguments]
        subprocess.run(command, env=broker.environment(), check=True, timeout=120, capture_output=True)

    try:
        rabbitmqctl("set_vm_memory_high_watermark", "0.00001")
        done = doctor_until(studio, lambda done: "low on memory" in done.stdout)
        rabbitmqctl("set_vm_memory_high_watermark", "0.4")
        rabbitmqctl("set_disk_free_limit", "1000GB")
        done = doctor_until(studio, lambda done: "low on disk" in done.stdout)
    finally:
        rabbitmqctl("set_vm_memory_high_watermark", "0.4")
        rabbitmqctl("set_disk_free_limit", "50MB")
    (found,) = (one for one in json.loads(done.stdout) if one["name"] == "broker")
    assert found["text"].startswith("publishing is not confirmed (")
    assert "runbook broker-full" in found["remedy"]
    doctor_until(studio, lambda done: done.exit_code == 0)
