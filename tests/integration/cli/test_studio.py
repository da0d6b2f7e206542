"""The studio command beside a running studio: a brief from the terminal, and what is wrong with a deployment."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from studio_cli.app import main


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


def test_doctor_finds_a_running_studio_healthy(studio: Any) -> None:
    done = studio_command(studio.stack, "doctor")
    assert done.exit_code == 0, done.output
    assert done.output.count("ok") >= 5


@pytest.mark.parametrize(
    ("variable", "value", "remedy"),
    [
        ("RABBITMQ_URL", "amqp://studio:wrong@127.0.0.1:1/", "start RabbitMQ"),
        ("MONGODB_URL", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=500", "start MongoDB"),
        ("OBJECT_STORE_URL", "file:///proc/nowhere", "OBJECT_STORE_URL"),
        ("REPLICATE_API_TOKEN", "r8_wrong", "REPLICATE_API_TOKEN is refused"),
        ("REPLICATE_API_BASE", "http://127.0.0.1:1/v1", "REPLICATE_API_BASE does not answer"),
    ],
)
def test_doctor_names_what_is_wrong_and_its_remedy(studio: Any, variable: str, value: str, remedy: str) -> None:
    done = studio_command(studio.stack, "doctor", **{variable: value})
    assert done.exit_code == 1
    assert remedy in " ".join(done.output.split())


def test_doctor_names_missing_settings(studio: Any) -> None:
    done = studio_command(studio.stack, "doctor", RABBITMQ_URL="")
    assert done.exit_code == 2
    assert "RABBITMQ_URL" in done.output
