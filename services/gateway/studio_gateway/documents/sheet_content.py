"""What is asked for and stands on a sheet: apart from how it is drawn, whose imports only drawing needs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from studio_contracts.brief import Surface
from studio_contracts.concept import Concept
from studio_gateway.web.languages import DEFAULT

Paper = Literal["A4", "A3"]


class Sheet(NamedTuple):
    """`picture` is the PNG of the concept as it is laid; `link` leads to the concept; `language` is one of ours."""

    prompt: str
    surface: Surface
    concept: Concept
    picture: bytes
    created_at: datetime
    link: str
    attributions: Sequence[str] = ()
    language: str = DEFAULT
