"""The table of docs/capacity.md that is calculated: what a number of jobs a day needs, calculated from one job."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
FIGURES = HERE / "capacity.json"
"""Of one job, as `make bench-scaling` measures it: CPU seconds by process, counts, bytes, US cents."""
PAGE = HERE / "capacity.md"
BEGIN, END = "<!-- calculated by docs/capacity.py from docs/capacity.json -->", "<!-- end of the calculated table -->"
DAYS = {"10 thousand a day": 10**4, "1 million a day": 10**6, "100 million a day": 10**8}
PEAK, USED, KEPT_DAYS, PROVIDER_SECONDS, PREDICTIONS, CPU_HOUR = 3, 0.7, 30, 20, 2, 0.04
"""The assumptions that the page states; money in US dollars."""
_UNITS = ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"))


class Load(NamedTuple):
    """Jobs a day, and what one costs."""

    jobs: int
    one: dict[str, Any]

    @property
    def peak(self) -> float:
        """Jobs a second."""
        return PEAK * self.jobs / 86_400

    def replicas(self, service: str) -> int:
        """Of one CPU each."""
        return max(2, math.ceil(self.peak * self.one["cpu"][service] / USED))

    def peak_of(self, name: str) -> str:
        """That many a second."""
        return _number(self.peak * self.one[name])


_ROWS: tuple[tuple[str, Callable[[Load], str]], ...] = (
    ("jobs/s, average / peak", lambda load: f"{_number(load.peak / PEAK)} / {_number(load.peak)}"),
    ("CPU seconds a second at peak, all processes", lambda load: _number(load.peak * sum(load.one["cpu"].values()))),
    ("postprocess replicas", lambda load: f"{load.replicas('postprocess'):,}"),
    (
        "gateway / stencil / predictor replicas",
        lambda load: " / ".join(f"{load.replicas(name):,}" for name in ("gateway", "stencil", "predictor")),
    ),
    ("messages/s at peak", lambda load: load.peak_of("messages")),
    ("document writes/s at peak", lambda load: load.peak_of("writes")),
    ("document reads/s at peak", lambda load: load.peak_of("reads")),
    ("predictions at the provider at peak", lambda load: _number(load.peak * PREDICTIONS * PROVIDER_SECONDS)),
    ("predictions bought a minute at peak", lambda load: _number(load.peak * PREDICTIONS * 60)),
    (
        f"new pictures a day / in {KEPT_DAYS} days",
        lambda load: f"{_bytes(load, 'object_bytes', 1)} / {_bytes(load, 'object_bytes', KEPT_DAYS)}",
    ),
    (
        f"documents and indexes in {KEPT_DAYS} days",
        lambda load: _bytes(load, "document_bytes", KEPT_DAYS, "index_bytes"),
    ),
    ("provider, a day", lambda load: f"${_number(load.jobs * load.one['cents'] / 100)}"),
    (
        f"CPUs at ${CPU_HOUR} an hour, a day, average load",
        lambda load: f"${_number(load.jobs * sum(load.one['cpu'].values()) / USED / 3600 * CPU_HOUR)}",
    ),
)


def page() -> str:
    """The page as it stands, with the table calculated anew."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    table = "\n".join(_table(json.loads(FIGURES.read_text())))
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def _table(one: dict[str, Any]) -> Iterator[str]:
    yield f"| | {' | '.join(DAYS)} |"
    yield f"|---|{'---|' * len(DAYS)}"
    for name, cell in _ROWS:
        yield f"| {name} | {' | '.join(cell(Load(jobs, one)) for jobs in DAYS.values())} |"


def _number(value: float) -> str:
    """Two digits where it is small, thousands apart where it is large."""
    if value >= 100:
        digits = 1 - math.floor(math.log10(value))
        return f"{round(value, digits):,.0f}"
    return f"{value:.2g}"


def _bytes(load: Load, name: str, days: int, *others: str) -> str:
    total = load.jobs * days * sum(load.one[each] for each in (name, *others))
    size, unit = next(((size, unit) for size, unit in _UNITS if total >= size), _UNITS[-1])
    return f"{_number(total / size)} {unit}"
