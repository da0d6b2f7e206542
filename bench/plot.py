"""A line of points as an SVG, for documents: no library is worth it for this."""

from collections.abc import Sequence

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 420, 220, 60, 40, 34


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
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}"',
            ' font-family="sans-serif" font-size="11" text-anchor="middle">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            f'<text x="{WIDTH // 2}" y="16" font-size="13">{title}</text>',
            axes,
            f'<polyline points="{line}" fill="none" stroke="#0a6" stroke-width="2"/>',
            *labels,
            f'<text x="{WIDTH // 2}" y="{HEIGHT - 6}">{along}</text>',
            "</svg>\n",
        ]
    )
