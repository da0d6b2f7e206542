"""deploy/images: what any builder takes, pinned, unprivileged, with nothing the lock does not vouch for."""

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from studio_contracts.services import SERVICES

ROOT = Path(__file__).parents[3]
IMAGES = ROOT / "deploy" / "images"
PLAIN = {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "USER", "WORKDIR"}


class Instruction(NamedTuple):
    name: str
    rest: str


def instructions() -> list[Instruction]:
    text = (IMAGES / "Dockerfile").read_text()
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ")
    parts = [line.split(maxsplit=1) for line in lines.splitlines() if line.strip()]
    return [Instruction(name, " ".join(rest.split())) for name, rest in parts]


def stages() -> dict[str, list[Instruction]]:
    """Instructions by the name of their stage."""
    found: dict[str, list[Instruction]] = {}
    name = ""
    for instruction in instructions():
        if instruction.name == "FROM":
            name = instruction.rest.split()[-1]
        found.setdefault(name, []).append(instruction)
    return found


def test_any_builder_takes_it() -> None:
    assert not (IMAGES / "Dockerfile").read_text().lower().startswith("# syntax")
    for name, rest in instructions():
        assert name in PLAIN
        assert "<<" not in rest
        assert not rest.startswith("--mount")


def test_the_base_is_pinned_and_everything_is_made_from_it() -> None:
    assert Instruction("ARG", "PYTHON_IMAGE=python:3.11-slim-bookworm") in instructions()
    froms = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    assert set(froms) <= {"${PYTHON_IMAGE}", "${SERVICE}", "${BEGINS_WITH}", *stages()}
    assert Instruction("ARG", "BEGINS_WITH=libraries") in instructions()


@pytest.mark.parametrize("service", [*SERVICES, "standin"])
def test_a_service_is_started_without_a_shell(service: str) -> None:
    (command,) = (rest for name, rest in stages()[service] if name == "CMD")
    assert json.loads(command) == ["python", "-m", f"studio_{service}"]


def test_what_runs_is_unprivileged_checked_and_labelled() -> None:
    assert [rest for name, rest in instructions() if name == "USER"] == ["10001:10001"]
    assert Instruction("USER", "10001:10001") in stages()["runtime"]
    (labels,) = (rest for name, rest in stages()["runtime"] if name == "LABEL")
    assert 'image.version="${VERSION}"' in labels
    assert 'image.revision="${REVISION}"' in labels
    for stage in ("gateway", "worker", "standin"):
        (check,) = (rest for name, rest in stages()[stage] if name == "HEALTHCHECK")
        json.loads(check[check.index("CMD") + 4 :])
    assert Instruction("FROM", "${SERVICE}") == instructions()[-1]


def test_everything_is_installed_from_one_download_of_which_the_lock_knows_each_hash() -> None:
    steps = [step.strip() for name, rest in instructions() if name == "RUN" for step in rest.split("&&")]
    (download,) = (step for step in steps if "pip download" in step)
    assert "--require-hashes -r requirements.lock" in download
    assert "--only-binary=:all:" in download
    folder = download.split(" -d ")[1]
    installing = [step for step in steps if re.search(r"\bpip\b.* install", step)]
    assert len(installing) == 3
    assert all(f"--no-index --find-links {folder} " in step.replace("--no-compile ", "") for step in installing)


def test_nothing_but_the_sources_reaches_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text().split("\n")
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    taken = {rule[1:] for rule in rules if rule.startswith("!")}
    building = [one for stage in ("tools", "libraries", "build") for one in stages()[stage]]
    copied = {rest.split()[0] for name, rest in building if name == "COPY"}
    packages = {"contracts", "chassis", "sdk/python"}
    assert taken == {"requirements.lock", *packages, "services", "cli", "deploy/standin"}
    assert copied == {"requirements.lock", *packages, "${PACKAGE}"}
    assert "**/.env" in rules
