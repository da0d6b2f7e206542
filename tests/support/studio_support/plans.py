"""Plans as the stencil service would make them."""

from collections.abc import Callable, Sequence

from studio_contracts.object_keys import stencil_key
from studio_contracts.pictures import StoredPicture
from studio_contracts.plan import Direction, Layout, Plan, PlanColour

NAMES = ("Flowing", "Scattered", "Pattern")
COLOURS = (PlanColour(code="RH20", role="base", share=0.7), PlanColour(code="RH31", role="accent", share=0.3))


def _nothing_stored(key: str) -> StoredPicture:
    return StoredPicture(key=key, sha256="0" * 64, media_type="image/png", width=8, height=8)


def make_plan(
    job_id: str,
    *,
    directions: int = 1,
    size: tuple[int, int] = (1152, 768),
    layout: Layout = "full",
    colours: Sequence[PlanColour] = COLOURS,
    store: Callable[[str], StoredPicture] = _nothing_stored,
) -> Plan:
    """A plan with that many directions; `store` keeps the stencil of a key."""
    return Plan(
        palette_reason="ocean",
        width_px=size[0],
        height_px=size[1],
        layout=layout,
        mm_per_pixel=4.9,
        directions=tuple(
            Direction(
                name=name,
                reason="wide",
                strategy="bands",
                seed=7,
                colours=tuple(colours),
                stencil=store(stencil_key(job_id, number)),
            )
            for number, name in enumerate(NAMES[:directions])
        ),
    )
