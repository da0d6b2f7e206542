"""The colours that can be bought."""

from fastapi import APIRouter
from pydantic import BaseModel

from studio_contracts.palette import PALETTE

router = APIRouter(tags=["palette"])


class ColourOffer(BaseModel):
    """One granule colour."""

    code: str
    name: str
    hex: str


@router.get("/v1/palette")
async def read_palette() -> list[ColourOffer]:
    """The colours that can be bought, in display order."""
    return [ColourOffer(**colour._asdict()) for colour in PALETTE]
