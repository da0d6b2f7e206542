"""The recorded searches that fail: they belong to today's rules, and change nothing but the time."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from studio_stencil.motifs import failed_inlays, inlays
from studio_stencil.motifs.failed_inlays import parsed, written
from studio_stencil.motifs.inlays import is_most_of_it, laid, region
from studio_stencil.motifs.library import find_motif
from studio_stencil.motifs.record_inlays import inlay_of
from studio_stencil.motifs.sizes import made_sizes_m

CACHES = (failed_inlays.lines, failed_inlays.failed_inlays, inlays.laid)


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Nothing is known from before, neither then nor after."""
    for cache in CACHES:
        cache.cache_clear()
    yield
    for cache in CACHES:
        cache.cache_clear()


def in_turns(emoji: str) -> tuple[tuple[str, str], ...]:
    """A palette code for each fill of a motif, three in turns."""
    motif = find_motif(emoji)
    assert motif is not None
    fills = dict.fromkeys(part.fill for part in motif.parts)
    return tuple((fill, ("RH10", "RH41", "RH30")[number % 3]) for number, fill in enumerate(fills))


def test_the_table_belongs_to_the_installed_motifs_and_to_the_rules() -> None:
    head = failed_inlays.FILE.read_text(encoding="utf-8").splitlines()[0]
    assert head == failed_inlays.heading(), "run python -m studio_stencil.motifs.record_inlays"


def test_each_line_has_sets_of_the_fills_of_its_motif_and_sizes_at_which_it_is_made() -> None:
    for emoji, line in failed_inlays.lines().items():
        motif = find_motif(emoji)
        assert motif is not None
        found = parsed(line)
        assert written(found) == line
        assert all(0 < abs(fills) < 1 << len({part.fill for part in motif.parts}) for fills in found)
        assert all(at < 1 << len(made_sizes_m(emoji)) for at in found.values())


@pytest.mark.parametrize("seed", range(6))
def test_a_line_says_what_searching_finds(seed: int) -> None:
    chance = Random(seed)
    emoji, line = chance.choice(sorted((emoji, line) for emoji, line in failed_inlays.lines().items() if line))
    number, size_m = chance.choice(list(enumerate(made_sizes_m(emoji))))
    for fills, at in parsed(line).items():
        inlay = inlay_of(emoji, size_m, abs(fills))
        enough = inlay is not None and (fills > 0 or is_most_of_it(inlay.shape, region(emoji, size_m, -fills)))
        assert enough != bool(at >> number & 1)


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("seed", range(6))
def test_what_is_recorded_changes_no_motif(seed: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chance = Random(seed)
    emoji = chance.choice(sorted(failed_inlays.lines()))
    asked = emoji, chance.choice(made_sizes_m(emoji)), in_turns(emoji), "RH31"
    before = laid(*asked)
    monkeypatch.setattr(failed_inlays, "FILE", tmp_path / "nothing")
    for cache in CACHES:
        cache.cache_clear()
    after = laid(*asked)
    assert [part.code for part in before] == [part.code for part in after]
    assert all(one.area.equals_exact(other.area, 0) for one, other in zip(before, after, strict=True))


@pytest.mark.usefixtures("forgotten")
def test_what_is_recorded_is_not_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def search(*_: object) -> None:
        raise AssertionError("an inlay was searched for")

    monkeypatch.setattr(inlays, "inlaid", search)
    (part,) = laid("🦕", made_sizes_m("🦕")[2], in_turns("🦕"), "RH31")
    assert part.code == "RH41"
