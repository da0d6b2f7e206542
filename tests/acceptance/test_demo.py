"""`make demo` as a person runs it, and what it leaves behind."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from studio_contracts.palette import PALETTE

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "out" / "demo"
COUNT = 6


@pytest.fixture(scope="module")
def printed() -> str:
    """What the demo prints; it must exit 0."""
    environment = {key: value for key, value in os.environ.items() if key != "REPLICATE_API_TOKEN"}
    done = subprocess.run(["make", "demo"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_leaves_the_job_and_every_picture(printed: str) -> None:
    job = json.loads((OUT / "job.json").read_text())
    assert job["status"] == "completed"
    assert [concept["rank"] for concept in job["concepts"]] == list(range(1, COUNT + 1))
    wanted = {"job.json", "contact-sheet.png", *(f"stencil-{number}.png" for number in range(3))}
    wanted |= {f"rank-{rank}-{kind}.png" for rank in range(1, COUNT + 1) for kind in ("installable", "original")}
    assert {path.name for path in OUT.iterdir()} == wanted


def test_every_pixel_of_every_installable_picture_is_in_the_palette(printed: str) -> None:
    colours = {colour.rgb for colour in PALETTE}
    for rank in range(1, COUNT + 1):
        with Image.open(OUT / f"rank-{rank}-installable.png") as picture:
            used = picture.convert("RGB").getcolors(len(colours))
        assert used is not None
        assert {colour for _, colour in used} <= colours


def test_it_prints_the_ranks_and_the_time_of_each_stage(printed: str) -> None:
    assert all(re.search(rf"\b{rank}\b.*\d", printed) for rank in range(1, COUNT + 1))
    assert all(stage in printed for stage in ("stencil", "prediction", "postprocess"))


def test_it_stops_everything_it_started(printed: str) -> None:
    ours = subprocess.run(["pgrep", "-af", f"studio_|{ROOT}/.studio/"], capture_output=True, text=True).stdout
    running = [
        line for line in ours.splitlines() if "pytest" not in line and "-m studio_" in line and ".studio/demo" in line
    ]
    assert not running
