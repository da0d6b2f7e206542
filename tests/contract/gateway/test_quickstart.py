"""The examples at the top of the API's description work as they stand, against the gateway on a real port."""

import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from studio_gateway.api.quickstart import QUICKSTART
from studio_local.processes import wait_until
from studio_local.state_dir import TOOLS
from studio_support.served_gateway import ServedGateway
from studio_support.tools import program

ROOT = Path(__file__).parents[3]
CLIENT = ROOT / "sdk" / "javascript" / "index.js"
PLACE = "http://127.0.0.1:8080"


def example(language: str, gateway: ServedGateway) -> str:
    """The example in that language, aimed at this gateway."""
    (text,) = re.findall(rf"```{language}\n(.*?)```", QUICKSTART, re.DOTALL)
    assert PLACE in text
    return str(text).replace(PLACE, gateway.url)


@contextmanager
def finishing(gateway: ServedGateway) -> Iterator[None]:
    """The job that the example makes is finished as soon as it is there."""

    def finish() -> None:
        assert wait_until(lambda: bool(gateway.inner.database.jobs), 60)
        gateway.finish(next(iter(gateway.inner.database.jobs)))

    thread = threading.Thread(target=finish)
    thread.start()
    yield
    thread.join()


def run(command: list[str], text: str, folder: Path) -> str:
    done = subprocess.run(command, input=text, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_curl(own_gateway: ServedGateway, tmp_path: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is missing (apt-get install curl)")
    with finishing(own_gateway):
        output = run(["bash", "-eu"], example("sh", own_gateway), tmp_path)
    assert '"event":"job.completed"' in output.replace(" ", "")
    assert '"status":"completed"' in (tmp_path / "job.json").read_text().replace(" ", "")
    assert (tmp_path / "concepts.zip").read_bytes().startswith(b"PK")


def test_javascript(own_gateway: ServedGateway, tmp_path: Path) -> None:
    node = program("node", TOOLS, "Node 20 or later is needed (apt-get install nodejs)")
    text = example("js", own_gateway).replace("@tpv-studio/client", CLIENT.as_uri())
    with finishing(own_gateway):
        output = run([node, "--input-type=module", "-"], text, tmp_path).splitlines()
    assert (output[0], output[-2]) == ("job.created pending", "job.completed completed")


def test_python(own_gateway: ServedGateway, tmp_path: Path) -> None:
    with finishing(own_gateway):
        output = run([sys.executable, "-"], example("python", own_gateway), tmp_path)
    assert 0 <= float(output) <= 1
    assert (tmp_path / "concepts" / "rank-1-sheet.pdf").exists()
