import pytest
import shapely

from studio_stencil.motifs.letters import INK
from studio_stencil.motifs.library import find_motif


@pytest.mark.parametrize("emoji", ["🐋", "🐢", "🦀", "🏎️", "🏎", "🧜‍♀️", "🐠", "👣", "A", "7"])
def test_a_drawing_has_parts_that_do_not_overlap_and_is_one_long(emoji: str) -> None:
    motif = find_motif(emoji)
    assert motif is not None
    left, top, right, bottom = motif.silhouette.bounds
    assert max(right - left, bottom - top) == pytest.approx(1.0, abs=0.01)
    assert (left + right) / 2 == pytest.approx(0, abs=0.01)
    areas = [part.area for part in motif.parts]
    assert sum(area.area for area in areas) == pytest.approx(shapely.union_all(areas).area, rel=0.01)
    assert all(part.fill.startswith("#") and len(part.fill) == 7 for part in motif.parts)


@pytest.mark.parametrize("nothing", ["", "no emoji", "⃠", "€"])
def test_what_has_no_drawing_is_none(nothing: str) -> None:
    assert find_motif(nothing) is None


def test_shapes_side_by_side_in_one_path_are_all_there_whichever_way_they_run() -> None:
    crab = find_motif("🦀")
    assert crab is not None
    mirrored = shapely.transform(crab.silhouette, lambda points: points * (-1, 1))
    assert crab.silhouette.symmetric_difference(mirrored).area < 0.2 * crab.silhouette.area


def test_a_letter_stands_upright_in_ink_with_its_holes() -> None:
    letter = find_motif("A")
    assert letter is not None
    assert [part.fill for part in letter.parts] == [INK]
    assert len(letter.silhouette.interiors) == 1
    assert letter.silhouette.centroid.y > 0  # y points down: the feet are wider than the top


def test_footprints_are_one_print() -> None:
    foot = find_motif("👣")
    assert foot is not None
    largest = max(piece.area for piece in shapely.get_parts(foot.silhouette))
    assert largest > 0.5 * foot.silhouette.area
