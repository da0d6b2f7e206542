"""What commands print: tables for people, a line a row with tabs where the output is a pipe or a file."""

from collections.abc import Iterable, Sequence

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

console = Console(soft_wrap=True, markup=False, highlight=False)
"""Breaks no line, as a pipe has no width, and takes no text of a client for markup."""


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> None:
    """Print rows. In a pipe nothing is cut off, and the title goes to stderr."""
    if not console.is_terminal:
        if title:
            typer.echo(title, err=True)
        for row in rows:
            typer.echo("\t".join(" ".join(cell.split()) for cell in row))
        return
    table = Table(title=title or None)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table, soft_wrap=False)


def counted(count: int, noun: str) -> str:
    """`1 job`, `2 jobs`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
