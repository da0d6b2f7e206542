"""What deploy/telemetry holds."""

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
TELEMETRY = ROOT / "deploy" / "telemetry"
_RULES = [rule for group in yaml.safe_load((TELEMETRY / "rules.yaml").read_text())["groups"] for rule in group["rules"]]
RULES = [rule for rule in _RULES if "alert" in rule]
RECORDED = {rule["record"]: rule["expr"] for rule in _RULES if "record" in rule}
DASHBOARDS = sorted((TELEMETRY / "dashboards").glob("*.json"))


def shown() -> Iterator[tuple[str, str]]:
    """Every query of every panel, with where it is."""
    for file in DASHBOARDS:
        for panel in json.loads(file.read_text())["panels"]:
            yield from ((f"{file.stem}: {panel['title']}", target["expr"]) for target in panel["targets"])
