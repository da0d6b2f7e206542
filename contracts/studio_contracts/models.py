"""The catalogue of image models: price, limits, sizes and the input each of them takes. Data and schemas only.

An input model lists what the studio sends; its defaults are what the studio sends where a job does not decide. The
provider drops keys it does not know without an error, so an input is validated here before anything is bought.
Schemas: SDXL's and FLUX dev's own OpenAPI descriptions at Replicate. How to add a model: docs/howto/add-a-model.md.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from pydantic import ConfigDict, Field

from studio_contracts.base import FrozenModel

ModelName = Literal["sdxl", "flux-dev"]

DATA_URI_MAX_CHARS = 256_000
"""What Replicate advises for data URIs. Much larger ones are accepted, and fail later without a usable reason."""


class ModelInput(FrozenModel):
    """The input every image-to-image model here takes. The pictures have the size of `image`, a URL or a data URI."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    prompt: str
    image: str = Field(pattern=r"^(https?://|data:image/)", max_length=DATA_URI_MAX_CHARS)
    prompt_strength: float = Field(ge=0, le=1, description="0 keeps the stencil, 1 destroys it")
    num_outputs: int = Field(ge=1, le=4)
    seed: int = Field(ge=0, le=2**31 - 1)


class SdxlInput(ModelInput):
    """stability-ai/sdxl."""

    negative_prompt: str = ""
    scheduler: Literal[
        "DDIM", "DPMSolverMultistep", "HeunDiscrete", "KarrasDPM", "K_EULER_ANCESTRAL", "K_EULER", "PNDM"
    ] = "K_EULER"
    num_inference_steps: int = Field(20, ge=1, le=500)
    guidance_scale: float = Field(6.0, ge=1, le=50)
    apply_watermark: bool = Field(False, description="It perturbs flat pixels")


class FluxDevInput(ModelInput):
    """black-forest-labs/flux-dev."""

    num_inference_steps: int = Field(28, ge=1, le=50)
    guidance: float = Field(3.0, ge=0, le=10)
    go_fast: bool = Field(False, description="The fast path ignores the seed")
    output_format: Literal["webp", "jpg", "png"] = Field("png", description="The provider's default is lossy")
    megapixels: Literal["1", "0.25"] = "1"


@dataclass(frozen=True)
class Model:
    """An image-to-image model at the provider.

    `slug` is its name at Replicate, owner first. `version` is what Replicate's `version` field takes: a community
    model's hash, an official model's slug.
    `cents_per_picture` is US cents, rounded up, so that a cap on spending holds. `sizes` are the widths and heights in
    pixels that the model was trained on.
    """

    name: ModelName
    slug: str
    version: str
    cents_per_picture: int
    sizes: tuple[tuple[int, int], ...] = field(repr=False)
    input: type[ModelInput]

    @cached_property
    def max_outputs(self) -> int:
        """The most pictures of one call, as its input says."""
        return int(self.input.model_json_schema()["properties"]["num_outputs"]["maximum"])


_UPRIGHT = (
    (512, 2048), (512, 1984), (512, 1920), (512, 1856), (576, 1792), (576, 1728), (576, 1664), (640, 1600), (640, 1536),
    (704, 1472), (704, 1408), (704, 1344), (768, 1344), (768, 1280), (832, 1216), (832, 1152), (896, 1152), (896, 1088),
    (960, 1088), (960, 1024),
)  # fmt: skip
MEGAPIXEL_SIZES = (*_UPRIGHT, (1024, 1024), *((height, width) for width, height in reversed(_UPRIGHT)))
"""About one megapixel in steps of 64, from 1:4 to 4:1: appendix I of the SDXL paper (Podell and others, 2023)."""

MODELS: dict[str, Model] = {
    "sdxl": Model(
        name="sdxl",
        slug="stability-ai/sdxl",
        version="39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b",
        cents_per_picture=3,
        sizes=MEGAPIXEL_SIZES,
        input=SdxlInput,
    ),
    "flux-dev": Model(
        name="flux-dev",
        slug="black-forest-labs/flux-dev",
        version="black-forest-labs/flux-dev",
        cents_per_picture=3,
        sizes=MEGAPIXEL_SIZES,
        input=FluxDevInput,
    ),
}
