"""A blend in words, as it stands in tables and on sheets."""

from studio_contracts.concept import Blend
from studio_gateway.documents.texts import Texts


def blend_text(blend: Blend, texts: Texts) -> str:
    """For example `navy: 9 RH70 + 3 RH21, ΔE 9.0 (RH20 alone 33.7), 25.29 m²`; parts are of twelve."""
    return texts(
        "blend",
        what=blend.word or texts("blend.texture"),
        recipe=" + ".join(f"{part.parts} {part.code}" for part in blend.recipe),
        mixed=texts.number(blend.delta_e, 1),
        code=blend.code,
        alone=texts.number(blend.delta_e_alone, 1),
        area=texts.number(blend.area_m2, 2),
    )
