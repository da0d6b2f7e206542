"""What a model makes of its arguments: the requested pictures, and the log of the run."""

import base64
import binascii
import secrets
from typing import Any
from urllib.parse import unquote_to_bytes

import httpx

from studio_standin.faults import FAILURES, PredictionFault
from studio_standin.pictures import MAX_PIXELS, PictureError, Recipe, size_of
from studio_standin.schemas import Model
from studio_standin.uploads import Uploads

MAX_INIT_BYTES = 10 * 2**20


class ModelError(Exception):
    """Ends the prediction as failed, with this text."""


async def recipes(
    model: Model, arguments: dict[str, Any], fault: PredictionFault, client: httpx.AsyncClient, uploads: Uploads
) -> list[Recipe]:
    """One recipe for each picture that the safety filter lets through. Raises ModelError."""
    count = int(arguments["num_outputs"])
    kept = [index for index in range(count) if index not in held_back(count, fault.nsfw_dropped)]
    if not kept:
        raise ModelError(model.nsfw_error)
    init = await _fetch(arguments["image"], client, uploads) if arguments["image"] else None
    try:
        size = _text2img_size(arguments) if init is None or arguments.get("mask") else size_of(init)
    except PictureError as error:
        raise ModelError(str(error)) from error
    if min(size) < 8 or size[0] * size[1] > MAX_PIXELS:
        raise ModelError(FAILURES["cuda"])
    return [
        Recipe(
            prompt=str(arguments["prompt"]),
            seed=int(arguments["seed"]),
            number=index,
            strength=float(arguments["prompt_strength"]),
            size=size,
            init=init,
            format=arguments.get("output_format", "png"),
            quality=int(arguments.get("output_quality", 80)),
            flaw=fault.flaw,
        )
        for index in kept
    ]


def held_back(count: int, dropped: int) -> list[int]:
    """Which pictures the safety filter drops: from the second on, so that the numbering has gaps."""
    return [*range(1, count), 0][:dropped]


def random_seed() -> int:
    """What the models take when none is given: 16 bits."""
    return secrets.randbelow(2**16)


def opening_log(arguments: dict[str, Any]) -> str:
    return f"Using seed: {arguments['seed']}\n"


def progress_line(arguments: dict[str, Any], share: float, seconds: float) -> str:
    """One line in the style of tqdm. img2img really runs about steps × prompt_strength."""
    steps = int(arguments["num_inference_steps"])
    if arguments["image"]:
        steps = max(1, int(steps * arguments["prompt_strength"]))
    done = int(steps * share)
    rate = f"{done / seconds:5.2f}it/s" if seconds else "?it/s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{share:4.0%}|{'█' * int(10 * share):10}| {done}/{steps} [{minutes:02}:{rest:02}<00:00, {rate}]\n"


def _text2img_size(arguments: dict[str, Any]) -> tuple[int, int]:
    if "aspect_ratio" not in arguments:
        return int(arguments["width"]), int(arguments["height"])
    across, down = (int(part) for part in arguments["aspect_ratio"].split(":"))
    unit = (float(arguments["megapixels"]) * 2**20 / (across * down)) ** 0.5
    return round(across * unit / 16) * 16, round(down * unit / 16) * 16


async def _fetch(uri: str, client: httpx.AsyncClient, uploads: Uploads) -> bytes:
    if uri.startswith("data:"):
        return _from_data_uri(uri)
    upload = uploads.behind(uri)
    if upload is not None:
        return upload.content
    content = bytearray()
    try:
        async with client.stream("GET", uri) as response:
            if response.status_code != 200:
                raise ModelError(f"{response.status_code} Client Error: {response.reason_phrase} for url: {uri}")
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MAX_INIT_BYTES:
                    raise ModelError(FAILURES["cuda"])
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ModelError(f"{type(error).__name__} for url: {uri}") from error
    return bytes(content)


def _from_data_uri(uri: str) -> bytes:
    header, _, data = uri.partition(",")
    if not header.endswith(";base64"):
        return unquote_to_bytes(data)
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise ModelError(f"Invalid data URI: {error}") from error
