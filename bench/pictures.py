"""What the picture work costs, step by step, beside what a person would use instead, measured in the same run.

Prints a table of medians and spreads per size and palette, the share of pixels that get the right colour, the ratios
the picture work is held to, and in the end which of these targets are met everywhere; ends with status 1 if one is
not. Slow methods run on a crop and are scaled up by pixels, as the table notes. Times are the processor's, which other
programs disturb less than the clock's; of other programs and of threads they are the clock's.
"""

import asyncio
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from studio_chassis.runtime.memory import reuse_what_is_freed
from studio_chassis.runtime.process_pool import Limits, open_process_pool, usable_cores
from studio_colour.difference import ByteArray, palette_rgb
from studio_contracts.brief import Surface
from studio_contracts.palette import BY_CODE, PALETTE, Colour
from studio_pictures.decode import decode
from studio_postprocess.clamp.clamp import Clamp, clamp_for
from studio_postprocess.concept import make_concept
from studio_postprocess.io.encode import encode_indexed, encode_thumbnail
from studio_postprocess.picture_work import work_on_picture
from studio_postprocess.scoring.measure import measure

from alternatives import by_pillow, imagemagick_command, naive, plain
from measuring import exit_if_missed
from picture_report import FIRST, JOB, NEXT, SEEN, WHOLE, Line, print_ratios, print_summary, print_table, ratios

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from studio_support.synthetic_pictures import painted, regions

SIZES = {"0.9 Mpx": (1152, 768), "1.0 Mpx": (1024, 1024), "4.0 Mpx": (2304, 1728)}
PALETTES = {
    "6": tuple(BY_CODE[code] for code in ("RH20", "RH23", "RH22", "RH26", "RH31", "RH70")),
    "21": PALETTE,
}
PICTURES = 6
CONCEPT_MS = 100
REPEATS = 5
NAIVE_PIXELS = 400
PLAIN_PIXELS = 100_000


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


def whole_concepts(palette: tuple[Colour, ...]) -> list[float]:
    """CPU seconds of each whole concept, of the six pictures of a job over and over, by a palette that is known."""
    size, ground = SIZES["0.9 Mpx"], Surface(width_m=6, height_m=4)
    stencil = regions(*size, 14, len(palette))
    files = [png(painted(stencil, palette, seed)) for seed in range(PICTURES)]
    runs = [partial(make_concept, file, palette, size, stencil, "full", ground) for file in files]
    for run in runs:
        run()
    return [seconds for _ in range(REPEATS) for run in runs for seconds in timed(run, 1)]


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
    reuse_what_is_freed()  # as the child processes that work on pictures
    if imagemagick_command() is None:
        print("ImageMagick is not installed: left out")
    found = []
    for size_name, size in SIZES.items():
        for count, palette in PALETTES.items():
            lines = measure_all(size, palette)
            found.append(ratios(lines))
            print_table(f"{size_name} ({size[0]}x{size[1]}), {count} colours", lines)
            print_ratios(found[-1])
    missed = print_summary(found)
    concept = statistics.median(whole_concepts(PALETTES["6"]))
    print(f"\na whole concept of 1152x768, six colours: {concept * 1000:.0f} ms of CPU; target {CONCEPT_MS}")
    if concept * 1000 > CONCEPT_MS:
        missed.append(f"a whole concept in {CONCEPT_MS} ms of CPU")
    threads, processes = (statistics.median(seconds) for seconds in asyncio.run(six_at_once(PALETTES["6"])))
    print(
        f"\nsix whole concepts of 1152x768, installable version and vectors included: {threads:.2f} s by a thread for "
        f"each core, {processes:.2f} s by a process, {threads / processes:.2f} times as fast; target under 1 s"
    )
    exit_if_missed([*missed, *(["six whole concepts in under 1 s"] if processes >= 1 else [])])


if __name__ == "__main__":
    main()
