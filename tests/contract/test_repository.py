"""What the repository holds: text of our own, and pictures of the product."""

import subprocess
from configparser import ConfigParser
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]


def tracked() -> list[Path]:
    """Every file under version control that is there. Skips where there is none, as in an unpacked archive."""
    found = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        pytest.skip("this is no checkout")
    return [ROOT / name for name in found.stdout.split("\0") if name and (ROOT / name).exists()]


def test_no_file_but_pictures_of_documents_and_of_the_page_is_binary() -> None:
    binary = [path.relative_to(ROOT) for path in tracked() if b"\0" in path.read_bytes()]
    pictures = {Path("docs/pictures"), Path("tests/browser/snapshots")}
    assert [path for path in binary if path.parent not in pictures] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    rules = ConfigParser()
    rules.read(ROOT / ".importlinter")
    graph = grimp.build_graph(*rules["importlinter"]["root_packages"].split(), cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the modules of one
