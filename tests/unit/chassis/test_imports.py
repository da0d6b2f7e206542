"""How services import."""

import gc

from studio_chassis.runtime.imports import without_collecting_garbage


def test_garbage_is_collected_again_and_what_was_imported_is_passed_over() -> None:
    kept: list[object] = []
    try:
        with without_collecting_garbage():
            assert not gc.isenabled()
            kept.append({"a": kept})
        assert gc.isenabled()
        assert not any(one is kept for one in gc.get_objects())
    finally:
        gc.unfreeze()
        gc.enable()
