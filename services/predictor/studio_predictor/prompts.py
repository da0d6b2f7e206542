"""What the model is told: the client's brief wrapped in the words of a style that can be laid in granule."""

from collections.abc import Sequence
from typing import NamedTuple

from studio_contracts.brief import Style


class StyleWords(NamedTuple):
    """What a style asks for, put before the brief, and what it refuses."""

    positive: str
    negative: str


class Prompts(NamedTuple):
    """The two texts sent to the model. A model without a negative prompt is sent the first alone."""

    positive: str
    negative: str


STYLES: dict[Style, StyleWords] = {
    "professional": StyleWords(
        "clean modern minimal flat vector design",
        "childish, cluttered, ornate",
    ),
    "playful": StyleWords(
        "playful cartoon paper-craft flat vector design",
        "dull, corporate, realistic",
    ),
    "geometric": StyleWords(
        "hard-edge Bauhaus geometric flat vector design",
        "organic, hand-drawn, irregular",
    ),
}

_ASKED = "screen-print, big solid colour blocks, solid fills, clean edges, simple geometry, top view"
_REFUSED = (
    "photograph, photorealistic, 3d render, painting, watercolour, gradient, shadow, lighting, perspective, texture, "
    "noise, fine detail, thin lines, blur, text, letters, watermark"
)


def compose(prompt: str, style: Style, colour_names: Sequence[str]) -> Prompts:
    """The brief's prompt in the words of its style, naming the plan's colours (at most six).

    SDXL's text encoders read about 77 tokens and drop the tail, so what must not be lost comes first: the style, then
    the brief. The brief's own limit of 500 characters keeps the result under 1,000.
    """
    words = STYLES[style]
    colours = f"colours {', '.join(name.lower() for name in colour_names)}" if colour_names else ""
    positive = ", ".join(filter(None, (words.positive, prompt, colours, _ASKED)))
    return Prompts(positive, f"{words.negative}, {_REFUSED}")
