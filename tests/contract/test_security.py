"""docs/security.md: each threat names the tests that fail without what stops it, and those tests exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text()
THREATS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.partition("## Threats")[2].partition("## ")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| Threat")
]
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)


def test_every_threat_names_a_test() -> None:
    assert len(THREATS) > 15
    assert [threat for threat, _, tests in THREATS if not re.search(r"`tests/[\w/]+\.py::test_\w+`", tests)] == []
    assert TEXT.count("::test_") == len(NAMED), "a name is not written as the others are"


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_the_test_is_there(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert name in functions
