"""The tables of the picture benchmark, and the targets that it compares with."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

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


def print_summary(found: list[list[Ratio]]) -> list[str]:
    """Print the worst of each ratio over all sizes and palettes; the names of those that miss their target."""
    print("\nThe worst of each ratio over all sizes and palettes:")
    worst = [
        (max if same[0].is_upper else min)(same, key=lambda ratio: ratio.value) for same in zip(*found, strict=True)
    ]
    print_ratios(worst)
    return [ratio.name for ratio in worst if not ratio.is_met]
