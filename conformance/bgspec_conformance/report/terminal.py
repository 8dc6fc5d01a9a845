"""The report for a person at a terminal, or for a log: a table, then what failed, with a
witness."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from bgspec.spec import CLAUSES
from bgspec_conformance.report.model import Entry, Report, counted
from bgspec_conformance.report.text import visible
from bgspec_conformance.verdict import Kind

__all__ = ["MARKS", "show", "summary"]

MARKS: dict[Kind, tuple[str, str]] = {
    Kind.PASSED: ("+", "green"),
    Kind.FAILED: ("x", "bold red"),
    Kind.BLOCKED: ("#", "yellow"),
    Kind.INCONCLUSIVE: ("?", "yellow"),
    Kind.NOT_APPLICABLE: ("-", "dim"),
    Kind.DEVIATES: ("~", "magenta"),
}
"""A sign and a style for each verdict; the sign alone says enough."""
SEEN_WIDTH = 96
"""Characters of what was seen that the table shows."""


def show(console: Console, report: Report, *, strict: bool, witnesses: bool) -> None:
    """Print a report.

    Args:
        console: where to; without a terminal there is neither colour nor box.
        report: what was found.
        strict: whether a SHOULD counts.
        witnesses: whether programs are printed too.
    """
    about = report.implementation
    told = ", ".join(f"{name} {number}" for name, number in sorted(about.versions.items()))
    head = Text(visible(about.name), style="bold")
    head.append(f"  {visible(told)}" if told else "", style="dim")
    console.print(head, soft_wrap=True)
    if console.is_terminal:
        console.print(_table(report))
    else:
        for entry in report.clauses:
            verdict = f"{MARKS[entry.verdict][0]} {entry.verdict}"
            line = Text.assemble(f"{verdict:<17}{entry.id:<8}{entry.level:<8}", _what(entry))
            console.print(line, soft_wrap=True)
    for entry in report.clauses:
        if entry.verdict in {Kind.FAILED, Kind.DEVIATES}:
            _failure(console, entry, witnesses=witnesses)
    console.print(summary(report, strict=strict), soft_wrap=True)
    console.print()


def _table(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column("verdict", no_wrap=True)
    table.add_column("clause", no_wrap=True)
    table.add_column("level", no_wrap=True)
    table.add_column("what", overflow="fold")
    for entry in report.clauses:
        sign, style = MARKS[entry.verdict]
        table.add_row(
            Text(f"{sign} {entry.verdict}", style=style), entry.id, entry.level, _what(entry)
        )
    return table


def _what(entry: Entry) -> Text:
    """A clause in a line: its title, and the answer or what is to say of it."""
    text = Text(entry.title)
    if entry.answer:
        text.append(f": {visible(entry.answer)}", style="cyan")
    elif entry.verdict is Kind.BLOCKED:
        text.append(f" (rests on {entry.blocked_by})", style="dim")
    elif entry.verdict in {Kind.NOT_APPLICABLE, Kind.INCONCLUSIVE}:
        text.append(f" ({visible(entry.reason)})", style="dim")
    elif entry.seen:
        seen = visible(entry.seen)
        text.append(f": {seen if len(seen) <= SEEN_WIDTH else seen[:SEEN_WIDTH] + '...'}")
    return text


def _failure(console: Console, entry: Entry, *, witnesses: bool) -> None:
    """Print what a failure is about, expected and seen, and the program that shows it."""
    _, style = MARKS[entry.verdict]
    sentence = CLAUSES[entry.id].sentence
    console.print()
    console.print(Text.assemble((f"{entry.id} {entry.verdict}", style), f"  {sentence}"), soft_wrap=True)
    for line in _told(entry):
        console.print(Text("  " + visible(line)), soft_wrap=True)
    if witnesses and entry.witness:
        program = textwrap.indent(visible(entry.witness).rstrip(), "    ")
        console.print()
        if console.is_terminal:
            console.print(Syntax(program, "python", theme="ansi_dark", background_color="default"))
        else:
            console.print(Text(program), soft_wrap=True)


def _told(entry: Entry) -> Iterator[str]:
    """What is to say of a failure, line by line."""
    yield f"expected: {entry.expected}"
    yield f"seen:     {entry.seen}"
    for also in entry.also:
        yield f"also:     {also}"
    if entry.tries > 1 and entry.shown < entry.tries:
        yield f"it comes and goes: {entry.shown} of {entry.tries} tries showed it again"
    if entry.reason:
        yield f"known:    {entry.reason}" + (f" ({entry.link})" if entry.link else "")


def summary(report: Report, *, strict: bool) -> Text:
    """How many clauses got each verdict, in a line."""
    parts = [f"{count} {kind}" for kind, count in report.summary.items() if count]
    count = len(counted(report, strict=strict))
    failed = report.summary[Kind.FAILED] + report.summary[Kind.DEVIATES]
    if failed:
        parts.append(f"{count} of {failed} failures and deviations count")
    return Text(f"\n{visible(report.implementation.name)}: {', '.join(parts)}", style="bold")
