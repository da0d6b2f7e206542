"""The recorded tries: they belong to the installed motifs and today's rules, and say what searching finds."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from studio_stencil.motifs import layable, outlines, recorded
from studio_stencil.motifs.outlines import searched
from studio_stencil.motifs.recorded import TRIES_PER_WAY, Try, parsed, recorded_smallest_m, recorded_try
from studio_stencil.motifs.sizes import made_sizes_m, searched_smallest_m

OFTEN = "🐢"
SIZE_M = made_sizes_m(OFTEN)[1]


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Nothing is known from before, neither then nor after."""
    caches = (recorded.lines, recorded._recorded, outlines.outline, outlines._search)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def test_the_table_belongs_to_the_installed_motifs_and_to_the_rules() -> None:
    head = recorded.FILE.read_text(encoding="utf-8").splitlines()[0]
    assert head == recorded.fingerprint(), "run python -m studio_stencil.motifs.record"


def test_each_line_has_the_sizes_at_which_its_motif_is_made() -> None:
    for emoji, line in Random(0).sample(sorted(recorded.lines().items()), 20):
        found = parsed(line)
        assert found.line() == line
        assert list(found.tries) == [recorded.size_key(size) for size in made_sizes_m(emoji)]
        assert {len(tries) for tries in found.tries.values()} == {outlines.OTHERS}


def test_a_try_is_one_character() -> None:
    assert len(layable.TRIES) == TRIES_PER_WAY


@pytest.mark.parametrize("seed", range(4))
def test_a_line_says_what_searching_finds(seed: int) -> None:
    chance = Random(seed)
    emoji = chance.choice(sorted(recorded.lines()))
    size_m = chance.choice(made_sizes_m(emoji))
    found = tuple(recorded_try(emoji, size_m, other) for other in range(outlines.OTHERS))
    assert found == searched(emoji, size_m)
    assert recorded_smallest_m(emoji) == searched_smallest_m(emoji)


@pytest.mark.usefixtures("forgotten")
def test_a_recorded_outline_is_made_without_judging_any(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(*_: object) -> float:
        raise AssertionError("an outline was judged")

    monkeypatch.setattr(layable, "faultiness", judge)
    for other in range(outlines.OTHERS):
        assert outlines.outline(OFTEN, SIZE_M, other).area > 0


@pytest.mark.usefixtures("forgotten")
def test_what_other_rules_recorded_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = outlines.outline(OFTEN, SIZE_M)
    _, *rows = recorded.FILE.read_text(encoding="utf-8").splitlines()
    other = tmp_path / "recorded.tsv"
    other.write_text("\n".join(["0" * 64, *rows]), encoding="utf-8")
    monkeypatch.setattr(recorded, "FILE", other)
    for cache in (recorded.lines, recorded._recorded, outlines.outline, outlines._search):
        cache.cache_clear()
    assert recorded_try(OFTEN, SIZE_M, 0) is None
    assert recorded_smallest_m(OFTEN) is None
    assert outlines.outline(OFTEN, SIZE_M).equals_exact(before, 0)


def test_the_rules_numbers_are_part_of_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    before = recorded.fingerprint()
    monkeypatch.setattr(layable, "BRIDGE_MM", layable.BRIDGE_MM + 1)
    assert recorded.fingerprint() != before


def test_a_size_that_is_not_recorded_is_searched_for() -> None:
    assert recorded_try(OFTEN, SIZE_M + 0.001, 0) is None
    assert recorded_try("🐢🐢", SIZE_M, 0) is None
    assert isinstance(recorded_try(OFTEN, SIZE_M, 0), Try)
