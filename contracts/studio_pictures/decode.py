"""From a provider's or a client's bytes, which may be anything, to an sRGB picture of bounded size."""

import io
import struct
import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from studio_colour.difference import ByteArray
from studio_pictures.container import MAX_PIXELS, open_container
from studio_pictures.errors import PictureError
from studio_pictures.png import holds_every_row

_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}

_PROFILED_MODES = ("RGB", "RGBA", "CMYK", "L")

# What Pillow raises on damaged files, beyond its own errors (all of them OSError).
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
)

_PROBE = np.array(
    [[level * (channels >> bit & 1) for bit in range(3)] for level in (16, 64, 128, 192, 255) for channels in range(8)],
    np.uint8,
)
_SAME = 3
"""Difference in 8-bit values up to which a profile's colours are sRGB's: profiles of sRGB differ by rounding."""
_SRGB_GAMMA = 0.45455
_SAME_GAMMA = 0.05


Rgb = tuple[int, int, int]
WHITE: Rgb = (255, 255, 255)


class Picture(NamedTuple):
    """A decoded picture: sRGB, shape (height, width, 3), and the media type it came as."""

    rgb: ByteArray
    media_type: str


def decode(data: bytes, max_pixels: int = MAX_PIXELS, ground: Rgb = WHITE) -> Picture:
    """Decode a PNG, JPEG or WebP: upright, first frame, 8 bits a channel, transparency laid over `ground`.

    Colours are converted to sRGB by the picture's own profile, or a PNG's gamma; without one, or with one that cannot
    be used, they are taken for sRGB. Raises PictureError with reason `not_a_picture` (no such magic bytes), `too_large`
    (see `open_container`; found before a pixel is allocated) or `damaged` (truncated or corrupt). Peak memory: the
    bytes themselves three times over, and 24 bytes a pixel.
    """
    container = open_container(data, max_pixels)
    try:
        with Image.open(io.BytesIO(container.data), formats=(container.kind,)) as image:
            if image.size != (container.width, container.height):
                raise PictureError("damaged", "its parts disagree on its size")
            image.load()
            if container.kind == "PNG" and not holds_every_row(container.data, image):
                raise PictureError("damaged", "truncated: the file ends before the picture does")
            profile = container.profile or image.info.get("icc_profile")
            ImageOps.exif_transpose(image, in_place=True)
            return Picture(_rgb(image, profile, ground), _MEDIA_TYPES[container.kind])
    except _DAMAGE as error:
        detail = str(error) if not isinstance(error, UnidentifiedImageError) else "its header makes no sense"
        raise PictureError("damaged", f"truncated or corrupt: {detail}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError("too_large", str(error)) from error


def _rgb(image: Image.Image, profile: bytes | None, ground: Rgb) -> ByteArray:
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip, not scale
        grey = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(grey[..., np.newaxis], 3, axis=-1)
    gamma = None if "srgb" in image.info else image.info.get("gamma")
    if image.mode not in _PROFILED_MODES:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image = _by_profile(image, profile) if profile else _by_gamma(image, gamma)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (*ground, 255)), layer)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _by_profile(image: Image.Image, embedded: bytes) -> Image.Image:
    """The picture in sRGB; as it is where its profile is broken, is made for another mode, or shows the same colours.

    What a profile does is tried on a few colours. Its name proves nothing: "Linear sRGB" is not sRGB.
    """
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        profile = ImageCms.getOpenProfile(io.BytesIO(embedded))
        to_srgb = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), image.mode, mode)
        if mode == image.mode == "RGB" and _changes_nothing(to_srgb):
            return image
        return ImageCms.applyTransform(image, to_srgb) or image
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    shown = ImageCms.applyTransform(Image.fromarray(_PROBE[np.newaxis]), transform)
    return bool(np.abs(np.asarray(shown, np.int16)[0] - _PROBE).max() <= _SAME)


def _by_gamma(image: Image.Image, gamma: float | None) -> Image.Image:
    """The picture in sRGB, of a PNG that says by which exponent its values encode light (1 is linear)."""
    if gamma is None or not 0.05 <= gamma <= 5 or abs(gamma - _SRGB_GAMMA) <= _SAME_GAMMA or image.mode == "CMYK":
        return image
    light = (np.arange(256) / 255) ** (1 / gamma)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    table = np.round(encoded * 255).astype(int).tolist()
    straight = list(range(256))
    return image.point(table * len(image.getbands()) if image.mode != "RGBA" else table * 3 + straight)
