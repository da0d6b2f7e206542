"""The table of faults: each leads to a page that exists and names it, and each page's commands are run somewhere."""

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from studio_drill.commands import NOT_WALKED, RUNBOOKS, commands, not_walked
from studio_drill.drill import Report
from studio_drill.faults import Fault
from studio_drill.kubectl import LocalCluster, RefusedError
from studio_drill.record import with_block
from studio_drill.table import FAULTS, NOT_STAGED
from studio_drill.watch import Finding
from studio_support.telemetry_files import ROOT, RULES

PAGES = {rule["alert"]: Path(rule["annotations"]["runbook"]).stem for rule in RULES}
by_name = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)


def lines_of(page: str) -> set[str]:
    return {command.line for command in commands() if command.page == page}


def steps(fault: Fault) -> list[str]:
    return [step for step in fault.remedy if isinstance(step, str)]


def test_there_are_twenty_and_each_has_a_name_of_its_own() -> None:
    assert len(FAULTS) >= 20
    assert max(Counter(fault.name for fault in FAULTS).values()) == 1


@by_name
def test_an_alert_or_a_check_names_the_fault_and_leads_to_its_page(fault: Fault) -> None:
    assert fault.alerts or fault.doctor
    re.compile(fault.doctor)
    assert set(fault.alerts) <= set(PAGES)
    if not fault.doctor:  # an alert alone leads to the page
        assert {PAGES[alert] for alert in fault.alerts} == {fault.runbook}


@by_name
def test_what_mends_the_fault_stands_on_its_page(fault: Fault) -> None:
    assert fault.remedy
    assert set(steps(fault)) <= lines_of(fault.runbook)


def test_each_drill_that_a_page_shows_is_of_the_table_and_lost_nothing() -> None:
    pages = {fault.name: fault.runbook for fault in FAULTS}
    shown = 0
    for page in RUNBOOKS.glob("*.md"):
        for name, block in re.findall(r"<!-- drill (\S+) -->\n(.*?)<!-- end of \1 -->", page.read_text(), re.DOTALL):
            assert pages[name] == page.stem
            assert ", 0 lost" in block
            shown += 1
    assert shown >= 20


def test_each_page_is_drilled_or_said_not_to_be() -> None:
    pages = {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"}
    drilled = {fault.runbook for fault in FAULTS}
    assert drilled | set(NOT_STAGED) == pages
    assert not drilled & set(NOT_STAGED)
    for why in NOT_STAGED.values():
        assert all((ROOT / file).exists() for file in re.findall(r"tests/[\w/.]+\.py", why))


def test_each_command_of_a_page_is_walked_or_a_step_of_a_drill_or_said_not_to_be() -> None:
    assert len(commands()) > 100
    drills = {fault.name: set(steps(fault)) for fault in FAULTS}
    for pattern, why in NOT_WALKED.items():
        meant = [command for command in commands() if not_walked(command) == why and re.search(pattern, command.line)]
        assert meant, f"{pattern} means no command"
        for name in re.findall(r"drill (\S+)", why):
            assert any(re.search(pattern, step) for step in drills[name]) or "StepDown" in pattern, pattern
        for file in re.findall(r"tests/[\w/.]+", why):
            assert (ROOT / file).exists(), file


def report(fault: Fault) -> Report:
    named = Finding("broker", "away", "")
    lines = ["12:00:00 gone"]
    return Report(fault, datetime(2026, 1, 2, tzinfo=UTC), lines, named, 3.0, resolved_after=4.0, jobs="3 jobs, 0 lost")


def test_a_drill_replaces_what_the_last_one_wrote() -> None:
    fault = FAULTS[0]
    page = "# A\n\n## Carried out\n\nOn a day.\n\nNot carried out: much.\n"
    once = with_block(page, report(fault))
    assert once.index("Named after 3 s, resolved 4 s later") < once.index("Not carried out")
    assert with_block(once, report(fault)) == once
    assert with_block(with_block(page, report(FAULTS[1])), report(fault)).count("<!-- drill ") == 2


def test_a_drill_is_written_down_at_the_end_of_a_page_that_leaves_nothing_out() -> None:
    page = "# A page\n\n## Carried out\n\nBy hand.\n"
    once = with_block(page, report(FAULTS[0]))
    assert once.startswith(f"{page}\n<!-- drill ")
    assert with_block(once, report(FAULTS[0])) == once


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_each_page_begins_with_its_title_and_drills_stand_where_they_were_carried_out(page: Path) -> None:
    text = page.read_text()
    assert text.startswith("# ")
    assert "<!-- drill " not in text.partition("\n## Carried out\n")[0]


def test_a_command_without_an_equal_is_refused_and_not_ignored() -> None:
    with pytest.raises(RefusedError, match="drain"):
        LocalCluster(None, lambda: "", lambda _: None).run(["-n", "studio", "drain", "NODE"])  # type: ignore[arg-type]
