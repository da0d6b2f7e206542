"""Pictures that look like img2img over a flat init image, or like a plausible flat design when there is none.

A picture follows from its recipe alone: the same recipe always gives the same bytes.
"""

import io
import struct
import zlib
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Format = Literal["png", "webp", "jpg"]
Flaw = Literal["black", "wrong_size", "noise"]

MAX_PIXELS = 16_000_000
_GRAIN_TILE = 256
_MESH = 96  # pixels between the nodes of the warp


class PictureError(ValueError):
    """The init image is not a picture, or has more than MAX_PIXELS."""


class Recipe(NamedTuple):
    """Everything a picture depends on. `size` is (width, height) in pixels; `strength` 0 keeps the init image."""

    prompt: str
    seed: int
    number: int
    strength: float
    size: tuple[int, int]
    init: bytes | None = None
    format: Format = "png"
    quality: int = 80
    flaw: Flaw | None = None


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height of an encoded picture, without decoding it. Raises PictureError."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            size = image.size
    except (OSError, Image.DecompressionBombError) as error:
        raise PictureError(f"cannot identify image file: {error}") from error
    if size[0] * size[1] > MAX_PIXELS:
        raise PictureError(f"{size[0]}x{size[1]} is more than {MAX_PIXELS} pixels")
    return size


def render(recipe: Recipe) -> bytes:
    """The encoded picture of a recipe. Raises PictureError when the init image cannot be decoded."""
    rng = np.random.default_rng([recipe.seed % 2**63, recipe.number, zlib.crc32(recipe.prompt.encode())])
    width, height = recipe.size
    if recipe.flaw == "wrong_size":
        width, height = width // 2 + 8, height // 2
    if recipe.flaw == "black":
        image = Image.new("RGB", (width, height))
    elif recipe.flaw == "noise":
        image = Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
    elif recipe.init is None:
        image = _dream(rng, _flat_design(rng, (width, height)), 0.5)
    else:
        image = _img2img(rng, _decode(recipe.init, (width, height)), recipe.strength)
    return _encode(image, recipe.format, recipe.quality)


def _decode(data: bytes, size: tuple[int, int]) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data)).convert("RGB")
    except OSError as error:
        raise PictureError(f"cannot decode image: {error}") from error
    return image if image.size == size else image.resize(size)


def _img2img(rng: np.random.Generator, init: Image.Image, strength: float) -> Image.Image:
    if strength == 0:
        return init
    if strength > 0.85:  # close to 1 the init image is lost
        init = Image.blend(init, _flat_design(rng, init.size), (strength - 0.85) / 0.15)
    return _dream(rng, init, strength)


def _dream(rng: np.random.Generator, image: Image.Image, strength: float) -> Image.Image:
    """Invent, warp, soften, drift, light, grain: each in proportion to strength and to this picture's own wildness."""
    depart = strength * (0.3 + 1.2 * rng.beta(1.0, 1.6))
    image = _invent(rng, image, depart)
    image = _warp(rng, image, depart)
    image = image.filter(ImageFilter.BoxBlur(0.5 + 1.3 * depart))
    image = image.convert("RGB", _drift(rng, depart))
    image = ImageChops.add(image, _light(rng, image.size, depart), 1, -128)
    return ImageChops.add(image, _grain(rng, image.size, depart), 1, -128)


def _invent(rng: np.random.Generator, image: Image.Image, depart: float) -> Image.Image:
    """Shapes that the stencil does not have, in colours of the picture; at high strength also speckle."""
    image = image.copy()
    draw = ImageDraw.Draw(image)
    width, height = image.size
    large, small = int(18 * depart), int(300 * max(0.0, depart - 0.5))
    shortest = min(width, height)
    radii = [*rng.uniform(0.015, 0.06, large), *rng.uniform(0.003, 0.01, small)]
    for radius, x, y, from_x, from_y, flat in zip(radii, *rng.random((5, len(radii))), strict=True):
        colour = image.getpixel((int(from_x * width), int(from_y * height)))
        rx, ry = radius * shortest * (1 + flat), radius * shortest
        draw.ellipse((x * width - rx, y * height - ry, x * width + rx, y * height + ry), fill=colour)
    return image


def _warp(rng: np.random.Generator, image: Image.Image, depart: float) -> Image.Image:
    """Edges wander: a mesh whose inner nodes are moved by a few dozen pixels at most. Nearest, as blur follows."""
    width, height = image.size
    columns, rows = max(2, -(-width // _MESH)), max(2, -(-height // _MESH))
    xs, ys = np.linspace(0, width, columns + 1), np.linspace(0, height, rows + 1)
    nodes = np.stack(np.meshgrid(xs, ys), axis=-1)
    nodes[1:-1, 1:-1] += rng.normal(0, 18 * depart, (rows - 1, columns - 1, 2)).clip(-40, 40)
    mesh = [
        (
            (round(xs[i]), round(ys[j]), round(xs[i + 1]), round(ys[j + 1])),
            tuple(float(v) for v in (*nodes[j, i], *nodes[j + 1, i], *nodes[j + 1, i + 1], *nodes[j, i + 1])),
        )
        for j in range(rows)
        for i in range(columns)
    ]
    return image.transform(image.size, Image.Transform.MESH, mesh, Image.Resampling.NEAREST)


def _drift(rng: np.random.Generator, depart: float) -> tuple[float, ...]:
    """A colour matrix near the identity: channels leak into each other, and gain or lose."""
    matrix = np.eye(3) + rng.normal(0, 0.05 * depart, (3, 3))
    offset = rng.normal(0, 6 * depart, (3, 1))
    return tuple(float(value) for value in np.hstack([matrix, offset]).ravel())


def _light(rng: np.random.Generator, size: tuple[int, int], depart: float) -> Image.Image:
    """Broad light and shade with a slight tint, as an image to add around 128."""
    light = rng.normal(0, 14 * depart, (5, 7, 1)) + rng.normal(0, 5 * depart, (5, 7, 3))
    field = Image.fromarray((128 + light).clip(90, 166).astype(np.uint8))
    return field.resize(size, Image.Resampling.BICUBIC)


def _grain(rng: np.random.Generator, size: tuple[int, int], depart: float) -> Image.Image:
    tile = (128 + rng.normal(0, 0.5 + 2 * depart, (_GRAIN_TILE, _GRAIN_TILE))).round().astype(np.uint8)
    width, height = size
    grain = Image.fromarray(np.tile(tile, (-(-height // _GRAIN_TILE), -(-width // _GRAIN_TILE)))[:height, :width])
    return Image.merge("RGB", (grain, grain, grain))


def _flat_design(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Flowing bands with round islands in six clear colours."""
    width, height = size
    colours = [tuple(int(c) for c in colour) for colour in rng.integers(30, 236, (6, 3))]
    image = Image.new("RGB", size, colours[0])
    draw = ImageDraw.Draw(image)
    x = np.linspace(0, width, 40)
    for n in range(1, 6):
        wave = 0.06 * height * np.sin(x / width * rng.uniform(4, 9) + rng.uniform(0, 6))
        edge = n * height / 6 + wave
        points = [*zip(x.tolist(), edge.tolist(), strict=True), (width, height), (0, height)]
        draw.polygon(points, fill=colours[n])
    for radius, cx, cy in zip(rng.uniform(0.03, 0.09, 5) * min(size), *rng.random((2, 5)), strict=True):
        centre = np.array([cx * width, cy * height])
        draw.ellipse((*(centre - radius), *(centre + radius)), fill=colours[int(cx * 6)])
    return image


def _encode(image: Image.Image, fmt: Format, quality: int) -> bytes:
    if fmt == "png":
        return _png(np.asarray(image))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG" if fmt == "jpg" else "WEBP", quality=quality, **({"method": 0} if fmt == "webp" else {}))
    return buffer.getvalue()


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """An 8-bit RGB PNG of pixels [height, width, 3], every row with the Up filter.

    Pillow tries all five filters on every row: this takes half the time, and lets other threads run.
    """
    height, width, _ = pixels.shape
    flat = pixels.reshape(height, width * 3)
    rows = np.empty((height, width * 3 + 1), np.uint8)
    rows[:, 0] = 2
    rows[0, 1:] = flat[0]
    np.subtract(flat[1:], flat[:-1], out=rows[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.data, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
