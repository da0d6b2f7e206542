"""Calculated tables are cached as bytecode is: beside it, under its rules; a file that is not whole is made again."""

import sys
from pathlib import Path

import numpy as np
import pytest

from studio_postprocess.clamp import differences
from studio_postprocess.clamp.cached_tables import Tables, cached_tables, release_pages

SHAPES = [(2, 3), (4,)]


class Counted:
    """A calculation that counts how often it is made."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Tables:
        self.times += 1
        return np.arange(6, dtype=np.float32).reshape(2, 3), np.array([0.1, np.inf, -0.0, 7], np.float32)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    return str(tmp_path / "numbers.py")


@pytest.fixture
def calculate() -> Counted:
    return Counted()


def files(module: str) -> list[Path]:
    return sorted(Path(module).parent.rglob("*"))


def assert_equal(found: Tables, expected: Tables) -> None:
    assert [table.tobytes() for table in found] == [table.tobytes() for table in expected]
    assert [table.shape for table in found] == [table.shape for table in expected]


def test_what_was_calculated_once_is_read_the_next_time(module: str, calculate: Counted) -> None:
    for _ in range(3):
        assert_equal(cached_tables(module, [b"rule"], SHAPES, calculate), Counted()())
    assert calculate.times == 1


def test_other_rules_are_calculated_again_and_replace_the_earlier_file(module: str, calculate: Counted) -> None:
    cached_tables(module, [b"rule"], SHAPES, calculate)
    cached_tables(module, [b"other rule"], SHAPES, calculate)
    assert calculate.times == 2
    assert len([file for file in files(module) if file.is_file()]) == 1


@pytest.mark.parametrize("rest", [0, 100, -4])
def test_a_file_that_is_not_whole_is_calculated_again(module: str, calculate: Counted, rest: int) -> None:
    cached_tables(module, [b"rule"], SHAPES, calculate)
    file = next(file for file in files(module) if file.is_file())
    file.write_bytes(file.read_bytes()[:rest])
    for _ in range(2):
        assert_equal(cached_tables(module, [b"rule"], SHAPES, calculate), Counted()())
    assert calculate.times == 2


def test_nothing_is_written_where_no_bytecode_is(
    module: str, calculate: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert_equal(cached_tables(module, [b"rule"], SHAPES, calculate), Counted()())
    assert files(module) == []


def test_a_folder_that_cannot_be_written_is_done_without(module: str, calculate: Counted) -> None:
    (Path(module).parent / "__pycache__").write_text("not a folder")
    assert_equal(cached_tables(module, [b"rule"], SHAPES, calculate), Counted()())


def test_pages_that_were_released_hold_the_same(module: str, calculate: Counted) -> None:
    found = cached_tables(module, [b"rule"], SHAPES, calculate)
    release_pages()
    assert_equal(found, Counted()())


def test_the_tables_of_the_clamp_are_what_its_rules_give() -> None:
    assert_equal((differences._BEATEN,), differences._calculated())
