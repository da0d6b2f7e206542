"""Draw a plan, and encode the drawing."""

import io

import numpy as np
from PIL import Image

from studio_contracts.palette import BY_CODE
from studio_stencil.drawing.bands import draw_bands
from studio_stencil.drawing.grid import draw_grid
from studio_stencil.drawing.voronoi import draw_voronoi
from studio_stencil.motifs.motif import draw_motif
from studio_stencil.planning.plan import StencilPlan
from studio_stencil.planning.scale import Strategy

_DRAW = {
    Strategy.VORONOI: draw_voronoi,
    Strategy.BANDS: draw_bands,
    Strategy.GRID: draw_grid,
    Strategy.MOTIF: draw_motif,
}


def draw(plan: StencilPlan) -> np.ndarray:
    """Index map into plan.codes, uint8 (height, width). The same plan gives the same map, to the byte."""
    if len(plan.codes) == 1:
        return np.zeros((plan.height, plan.width), dtype=np.uint8)
    return _DRAW[plan.strategy](plan, np.random.Generator(np.random.PCG64(plan.seed)))


def encode(indices: np.ndarray, plan: StencilPlan) -> bytes:
    """Indexed PNG of an index map, with the plan's colours in role order as its palette."""
    image = Image.fromarray(indices, mode="P")
    image.putpalette([component for code in plan.codes for component in BY_CODE[code].rgb])
    file = io.BytesIO()
    image.save(file, format="PNG", compress_level=6)
    return file.getvalue()
