"""From a provider's bytes, which may be anything, to an sRGB picture of bounded size."""

import io
import struct
import zlib
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image, ImageCms, ImageOps

from studio_postprocess.clamp.colour import ByteArray
from studio_postprocess.io.png import holds_every_row

MAX_PIXELS = 8_000_000
"""Larger pictures are refused from their header, before a pixel is allocated."""

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

Reason = Literal["not_a_picture", "too_large", "damaged"]


class PictureError(Exception):
    """The bytes cannot become a picture. `reason` is for programs, the message for people."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Picture(NamedTuple):
    """A decoded picture: sRGB, shape (height, width, 3), and the media type it came as."""

    rgb: ByteArray
    media_type: str


def decode(data: bytes, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode a PNG, JPEG or WebP: upright, first frame, 8 bits a channel, transparency laid over white.

    Colours are converted to sRGB by the picture's own profile; without one, or with one that cannot be used, they are
    taken for sRGB. Raises PictureError with reason `not_a_picture` (no such magic bytes, or a header that makes no
    sense), `too_large` (more than `max_pixels`, found before a pixel is allocated) or `damaged` (truncated or corrupt).
    """
    try:
        opened = Image.open(io.BytesIO(data), formats=tuple(_MEDIA_TYPES))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError("too_large", str(error)) from error
    except _DAMAGE as error:
        raise PictureError("not_a_picture", "not a PNG, JPEG or WebP picture") from error
    with opened as image:
        if image.width * image.height > max_pixels:
            raise PictureError("too_large", f"{image.width}x{image.height} is more than {max_pixels} pixels")
        media_type = _MEDIA_TYPES.get(image.format or "", "image/jpeg")  # Pillow calls some JPEGs "MPO"
        try:
            image.load()
            if image.format == "PNG" and not holds_every_row(data, image):
                raise PictureError("damaged", "truncated: the file ends before the picture does")
            return Picture(_rgb(ImageOps.exif_transpose(image)), media_type)
        except _DAMAGE as error:
            raise PictureError("damaged", f"truncated or corrupt: {error}") from error


def _rgb(image: Image.Image) -> ByteArray:
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip, not scale
        grey = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(grey[..., np.newaxis], 3, axis=-1)
    if image.mode not in _PROFILED_MODES:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image = _srgb(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), layer)
    return np.asarray(image.convert("RGB"))


def _srgb(image: Image.Image) -> Image.Image:
    """The picture in sRGB by its profile; as it is where that says sRGB, or is broken, or made for another mode."""
    embedded = image.info.get("icc_profile")
    if not embedded:
        return image
    try:
        profile = ImageCms.getOpenProfile(io.BytesIO(embedded))
        if "srgb" in ImageCms.getProfileDescription(profile).lower():
            return image
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        return ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode=mode) or image
    except (ImageCms.PyCMSError, OSError):
        return image
