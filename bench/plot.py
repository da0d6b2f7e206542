"""Lines of points and bars as SVGs, for documents: no library is worth it for this."""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 420, 220, 60, 40, 34
BAR, GAP, NAMES_WIDTH, VALUE_WIDTH = 24, 10, 90, 60


class Bar(NamedTuple):
    """A median, and the least and the most of what it is the median of."""

    name: str
    median: float
    least: float
    most: float


def plot(title: str, along: str, points: Sequence[tuple[int, float]]) -> str:
    """The values over what grows, evenly spaced and each with its number; the vertical axis begins at nought."""
    most = max((value for _, value in points), default=0.0) or 1.0
    step = (WIDTH - LEFT - 40) / max(1, len(points) - 1)
    places = [
        (LEFT + 10 + step * place, HEIGHT - BOTTOM - value / most * (HEIGHT - BOTTOM - TOP - 16))
        for place, (_, value) in enumerate(points)
    ]
    line = " ".join(f"{x:.0f},{y:.0f}" for x, y in places)
    labels = [
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3"/>'
        f'<text x="{x:.0f}" y="{y - 8:.0f}">{value:.3g}</text>'
        f'<text x="{x:.0f}" y="{HEIGHT - BOTTOM + 16}">{number:,}</text>'
        for (x, y), (number, value) in zip(places, points, strict=True)
    ]
    axes = f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - 10}" fill="none" stroke="#888"/>'
    polyline = f'<polyline points="{line}" fill="none" stroke="#0a6" stroke-width="2"/>'
    return _svg(title, HEIGHT, [axes, polyline, *labels, f'<text x="{WIDTH // 2}" y="{HEIGHT - 6}">{along}</text>'])


def bars(title: str, values: Sequence[Bar]) -> str:
    """A bar for each median, with a line from the least to the most."""
    most = max((bar.most for bar in values), default=0.0) or 1.0
    scale = (WIDTH - NAMES_WIDTH - VALUE_WIDTH) / most
    drawn = []
    for place, bar in enumerate(values):
        top = TOP + place * (BAR + GAP)
        middle = top + BAR / 2
        least, median, end = (NAMES_WIDTH + value * scale for value in (bar.least, bar.median, bar.most))
        drawn += [
            f'<text x="{NAMES_WIDTH - 8}" y="{middle + 4:.0f}" text-anchor="end">{bar.name}</text>',
            f'<rect x="{NAMES_WIDTH}" y="{top}" width="{median - NAMES_WIDTH:.0f}" height="{BAR}" '
            f'fill="{"#aaa" if place else "#0a6"}"/>',
            f'<path d="M{least:.0f} {middle:.0f}H{end:.0f}" stroke="#222"/>',
            f'<text x="{end + 8:.0f}" y="{middle + 4:.0f}" text-anchor="start">{bar.median:.3g}</text>',
        ]
    return _svg(title, TOP + len(values) * (BAR + GAP), drawn)


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}"',
            ' font-family="sans-serif" font-size="11" text-anchor="middle">',
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
            f'<text x="{WIDTH // 2}" y="16" font-size="13">{title}</text>',
            *parts,
            "</svg>\n",
        ]
    )
