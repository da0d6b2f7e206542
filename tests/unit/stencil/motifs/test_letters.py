"""Letters from the font."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from string import ascii_letters, digits

import pytest

from studio_stencil.motifs import letters


@pytest.fixture
def switching() -> Iterator[None]:
    """Threads take turns after a microsecond, not after five milliseconds."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("switching")
def test_jobs_side_by_side_read_an_untouched_font() -> None:
    with ThreadPoolExecutor(4) as threads:
        for _ in range(10):
            letters._font.cache_clear()
            letters.letter.cache_clear()
            drawn = list(threads.map(letters.letter, ascii_letters + digits))
            assert None not in drawn


@pytest.mark.parametrize("character", ["", "ab", "-", "🐟", "中"])
def test_what_is_no_letter_of_the_font_has_no_drawing(character: str) -> None:
    assert letters.letter(character) is None
