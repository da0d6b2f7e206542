"""What a person would use instead of the clamp, and how right each is."""

import math
import shutil
import subprocess
from collections.abc import Sequence

import numpy as np
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from studio_colour.difference import ByteArray, palette_rgb
from studio_contracts.palette import Colour


def plain(rgb: ByteArray, palette: Sequence[Colour]) -> ByteArray:
    """The vectorised formula, every pixel against every colour, by scikit-image."""
    lab, colours = rgb2lab(rgb), rgb2lab(palette_rgb(palette))
    differences = [deltaE_ciede2000(lab, colour[None, None]) for colour in colours]  # type: ignore[no-untyped-call]
    nearest: ByteArray = np.argmin(differences, axis=0).astype(np.uint8)
    return nearest


def naive(rgb: ByteArray, palette: Sequence[Colour]) -> list[int]:
    """The formula in plain Python, a pixel at a time."""
    labs = [_lab(colour.rgb) for colour in palette]
    nearest = []
    for pixel in rgb.reshape(-1, 3).tolist():
        lab = _lab(pixel)
        nearest.append(min(range(len(labs)), key=lambda index: _ciede2000(lab, labs[index])))
    return nearest


def _lab(rgb: Sequence[int]) -> tuple[float, float, float]:
    r, g, b = (((c / 255 + 0.055) / 1.055) ** 2.4 if c > 10.3 else c / 255 / 12.92 for c in rgb)
    x = (0.412453 * r + 0.357580 * g + 0.180423 * b) / 0.95047
    y = 0.212671 * r + 0.715160 * g + 0.072169 * b
    z = (0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _ciede2000(first: tuple[float, float, float], second: tuple[float, float, float]) -> float:
    (l1, a1, b1), (l2, a2, b2) = first, second
    mean = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * math.sqrt(mean**7 / (mean**7 + 25**7))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = math.degrees(math.atan2(b1, a1)) % 360, math.degrees(math.atan2(b2, a2)) % 360
    step, hue = h2 - h1, (h1 + h2) / 2
    if abs(step) > 180:
        step -= math.copysign(360, step)
        hue += 180 if h1 + h2 < 360 else -180
    dh = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(step / 2))
    c, offset = (c1 + c2) / 2, ((l1 + l2) / 2 - 50) ** 2
    cos = [math.cos(math.radians(angle)) for angle in (hue - 30, 2 * hue, 3 * hue + 6, 4 * hue - 63)]
    t = 1 - 0.17 * cos[0] + 0.24 * cos[1] + 0.32 * cos[2] - 0.20 * cos[3]
    rotation = -2 * math.sqrt(c**7 / (c**7 + 25**7)) * math.sin(math.radians(60 * math.exp(-(((hue - 275) / 25) ** 2))))
    dl = (l2 - l1) / (1 + 0.015 * offset / math.sqrt(20 + offset))
    dc, dh = (c2 - c1) / (1 + 0.045 * c), dh / (1 + 0.015 * c * t)
    return math.sqrt(max(0.0, dl**2 + dc**2 + dh**2 + rotation * dc * dh))


def by_pillow(image: Image.Image, palette: Sequence[Colour]) -> ByteArray:
    """Pillow's quantize to a fixed palette."""
    swatch = Image.new("P", (1, 1))
    swatch.putpalette(palette_rgb(palette).tobytes())
    return np.asarray(image.quantize(palette=swatch, dither=Image.Dither.NONE))


def imagemagick_command() -> str | None:
    """The ImageMagick that is installed, if any; other programs answer to `convert` too."""
    for command in ("magick", "convert"):
        if path := shutil.which(command):
            about = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=30, check=False)
            if "ImageMagick" in about.stdout:
                return path
    return None
