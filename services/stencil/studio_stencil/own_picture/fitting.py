"""From a client's bytes, which may be anything, to a picture on the surface. Made for a child process that may die."""

import io
from typing import NamedTuple

import numpy as np
from PIL import Image

from studio_colour.difference import ByteArray, delta_e, lab_from_rgb, palette_rgb
from studio_contracts.brief import PictureFit
from studio_contracts.own_picture import OwnPictureError, check_svg, kind_of
from studio_contracts.palette import BY_CODE, MAX_CHOSEN, PALETTE
from studio_pictures.decode import Rgb, decode
from studio_pictures.errors import PictureError
from studio_stencil.drawing.compose import encode

MAX_PIXELS = 16_000_000
"""Photographs of phones have 12 million."""
MIN_SIDE = 16
"""Pixels of the shorter side: less shows nothing."""
GROUND = "RH31"
"""What is transparent shows this colour where the client has chosen none."""
FRINGE = 0.005
"""Share up to which a colour is taken for a soft edge between two others."""
NOTED_SHARE = 0.005
"""Share of a picture or surface from which a note says what was cut off or added."""
SAME_SHAPE = "it has the surface's shape"
_LEVELS = 32
"""Colours are matched to 5 bits a channel."""


class Fitted(NamedTuple):
    """The picture on the surface as a PNG, the same in `codes` alone as an indexed PNG, and what was done to it.

    codes are in the order of the indices, the most common first; shares sum to 1.
    """

    picture: bytes
    stencil: bytes
    codes: tuple[str, ...]
    shares: tuple[float, ...]
    note: str


def fitted(
    data: bytes, size: tuple[int, int], how: PictureFit, chosen: tuple[str, ...] | None, laid: ByteArray | None = None
) -> Fitted:
    """Decode a picture, fit it to `size`, (width, height) in pixels, and match its colours.

    Those are the ones `chosen`, the first of which is the ground, or else the six of the range that are nearest most
    often. `laid` (height, width) says how often each pixel is laid on the surface: once if left out. Raises
    PictureError; MemoryError.
    """
    if laid is None or not laid.any():
        laid = np.ones(size[::-1], np.uint8)
    ground = BY_CODE[chosen[0] if chosen else GROUND].rgb
    rgb = _decoded(data, size, ground)
    height, width = rgb.shape[:2]
    if min(width, height) < MIN_SIDE:
        raise PictureError("unusable", f"{width}x{height} pixels: a side is shorter than {MIN_SIDE}")
    placed, note = _placed(Image.fromarray(rgb), size, how, ground)
    pixels = np.asarray(placed)
    indices, codes, shares = _matched(pixels, chosen or tuple(BY_CODE), laid)
    if not chosen:
        common = [code for code, share in zip(codes, shares, strict=True) if share >= FRINGE]
        indices, codes, shares = _matched(pixels, tuple(common[:MAX_CHOSEN]) or codes[:1], laid)
    file = io.BytesIO()
    placed.save(file, "PNG")
    return Fitted(file.getvalue(), encode(indices, codes), codes, shares, note)


def _decoded(data: bytes, size: tuple[int, int], ground: Rgb) -> ByteArray:
    try:
        if kind_of(data) == "SVG":
            data = _rendered(data, size, ground)
    except OwnPictureError as error:
        raise PictureError("not_a_picture", str(error)) from error
    return decode(data, MAX_PIXELS, ground).rgb


def _rendered(svg: bytes, size: tuple[int, int], ground: Rgb) -> bytes:
    """The SVG as a PNG that covers `size`. resvg runs no scripts and fetches nothing; files are refused before."""
    import resvg_py  # here, for it is needed by drawings alone

    ratio = check_svg(svg)
    width = max(size[0], size[1] * ratio)
    width *= min(1.0, (MAX_PIXELS / (width * width / ratio)) ** 0.5)
    background = "#{:02x}{:02x}{:02x}".format(*ground)
    try:
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=svg.decode("utf-8-sig"),
                width=max(1, int(width)),
                background=background,
                skip_system_fonts=True,
                dpi=96,  # without it a size in millimetres is none
            )
        )
    except UnicodeDecodeError as error:
        raise PictureError("damaged", "its text is not UTF-8: save it anew as UTF-8") from error
    except ValueError as error:
        raise PictureError("damaged", f"it cannot be drawn: {error}") from error


def _placed(image: Image.Image, size: tuple[int, int], how: PictureFit, ground: Rgb) -> tuple[Image.Image, str]:
    """The image at that size, scaled evenly, and what that cut off or added."""
    across, down = size[0] / image.width, size[1] / image.height
    sideways = down < across  # the picture is narrower than the surface
    if how == "contain":
        scale = min(across, down)
        inner = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        placed = Image.new("RGB", size, ground)
        corner = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
        placed.paste(image.resize(inner, Image.Resampling.LANCZOS), corner)
        added = 1 - inner[0] * inner[1] / (size[0] * size[1])
        where = "at left and right" if sideways else "above and below"
        return placed, f"shown whole, with {added:.0%} ground {where}" if added >= NOTED_SHARE else SAME_SHAPE
    scale = max(across, down)
    width, height = min(size[0] / scale, image.width), min(size[1] / scale, image.height)  # rounding may exceed them
    left, top = (image.width - width) / 2, (image.height - height) / 2
    placed = image.resize(size, Image.Resampling.LANCZOS, box=(left, top, left + width, top + height))
    cut = 1 - width * height / (image.width * image.height)
    where = "above and below" if sideways else "at left and right"
    return placed, f"{cut:.0%} cut off {where}" if cut >= NOTED_SHARE else SAME_SHAPE


def _matched(
    pixels: ByteArray, codes: tuple[str, ...], laid: ByteArray
) -> tuple[ByteArray, tuple[str, ...], tuple[float, ...]]:
    """Indices of the nearest colours (CIEDE2000), the codes that are laid and their shares, the most common first."""
    steps = (np.arange(_LEVELS) * 8 + 4).astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    wanted = [colour for colour in PALETTE if colour.code in codes]
    palette = lab_from_rgb(palette_rgb(wanted))
    lab = lab_from_rgb(cube)
    nearest = np.stack([delta_e(lab, colour) for colour in palette]).argmin(axis=0)
    level = (pixels >> 3).astype(np.int32)
    found = nearest[level[..., 0] << 10 | level[..., 1] << 5 | level[..., 2]]
    counts = np.bincount(found.ravel(), laid.ravel(), minlength=len(wanted))
    order = [int(number) for number in np.argsort(-counts, kind="stable") if counts[number]]
    if not np.isin(found, order).all():  # a colour is nowhere but where nothing is laid
        return _matched(pixels, tuple(wanted[number].code for number in order), laid)
    places = np.zeros(len(wanted), np.uint8)
    places[order] = np.arange(len(order), dtype=np.uint8)
    shares = tuple(float(counts[number] / counts.sum()) for number in order)
    return places[found], tuple(wanted[number].code for number in order), shares
