"""Keeps the series on which an alert rang in a drill as a test of the rules, for `promtool test rules`."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import yaml

from studio_drill.drill import Report
from studio_drill.watch import Watch
from studio_support.prometheus import Prometheus
from studio_support.telemetry_files import RECORDED, ROOT, RULES, TELEMETRY

FOLDER = ROOT / "tests" / "contract" / "telemetry" / "recorded"
STEP_SECONDS = 15
BEFORE_STEPS = 8
METRIC = re.compile(r"\b(?:(?:studio|rabbitmq|process)_\w+|up\b|studio:[\w:]+)")


def record(report: Report, watch: Watch) -> list[str]:
    """Write a file with each alert of the fault that rang, what it rang on, and when. Names of these alerts."""
    if watch.series is None:
        return []
    start = report.on.timestamp() // STEP_SECONDS * STEP_SECONDS - BEFORE_STEPS * STEP_SECONDS
    end = datetime.now(UTC).timestamp()
    tests = [
        test for rule in RULES if rule["alert"] in report.fault.alerts for test in _test(rule, watch.series, start, end)
    ]
    if tests:
        FOLDER.mkdir(exist_ok=True)
        order = [group["name"] for group in yaml.safe_load((TELEMETRY / "rules.yaml").read_text())["groups"]]
        document = {
            "rule_files": ["../../../../deploy/telemetry/rules.yaml"],
            "evaluation_interval": f"{STEP_SECONDS}s",
            "group_eval_order": order,
            "tests": tests,
        }
        by = f"tests/chaos/drill.py --record {report.fault.name}"
        comment = f"# Scraped on {report.on:%Y-%m-%d} by `{by}`: {report.fault.says}.\n"
        text = comment + yaml.safe_dump(document, sort_keys=False, width=120)
        (FOLDER / f"{report.fault.name}.yaml").write_text(text)
    return [test["name"] for test in tests]


def _test(rule: dict[str, Any], server: Prometheus, start: float, end: float) -> Iterator[dict[str, Any]]:
    name = rule["alert"]
    rang = server.query_range(f'count(ALERTS{{alertname="{name}", alertstate="firing"}})', start, end, STEP_SECONDS)
    if not rang:
        return
    steps = [round((float(at) - start) / STEP_SECONDS) for at, _ in rang[0]["values"]]
    looked_at = {min(steps) - 8: False, min(steps) + 1: True}  # two minutes before, and at the next evaluation
    yield {
        "name": name,
        "interval": f"{STEP_SECONDS}s",
        "input_series": [
            {"series": _selector(series["metric"]), "values": _notation(series["values"], start)}
            for metric in _metrics(rule["expr"])
            for series in server.query_range(metric, start, end, STEP_SECONDS)
        ],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{name}", alertstate="firing"}}) > bool 0',
                "eval_time": f"{step * STEP_SECONDS}s",
                "exp_samples": [{"labels": "{}", "value": 1}] if rings else [],
            }
            for step, rings in looked_at.items()
            if step >= 0
        ],
    }


def _metrics(expression: str) -> list[str]:
    """What is scraped of what an expression names, also by rules that record."""
    named = set(METRIC.findall(expression))
    scraped = {name for name in named if name not in RECORDED}
    return sorted(scraped.union(*(_metrics(RECORDED[name]) for name in named - scraped)))


def _selector(labels: dict[str, str]) -> str:
    rest = ", ".join(f'{key}="{value}"' for key, value in sorted(labels.items()) if key != "__name__")
    return f"{labels['__name__']}{{{rest}}}"


def _notation(samples: list[list[Any]], start: float) -> str:
    """Values in the notation of promtool: `_` where nothing was scraped, `3x4` for five times 3."""
    by_step = {round((float(at) - start) / STEP_SECONDS): f"{float(value):.10g}" for at, value in samples}
    values = [by_step.get(step, "_") for step in range(max(by_step) + 1)]
    runs = [(value, len(list(run))) for value, run in groupby(values)]
    # of a gap all are counted, of a value the ones after the first
    return " ".join(value if many == 1 else f"{value}x{many if value == '_' else many - 1}" for value, many in runs)
