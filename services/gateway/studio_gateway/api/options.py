"""What a brief may hold, what it costs, and the words for it: all that a page needs to know beforehand."""

from typing import get_args

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from studio_contracts import brief, installer
from studio_contracts.brief import Strategy, Style
from studio_contracts.installer import InstallerRule
from studio_contracts.job import TERMINAL, Status
from studio_contracts.models import MODELS
from studio_contracts.palette import MAX_CHOSEN
from studio_gateway.access.typical_times import TypicalTime
from studio_gateway.dependencies import DependenciesDep
from studio_gateway.http.problems import problems
from studio_gateway.http.query import KNOWN_PARAMETERS_ONLY

_STYLES: dict[str, str] = {
    "professional": "Clean and minimal, few large shapes",
    "playful": "Cartoon and paper-cut",
    "geometric": "Hard edges, Bauhaus",
}
_STRATEGIES: dict[str, str] = {
    "hero": "One large thing and its companions",
    "scattered": "The things the brief names, spread out",
    "flowing": "Things between flowing bands",
    "panorama": "A view along the surface",
    "path": "A path that leads through",
    "medallions": "Things in round fields",
    "track": "A race track",
    "stripes": "Straight stripes",
    "circles": "Circles within circles",
    "hexagons": "A honeycomb",
    "islands": "Islands and bridges",
    "compass": "A compass rose",
    "hopscotch": "Squares to hop on",
    "snakes": "Snakes and ladders",
    "spiral": "One winding line",
    "maze": "A maze",
    "pitch": "A sports pitch",
    "voronoi": "Large soft regions",
    "bands": "Flowing stripes",
    "grid": "Tiles",
}
router = APIRouter(tags=["jobs"], dependencies=[KNOWN_PARAMETERS_ONLY])


class Choice(BaseModel):
    """One value of a field, with words for people."""

    name: str
    title: str
    text: str


class State(BaseModel):
    """A status of a job, and the same word as a title. A final one never changes."""

    name: Status
    title: str
    is_final: bool


class ModelOption(BaseModel):
    """An image model: its price in US cents, and the sizes it was trained on as width and height in pixels."""

    name: str
    cents_per_picture: int
    sizes: list[list[int]]


class InstallerLimits(BaseModel):
    """What an installer can lay: lengths in mm, areas in m², angles in degrees. `rules` says what breaks them."""

    min_width_mm: float = installer.MIN_WIDTH_MM
    min_radius_mm: float = installer.MIN_RADIUS_MM
    exceptional_radius_mm: float = installer.EXCEPTIONAL_RADIUS_MM
    min_gap_mm: float = installer.MIN_GAP_MM
    min_area_m2: float = installer.MIN_AREA_M2
    max_pieces: int = installer.MAX_PIECES
    min_angle_deg: float = installer.MIN_ANGLE_DEG
    rules: dict[InstallerRule, str] = installer.RULE_TEXTS


class Options(BaseModel):
    """The limits of a brief, its choices, the states of a job, and what a picture costs here."""

    model: str
    cents_per_picture: int
    models: list[ModelOption]
    max_prompt: int = brief.MAX_PROMPT
    max_pictures: int = brief.MAX_PICTURES
    max_directions: int = brief.MAX_DIRECTIONS
    max_colours: int = MAX_CHOSEN
    min_side_m: float = brief.MIN_SIDE_M
    max_side_m: float = brief.MAX_SIDE_M
    max_ratio: float = brief.MAX_RATIO
    max_seed: int = brief.MAX_SEED
    styles: list[Choice]
    strategies: list[Choice]
    states: list[State]
    installer: InstallerLimits = InstallerLimits()
    typical_times: list[TypicalTime] = Field(default_factory=list, description="How long the latest jobs took")


def options_for(model: str, typical_times: list[TypicalTime]) -> Options:
    """The options of a studio that paints with this model."""
    return Options(
        typical_times=typical_times,
        model=model,
        cents_per_picture=MODELS[model].cents_per_picture,
        models=[
            ModelOption(
                name=each.name, cents_per_picture=each.cents_per_picture, sizes=[list(size) for size in each.sizes]
            )
            for each in MODELS.values()
        ],
        styles=_choices(get_args(Style), _STYLES),
        strategies=_choices(get_args(Strategy), _STRATEGIES),
        states=[State(name=name, title=name.capitalize(), is_final=name in TERMINAL) for name in get_args(Status)],
    )


def _choices(names: tuple[str, ...], texts: dict[str, str]) -> list[Choice]:
    return [Choice(name=name, title=name.replace("_", " ").capitalize(), text=texts.get(name, "")) for name in names]


@router.get("/v1/options", responses=problems(422))
async def get_options(response: Response, deps: DependenciesDep) -> Options:
    """The limits and choices of a brief, the states of a job, and the price of a picture in US cents."""
    response.headers["Cache-Control"] = "no-store"
    return options_for(deps.settings.model, deps.typical_times.current())
