"""The count of tokens is never too low: against the tokenizer that carries CLIP's vocabulary, where it installs."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_predictor.token_count import COUNTS, count_tokens

SCRIPT = Path(__file__).parents[3] / "services/predictor/build_token_counts.py"


@pytest.fixture(scope="session")
def exact() -> Callable[[str], int]:
    clip = pytest.importorskip(
        "instant_clip_tokenizer", reason="instant-clip-tokenizer has wheels for Python 3.11 and 3.12 on x86_64 alone"
    )
    tokenizer = clip.Tokenizer()
    return lambda text: len(tokenizer.encode(text))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("whale", 1), ("three green frogs", 3), ("brontosaurus", 3), ("a, b.", 4), ("1234", 4), ("zqxj", 4)],
)
def test_known_words_are_counted_exactly_and_others_by_their_bytes(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


@pytest.mark.parametrize("text", [
    "clean modern minimal flat vector design", "whale, three turtles, underwater ocean, warm tones",
    "colours standard blue, light blue, turquoise, cream, bright yellow",
])  # fmt: skip
def test_what_the_studio_says_itself_is_counted_exactly(text: str, exact: Callable[[str], int]) -> None:
    assert count_tokens(text) == exact(text)


@given(text=st.one_of(st.text(), st.text("abcdefgh 'restvmd,.éßأ海🩷²½İ", max_size=40)))
@settings(max_examples=1000)
def test_no_text_has_more_tokens_than_counted(text: str, exact: Callable[[str], int]) -> None:
    assert exact(text) <= count_tokens(text)


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_what_commas_separate_is_counted_by_itself(parts: list[str]) -> None:
    assert count_tokens(", ".join(parts)) == sum(map(count_tokens, parts)) + len(parts) - 1


def test_the_table_is_current(exact: Callable[[str], int]) -> None:
    spec = importlib.util.spec_from_file_location("build_token_counts", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert COUNTS.read_text("ascii") == script.table(), "run: python services/predictor/build_token_counts.py"
