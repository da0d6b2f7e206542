"""Optional programs that some tests need: on the PATH, or unpacked for this repository alone."""

import shutil
from pathlib import Path

import pytest

from studio_local.state_dir import TOOLS

PROMETHEUS = TOOLS / "prometheus" / "usr" / "bin"
GET_PROMETHEUS = "Debian: apt-get install prometheus"
KUBERNETES = TOOLS / "kubernetes"
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser")
GET_CHROMIUM = f"Debian: apt-get install {CHROMIUM[0]}"


def find(name: str, folder: Path) -> str | None:
    """Where the program is, if it is anywhere."""
    return shutil.which(name) or shutil.which(name, path=folder)


def find_chromium() -> str | None:
    """Where Chromium is. Its headless shell, which draws no window of its own, takes a third of the processor time."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


def program(name: str, folder: Path, remedy: str) -> str:
    """Where the program is. Skips the test when it is nowhere, with the remedy."""
    found = find(name, folder)
    if found is None:
        pytest.skip(f"{name} is neither on the PATH nor in {folder} ({remedy})")
    return found
