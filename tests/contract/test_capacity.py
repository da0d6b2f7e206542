"""The table of docs/capacity.md follows from what one job was measured to cost."""

import runpy
from pathlib import Path
from typing import Any

PAGE: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "capacity.py"))
ONE = {
    "cpu": {"gateway": 0.07, "stencil": 0.01, "predictor": 0.01, "postprocess": 1.4},
    "messages": 10, "writes": 20, "reads": 5, "document_bytes": 15_000, "index_bytes": 5_000,
    "objects": 40, "object_bytes": 5_000_000, "cents": 18,
}  # fmt: skip


def test_a_million_jobs_a_day_need_what_one_costs_at_three_times_the_average() -> None:
    rows = dict(row.removeprefix("| ").split(" | ", 1) for row in list(PAGE["_table"](ONE))[2:])
    a_million = {name: cells.removesuffix(" |").split(" | ")[1] for name, cells in rows.items()}
    assert a_million["jobs/s, average / peak"] == "12 / 35"
    assert a_million["postprocess replicas"] == "70", "34.7 jobs/s of 1.4 s on CPUs that are used to 70 %"
    assert a_million["gateway / stencil / predictor replicas"] == "4 / 2 / 2", "two of each at least"
    assert a_million["document writes/s at peak"] == "690"
    assert a_million["documents and indexes in 30 days"] == "600 GB"
    assert a_million["provider, a day"] == "$180,000"
