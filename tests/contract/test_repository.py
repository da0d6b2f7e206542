"""What the repository holds: text of our own, and pictures of the product."""

import subprocess
from pathlib import Path

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
