"""What the picture work costs, step by step, beside what a person would use instead, measured in the same run.

Prints a table of medians and spreads per size and palette, the share of pixels that get the right colour, the ratios
the picture work is held to, and in the end which of these targets are met everywhere. Slow methods run on a crop and
are scaled up by pixels, as the table notes. Times are the processor's, which other programs disturb less than the
clock's; of other programs and of threads they are the clock's.
"""

import asyncio
import io
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from studio_chassis.runtime.process_pool import Limits, open_process_pool, usable_cores
from studio_contracts.brief import Surface
from studio_contracts.palette import BY_CODE, PALETTE, Colour
from studio_postprocess.clamp.clamp import Clamp, clamp_for
from studio_postprocess.clamp.colour import ByteArray, palette_rgb
from studio_postprocess.concept import make_concept
from studio_postprocess.io.decode import decode
from studio_postprocess.io.encode import encode_indexed, encode_thumbnail
from studio_postprocess.picture_work import work_on_picture
from studio_postprocess.scoring.measure import measure

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from studio_support.synthetic_pictures import painted, regions

SIZES = {"0.9 Mpx": (1152, 768), "1.0 Mpx": (1024, 1024), "4.0 Mpx": (2304, 1728)}
PALETTES = {
    "6": tuple(BY_CODE[code] for code in ("RH20", "RH23", "RH22", "RH26", "RH31", "RH70")),
    "21": PALETTE,
}
PICTURES = 6
REPEATS = 5
NAIVE_PIXELS = 400
PLAIN_PIXELS = 100_000
WHOLE = "whole picture: decode to thumbnail"
FIRST, NEXT, SEEN = "new palette, first picture", "next pictures", "colours seen before"
JOB = "mean of a job's six, new palette"


class Line(NamedTuple):
    """One row of the table: seconds of every run, the share of pixels that are right, and a remark."""

    name: str
    seconds: Sequence[float]
    right: float | None = None
    remark: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


class Ratio(NamedTuple):
    """What was measured of one target, which is an upper limit or a lower one."""

    name: str
    value: float
    limit: float
    is_upper: bool

    @property
    def is_met(self) -> bool:
        return self.value <= self.limit if self.is_upper else self.value >= self.limit


def timed(
    run: Callable[[], object], repeats: int = REPEATS, clock: Callable[[], float] = time.process_time
) -> list[float]:
    """Seconds of each of the runs."""
    seconds = []
    for _ in range(repeats):
        start = clock()
        run()
        seconds.append(clock() - start)
    return seconds


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


def clamp_from_cold(pictures: Sequence[ByteArray], palette: tuple[Colour, ...]) -> list[float]:
    """Seconds for each picture by a new clamp; the first includes making it."""
    clamps: list[Clamp] = []
    first = timed(lambda: clamps.append(Clamp(palette)), 1)[0]
    seconds = [timed(partial(clamps[0].indices, picture), 1)[0] for picture in pictures]
    return [first + seconds[0], *seconds[1:]]


def show(file: bytes, palette: tuple[Colour, ...], stencil: ByteArray) -> None:
    """From a provider's picture to what a client sees of it first; cleaning and vectors come after."""
    rgb = decode(file).rgb
    indices = clamp_for(palette).indices(rgb)
    measure(rgb, indices, palette, stencil)
    encode_indexed(indices, palette)
    encode_thumbnail(indices, palette)


def shown_from_cold(files: Sequence[bytes], palette: tuple[Colour, ...], stencil: ByteArray) -> float:
    """Mean seconds of the pictures of a job whose palette was never seen."""
    clamp_for.cache_clear()
    return statistics.mean(timed(partial(show, file, palette, stencil), 1)[0] for file in files)


def measure_all(size: tuple[int, int], palette: tuple[Colour, ...]) -> list[Line]:
    """Every step and every alternative for pictures of one size in one palette."""
    width, height = size
    stencil = regions(width, height, 14, min(len(palette), 10))
    pictures = [painted(stencil, palette, seed) for seed in range(PICTURES)]
    files = [png(picture) for picture in pictures]
    rgb, data = pictures[0], files[0]
    pixels = width * height

    runs = [clamp_from_cold(pictures, palette) for _ in range(REPEATS)]
    clamp = clamp_for(palette)
    indices = clamp.indices(rgb)
    every = slice(None, None, max(1, pixels // PLAIN_PIXELS))
    crop = rgb[every]
    expected = plain(crop, palette)

    def right(got: ByteArray) -> float:
        return float((got[every] == expected).mean())

    lines = [
        Line("decode PNG", timed(lambda: decode(data))),
        Line(f"clamp: {FIRST}", [run[0] for run in runs], right(indices)),
        Line(f"clamp: {NEXT}", [seconds for run in runs for seconds in run[1:]], right(indices)),
        Line(f"clamp: {JOB}", [statistics.mean(run) for run in runs], right(indices)),
        Line(f"clamp: {SEEN}", timed(lambda: clamp.indices(rgb)), right(indices)),
        Line("measure", timed(lambda: measure(rgb, indices, palette, stencil))),
        Line("encode indexed PNG", timed(lambda: encode_indexed(indices, palette))),
        Line("thumbnail", timed(lambda: encode_thumbnail(indices, palette))),
    ]

    whole = [shown_from_cold(files, palette, stencil) for _ in range(REPEATS)]
    lines.append(Line(WHOLE, whole, remark=JOB))

    scaled = f"on {expected.size} pixels, scaled"
    seconds = timed(lambda: plain(crop, palette), 3)
    lines.append(Line("instead: scikit-image, vectorised", [s * pixels / expected.size for s in seconds], 1.0, scaled))
    middle = rgb[height // 2, :NAIVE_PIXELS]
    nearest = np.array(naive(middle, palette))
    seconds = timed(lambda: naive(middle, palette), 3)
    lines.append(
        Line(
            "instead: Python, pixel by pixel",
            [s * pixels / len(middle) for s in seconds],
            float((nearest == plain(middle[np.newaxis], palette)[0]).mean()),
            f"on {len(middle)} pixels, scaled",
        )
    )
    image = Image.fromarray(rgb)
    lines.append(
        Line("instead: Pillow quantize", timed(lambda: by_pillow(image, palette)), right(by_pillow(image, palette)))
    )
    if command := imagemagick_command():
        lines.append(by_imagemagick(command, data, palette, right))
    return lines


def by_imagemagick(command: str, data: bytes, palette: Sequence[Colour], right: Callable[[ByteArray], float]) -> Line:
    """The line of ImageMagick's remap, whose time includes decoding and encoding."""
    with tempfile.TemporaryDirectory() as name:
        source, swatch, target = (Path(name) / file for file in ("in.png", "palette.png", "out.png"))
        source.write_bytes(data)
        Image.fromarray(palette_rgb(palette)[np.newaxis]).save(swatch)
        remap = [command, str(source), "+dither", "-remap", str(swatch), str(target)]
        seconds = timed(lambda: subprocess.run(remap, check=True, timeout=300), 3, time.perf_counter)
        with Image.open(target) as image:
            painted_rgb = np.asarray(image.convert("RGB")).astype(int)
    nearest = np.full(painted_rgb.shape[:2], 255, np.uint8)
    for index, colour in enumerate(palette_rgb(palette)):
        nearest[(painted_rgb == colour).all(axis=2)] = index
    return Line("instead: ImageMagick -remap", seconds, right(nearest), "decode and encode included")


def png(rgb: ByteArray) -> bytes:
    """A PNG as a provider sends it."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue()


def print_table(title: str, lines: list[Line]) -> None:
    print(f"\n{title}\n{'':46}{'median ms':>11}{'min - max':>20}{'right':>10}")
    for line in lines:
        spread = f"{min(line.seconds) * 1e3:.1f} - {max(line.seconds) * 1e3:.1f}"
        share = "" if line.right is None else f"{line.right:.3%}"
        print(f"{line.name:46}{line.median * 1e3:11.1f}{spread:>20}{share:>10}  {line.remark}")


def ratios(lines: list[Line]) -> list[Ratio]:
    """The ratios the picture work is held to."""
    median = {line.name.removeprefix("instead: "): line.median for line in lines}
    decoding = median["decode PNG"]
    files = decoding + median["encode indexed PNG"] + median["thumbnail"]
    found = [Ratio("whole picture / decode + encode", median[WHOLE] / files, 2.0, True)]
    for case in (FIRST, NEXT, JOB, SEEN):
        clamping = median[f"clamp: {case}"]
        found += [
            Ratio(f"clamp / decode ({case})", clamping / decoding, 0.5, True),
            Ratio(f"vectorised / clamp ({case})", median["scikit-image, vectorised"] / clamping, 20.0, False),
            Ratio(f"pixel by pixel / clamp ({case})", median["Python, pixel by pixel"] / clamping, 100.0, False),
        ]
    return found


def print_ratios(found: list[Ratio]) -> None:
    for ratio in found:
        target = f"{'at most' if ratio.is_upper else 'at least'} {ratio.limit:g}"
        print(f"  {ratio.name:60}{ratio.value:10.2f}   target {target:12} {'met' if ratio.is_met else 'MISSED'}")


def print_summary(found: list[list[Ratio]]) -> None:
    """The worst of each ratio over all sizes and palettes."""
    print("\nThe worst of each ratio over all sizes and palettes:")
    print_ratios(
        [(max if same[0].is_upper else min)(same, key=lambda ratio: ratio.value) for same in zip(*found, strict=True)]
    )


async def six_at_once(palette: tuple[Colour, ...]) -> tuple[list[float], list[float]]:
    """Seconds for the six pictures of a job, by a thread for each core and by a child process for each, in turns."""
    size, ground = SIZES["0.9 Mpx"], Surface(width_m=6, height_m=4)
    stencil, codes = regions(*size, 14, len(palette)), [colour.code for colour in palette]
    files = [png(painted(stencil, palette, seed)) for seed in range(PICTURES)]
    drawn, cores = encode_indexed(stencil, palette), usable_cores()
    by_threads, by_processes = [], []
    async with open_process_pool(cores, Limits(2**30, 60), "studio_postprocess.preload") as children:
        with ThreadPoolExecutor(cores) as threads:
            for _ in range(1 + REPEATS):  # the first round makes both know the palette
                start = time.perf_counter()
                list(threads.map(lambda file: make_concept(file, palette, size, stencil, "full", ground), files))
                middle = time.perf_counter()
                arguments = (drawn, codes, size, "full", ground)
                await asyncio.gather(*(children.run(work_on_picture, file, *arguments) for file in files))
                by_threads.append(middle - start)
                by_processes.append(time.perf_counter() - middle)
    return by_threads[1:], by_processes[1:]


def main() -> None:
    cv2.setNumThreads(1)
    if imagemagick_command() is None:
        print("ImageMagick is not installed: left out")
    found = []
    for size_name, size in SIZES.items():
        for count, palette in PALETTES.items():
            lines = measure_all(size, palette)
            found.append(ratios(lines))
            print_table(f"{size_name} ({size[0]}x{size[1]}), {count} colours", lines)
            print_ratios(found[-1])
    print_summary(found)
    threads, processes = (statistics.median(seconds) for seconds in asyncio.run(six_at_once(PALETTES["6"])))
    print(
        f"\nsix whole concepts of 1152x768, installable version and vectors included: {threads:.2f} s by a thread for "
        f"each core, {processes:.2f} s by a process, {threads / processes:.2f} times as fast; target under 1 s"
    )


if __name__ == "__main__":
    main()
