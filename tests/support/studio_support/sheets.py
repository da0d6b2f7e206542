"""What a sheet for the site is drawn from, and the text of one that was drawn."""

import io
from datetime import UTC, datetime

import pypdfium2
from PIL import Image

from studio_contracts.brief import Surface
from studio_contracts.concept import Blend, BlendPart, ColourShare, Concept, InstallabilityReport, Quality, Violation
from studio_gateway.documents.sheet_content import Sheet
from studio_support.job_fixtures import MATERIALS

RED = (255, 0, 0)
"""The colour of the whole picture."""
BLEND = Blend(
    reason="named", word="navy", hex="#01153e", code="RH20", delta_e=9.0, delta_e_alone=33.7, area_m2=17.5, kg=154,
    recipe=(BlendPart(code="RH70", parts=9, kg=115.5), BlendPart(code="RH21", parts=3, kg=38.5)),
)  # fmt: skip
BLENDED = MATERIALS.model_copy(update={"blends": (BLEND,)})


def a_sheet(surface: Surface, prompt: str = "ocean") -> Sheet:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), RED).save(file, "PNG")
    installer = InstallabilityReport(
        score_before=90,
        score=90,
        counts={"radius": 1},
        violations=(Violation(rule="radius", code="RH20", box=(0, 0, 500, 500)),),
    )
    concept = Concept(
        id="0-0",
        slot=0,
        index=0,
        rank=1,
        pictures={},
        quality=Quality(score=0.5, fidelity=1, flatness=1, contrast=1, balance=1, mean_delta_e=0),
        palette_used=(ColourShare(code="RH20", share=1),),
        materials=MATERIALS,
        installer=installer,
    )
    return Sheet(prompt, surface, concept, file.getvalue(), datetime(2026, 3, 1, tzinfo=UTC), "http://studio/jobs/a")


def text_of(pdf: bytes, page: int = 0) -> str:
    return str(pypdfium2.PdfDocument(pdf)[page].get_textpage().get_text_range())
