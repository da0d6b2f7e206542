"""Rules and dashboards speak of metrics that exist, and every alert leads to a page that ends in commands."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from prometheus_client import Counter, Gauge, Histogram

from studio_chassis.observability import metrics
from studio_cli.app import main
from studio_support import tools
from studio_support.telemetry_files import DASHBOARDS, RECORDED, ROOT, RULES, TELEMETRY, shown

RUNBOOKS = ROOT / "docs" / "runbooks"
CASES = sorted(Path(__file__).parent.glob("*.test.yaml"))
RECORDED_SERIES = ROOT / "tests" / "contract" / "telemetry" / "recorded"
PAGES = sorted(set(RUNBOOKS.glob("*.md")) - {RUNBOOKS / "README.md"})
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
FOREIGN = {
    "up",
    # of the Python client library
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    # of RabbitMQ's own plug-in, /metrics and /metrics/detailed (rabbitmq.com/docs/prometheus)
    "rabbitmq_alarms_free_disk_space_watermark",
    "rabbitmq_alarms_memory_used_watermark",
    "rabbitmq_detailed_queue_consumers",
    "rabbitmq_detailed_queue_messages_ready",
    "rabbitmq_detailed_queue_messages_unacked",
    "rabbitmq_disk_space_available_bytes",
    "rabbitmq_disk_space_available_limit_bytes",
    "rabbitmq_process_resident_memory_bytes",
}


def described() -> Iterator[tuple[str, set[str]]]:
    """Every series our services expose, with its labels."""
    for collector in vars(metrics).values():
        if isinstance(collector, Counter | Gauge | Histogram):
            (family,) = collector.describe()
            for suffix in SUFFIXES[family.type]:
                yield family.name + suffix, set(collector._labelnames)


OURS = dict(described())


def promtool() -> str:
    return tools.program("promtool", tools.PROMETHEUS, tools.GET_PROMETHEUS)


def outcome(cases: Path) -> subprocess.CompletedProcess[str]:
    """`promtool test rules`, which collects its garbage less often: that was a quarter of its processor time."""
    command = [promtool(), "test", "rules", str(cases)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"GOGC": "800"})


def expressions() -> Iterator[tuple[str, str]]:
    yield from ((rule["alert"], rule["expr"]) for rule in RULES)
    yield from RECORDED.items()
    yield from shown()


def selectors(expression: str) -> Iterator[tuple[str, str]]:
    """Each metric of a PromQL expression with what is between its braces."""
    for match in re.finditer(r"\b(up|studio:[\w:]+|(?:studio|rabbitmq|process)_\w+)\s*(?:\{([^}]*)\})?", expression):
        yield match[1], match[2] or ""


@pytest.mark.parametrize(("place", "expression"), list(expressions()))
def test_every_metric_named_exists_with_the_labels_it_is_asked_for(place: str, expression: str) -> None:
    named = list(selectors(expression))
    assert named, place
    for metric, braces in named:
        assert metric in OURS or metric in FOREIGN or metric in RECORDED, f"{place}: {metric}"
        if metric in OURS:
            asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", braces))
            assert asked <= OURS[metric] | {"service", "instance", "job", "le"}, f"{place}: {metric}"


def test_every_metric_of_ours_is_shown_on_a_dashboard() -> None:
    shown = {metric for place, expression in expressions() if ": " in place for metric, _ in selectors(expression)}
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in OURS}
    assert families <= {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_leads_to_a_runbook_that_names_it_and_holds_commands(rule: dict[str, Any]) -> None:
    page = ROOT / rule["annotations"]["runbook"]
    text = page.read_text()
    assert page.parent == RUNBOOKS
    assert rule["alert"] in text
    assert "```" in text
    assert rule["labels"]["severity"] in ("page", "ticket")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_says_what_clients_feel_and_its_page_how_it_ends(rule: dict[str, Any]) -> None:
    impact = rule["annotations"]["impact"]
    assert impact.endswith(".")
    assert "{{" not in impact
    assert rule["alert"] in section(ROOT / rule["annotations"]["runbook"], "Done when")


@pytest.mark.parametrize("page", [*PAGES, RUNBOOKS / "README.md"], ids=lambda page: page.stem)
def test_every_runbook_says_when_what_how_and_when_it_is_over(page: Path) -> None:
    text = page.read_text()
    if page.stem == "README":
        others = {other.name for other in RUNBOOKS.glob("*.md")} - {page.name}
        assert others <= set(re.findall(r"\(([\w-]+\.md)\)", text))
        return
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    wanted = ["When you are here", "What it means", "Look", "Act", "Done when", "Carried out"]
    assert [heading for heading in headings if heading in wanted] == wanted
    assert set(re.findall(r"\bStudio[A-Z]\w+", text)) <= {rule["alert"] for rule in RULES}


def section(page: Path, heading: str) -> str:
    """What stands below a heading, up to the next."""
    return page.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def commands(text: str) -> list[str]:
    """The lines of its fenced blocks that are no comments."""
    blocks = re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_runbook_ends_in_commands_that_were_carried_out_on_a_day(page: Path) -> None:
    assert commands(section(page, "Look"))
    assert commands(section(page, "Act"))
    carried_out = section(page, "Carried out")
    assert re.match(r"\nOn \d{4}-\d{2}-\d{2}, on the local stack", carried_out)
    assert [line for line in commands(carried_out) if re.match(r"(\[\w+\] )?\$ ", line)]
    assert "Not carried out: " in carried_out.replace("\n", " ")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_the_list_of_runbooks_leads_from_every_alert_to_its_page(rule: dict[str, Any]) -> None:
    rows = [line for line in (RUNBOOKS / "README.md").read_text().splitlines() if line.startswith("|")]
    page = Path(rule["annotations"]["runbook"]).name
    assert [row for row in rows if rule["alert"] in row and f"({page})" in row]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_runbooks_name_settings_metrics_and_commands_that_exist(page: Path) -> None:
    text = page.read_text()
    settings = (ROOT / "docs" / "settings.md").read_text()
    for setting in set(re.findall(r"\b(?:STUDIO|REPLICATE|PUBLIC)_[A-Z_]+\b", text)):
        assert f"`{setting}`" in settings, setting
    for metric in set(re.findall(r"(?<!/)\bstudio_[a-z_]+[a-z]", text)):
        assert any(name.startswith(metric) for name in OURS), metric
    for words in re.findall(r"^(?:\$ )?studio (.+)$", text, re.MULTILINE):
        assert_exists(re.split(r"[|>#]", words)[0].split())


def assert_exists(words: list[str]) -> None:
    """The words name a command of `studio`, with options that it has."""
    command: Any = typer.main.get_command(main)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= options, words


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_dashboards_have_ids_of_their_own_and_panels_that_do_not_overlap(file: Path) -> None:
    dashboard = json.loads(file.read_text())
    assert [json.loads(other.read_text())["uid"] for other in DASHBOARDS].count(dashboard["uid"]) == 1
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("check", [["config", "prometheus.yaml"], ["rules", "rules.yaml"]], ids=lambda check: check[0])
def test_promtool_takes_the_configuration(check: list[str]) -> None:
    kind, file = check
    done = subprocess.run([promtool(), "check", kind, TELEMETRY / file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("cases", CASES, ids=lambda file: file.name)
def test_each_alert_fires_on_what_it_is_for_and_on_nothing_else(cases: Path) -> None:
    done = outcome(cases)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_alert_is_left_out() -> None:
    tested = "".join(cases.read_text() for cases in CASES)
    assert [rule["alert"] for rule in RULES if rule["alert"] not in tested] == []


@pytest.mark.parametrize("recorded", sorted(RECORDED_SERIES.glob("*.yaml")), ids=lambda file: file.stem)
def test_an_alert_rings_on_what_was_scraped_in_a_drill(recorded: Path) -> None:
    done = outcome(recorded)
    assert done.returncode == 0, done.stdout + done.stderr
