"""Writes what a drill did into the "Carried out" section of its runbook, in place of what the last one did."""

import re

from studio_drill.commands import RUNBOOKS
from studio_drill.drill import Report


def write_down(report: Report) -> None:
    """Put the drill's block into the page."""
    page = RUNBOOKS / f"{report.fault.runbook}.md"
    page.write_text(with_block(page.read_text(), report))


def with_block(text: str, report: Report) -> str:
    """The page with this fault's block replaced, or added before what was not carried out, or at the end."""
    name = report.fault.name
    block = (
        f"<!-- drill {name} -->\n"
        f"`make drill FAULT={name}` on {report.on:%Y-%m-%d}: {_summary(report)}\n\n"
        "```\n" + "\n".join(line.replace("```", "'''") for line in report.lines) + "\n```\n"
        f"<!-- end of {name} -->\n"
    )
    old = re.compile(rf"<!-- drill {re.escape(name)} -->\n.*?<!-- end of {re.escape(name)} -->\n", re.DOTALL)
    if old.search(text):
        return old.sub(lambda _: block, text)
    before, mark, after = text.rpartition("\nNot carried out: ")
    return f"{before}\n{block}{mark}{after}" if mark else f"{text}\n{block}"


def _summary(report: Report) -> str:
    named = "Named by nobody" if report.named is None else f"Named after {report.named_after:.0f} s"
    return f"{report.fault.says}. {named}, resolved {report.resolved_after or 0:.0f} s later, {report.jobs}."
