"""A blend in words, as it stands in tables and on sheets."""

from studio_contracts.concept import Blend


def blend_text(blend: Blend) -> str:
    """For example `navy: 9 RH70 + 3 RH21, ΔE 9.0 (RH20 alone 33.7), 25.29 m²`; parts are of twelve."""
    recipe = " + ".join(f"{part.parts} {part.code}" for part in blend.recipe)
    near = f"ΔE {blend.delta_e:.1f} ({blend.code} alone {blend.delta_e_alone:.1f})"
    return f"{blend.word or 'texture'}: {recipe}, {near}, {blend.area_m2:.2f} m²"
