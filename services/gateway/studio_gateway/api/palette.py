"""The colours that can be bought."""

from fastapi import APIRouter
from pydantic import BaseModel

from studio_contracts.palette import PALETTE
from studio_gateway.http.problems import problems
from studio_gateway.http.query import KNOWN_PARAMETERS_ONLY

router = APIRouter(tags=["palette"], dependencies=[KNOWN_PARAMETERS_ONLY])


class ColourOffer(BaseModel):
    """One granule colour."""

    code: str
    name: str
    hex: str


@router.get("/v1/palette", responses=problems(422))
async def get_palette() -> list[ColourOffer]:
    """The colours that can be bought, in display order."""
    return [ColourOffer(**colour._asdict()) for colour in PALETTE]
