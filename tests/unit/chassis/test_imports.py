"""How services import."""

import gc
import importlib
import sys
from collections.abc import Iterator

import pytest

from studio_chassis.runtime.imports import OPTIONAL, lean_imports


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def test_garbage_is_collected_again_and_what_was_imported_is_passed_over() -> None:
    kept: list[object] = []
    with lean_imports():
        assert not gc.isenabled()
        kept.append({"a": kept})
    assert gc.isenabled()
    assert not any(one is kept for one in gc.get_objects())


@pytest.mark.parametrize("name", OPTIONAL)
def test_what_is_optional_is_not_there_until_the_service_is_imported(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, name, raising=False)
    with lean_imports(), pytest.raises(ImportError):
        importlib.import_module(name)
    assert importlib.import_module(name).__name__ == name


def test_what_was_imported_before_stays() -> None:
    before = importlib.import_module(OPTIONAL[0])
    with lean_imports():
        assert importlib.import_module(OPTIONAL[0]) is before
