"""What the terminal says of the concepts of a job."""

from typing import Any

import pytest

from studio_cli.gateway import print_concepts

BLEND = {
    "word": "navy", "code": "RH20", "delta_e": 9.0, "delta_e_alone": 33.7, "area_m2": 17.5,
    "recipe": [{"code": "RH70", "parts": 9}, {"code": "RH21", "parts": 3}],
}  # fmt: skip


def a_job(materials: dict[str, Any] | None) -> Any:
    concept = {"id": "0-0", "rank": 1, "direction": 0, "score": 0.5, "palette_used": [], "materials": materials}
    return {"id": "a", "plan": {"directions": [{"name": "Hero"}]}, "concepts": [concept]}


def test_a_concept_has_a_line_for_each_blend(capsys: pytest.CaptureFixture[str]) -> None:
    print_concepts(a_job({"blends": [BLEND, BLEND | {"word": ""}]}))
    navy, texture = capsys.readouterr().out.splitlines()[2:]
    assert navy == "  blend for navy: 9 RH70 + 3 RH21 of 12, ΔE 9.0, RH20 alone 33.7, 17.50 m²"
    assert texture.startswith("  blend for the texture: ")


@pytest.mark.parametrize("materials", [None, {}, {"blends": []}])
def test_without_blends_there_is_no_further_line(materials: Any, capsys: pytest.CaptureFixture[str]) -> None:
    print_concepts(a_job(materials))
    assert len(capsys.readouterr().out.splitlines()) == 2
