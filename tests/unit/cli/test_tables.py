"""Tables: for people in a terminal, lines with tabs in a pipe, and never a client's words as markup."""

import io

import pytest
from rich.console import Console

from studio_cli import tables

LONG = ("a brief that goes on and on " * 20).strip()
ROWS = [("1", LONG), ("2", "[red]not[/red] [/] markup\nbut text")]


def test_in_a_pipe_a_row_is_a_line_and_nothing_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    tables.print_table(("id", "brief"), ROWS, "Briefs: 2")
    printed = capsys.readouterr()
    assert printed.err == "Briefs: 2\n"
    assert [line.split("\t") for line in printed.out.splitlines()] == [
        ["1", LONG],
        ["2", "[red]not[/red] [/] markup but text"],
    ]


def test_in_a_terminal_it_is_a_table_that_holds_every_word(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(tables, "console", Console(file=shown, force_terminal=True, width=60, markup=False))
    tables.print_table(("id", "brief"), ROWS, "Briefs: 2")
    assert "[red]not[/red] [/] markup" in shown.getvalue()
    assert shown.getvalue().count("goes") == 20
    assert "…" not in shown.getvalue()


@pytest.mark.parametrize(("count", "text"), [(0, "0 jobs"), (1, "1 job"), (2, "2 jobs")])
def test_what_is_counted_has_its_plural(count: int, text: str) -> None:
    assert tables.counted(count, "job") == text
