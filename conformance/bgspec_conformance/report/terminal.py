"""The report for a person: a table, then each failure with what was seen and its witness.

A terminal gets colour and columns that fit; elsewhere each clause is a plain line. A witness stands
at the margin, whole and unfolded, so that it can be pasted.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from bgspec.spec import CLAUSES
from bgspec_conformance.report.model import Entry, Report, counted
from bgspec_conformance.report.text import visible
from bgspec_conformance.request.witness import WATCHED
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
"""Characters of what was seen that a line of the table shows."""


def show(console: Console, report: Report, *, strict: bool, witnesses: bool) -> None:
    """Print a report.

    Args:
        console: where to; without a terminal there is neither colour nor box.
        report: what was found.
        strict: whether a SHOULD counts.
        witnesses: whether programs are printed too.
    """
    about = report.implementation
    head = Text(visible(about.name), style="bold")
    for name, number in sorted(about.versions.items()):
        head.append(f"  {visible(name)} {visible(number)}", style="dim")
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
            _failure(console, entry)
            if witnesses and entry.witness:
                _witness(console, entry)
    console.print()
    console.print(summary(report, strict=strict), soft_wrap=True)
    console.print()


def _table(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for name in ("verdict", "clause", "level"):
        table.add_column(name, no_wrap=True)
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


def _failure(console: Console, entry: Entry) -> None:
    """Print what a failure is about, and what was expected and seen."""
    sign, style = MARKS[entry.verdict]
    head = Text.assemble((f"{sign} {entry.id} {entry.verdict}", style), f"  {entry.title}")
    console.print()
    console.print(head, soft_wrap=True)
    facts = Table.grid(padding=(0, 1, 0, 0))
    for label, fact in (("clause", CLAUSES[entry.id].sentence), *_facts(entry)):
        if console.is_terminal:
            facts.add_row(f"  {label}:", Text(visible(fact)))
        else:
            console.print(Text(f"  {label + ':':<10}{visible(fact)}"), soft_wrap=True)
    if console.is_terminal:
        console.print(facts)


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    """What is to say of a failure."""
    yield "expected", entry.expected
    yield "seen", entry.seen
    for also in entry.also:
        yield "also", also
    if entry.shown < entry.tries:
        yield "at times", f"{entry.shown} of {entry.tries} tries showed it again"
    if entry.reason:
        yield "known", entry.reason + (f" ({entry.link})" if entry.link else "")


def _witness(console: Console, entry: Entry) -> None:
    """Print the program that shows a failure; of a framework's, the application alone."""
    program, _, rest = visible(entry.witness).partition(WATCHED)
    program = program.rstrip()
    console.print()
    if console.is_terminal:
        # Highlighted, but not laid out: folded or padded lines would be pasted so.
        syntax = Syntax(program, "python", theme="ansi_dark", background_color="default")
        console.print(syntax.highlight(program), soft_wrap=True, end="")
    else:
        console.print(Text(program), soft_wrap=True)
    if rest:
        lines = len(rest.splitlines())
        told = f"# {lines} lines more send it requests and judge: --json has the whole program."
        console.print(Text(told), soft_wrap=True)


def summary(report: Report, *, strict: bool) -> Text:
    """How many clauses got each verdict, in a line."""
    count = {kind: report.summary[kind] for kind in Kind if report.summary[kind]}
    parts = [f"{number} {kind}" for kind, number in count.items()]
    failed = [kind for kind in (Kind.FAILED, Kind.DEVIATES) if kind in count]
    if failed:
        place = list(count).index(failed[-1])
        parts[place] += f" ({len(counted(report, strict=strict))} counted)"
    return Text(f"{visible(report.implementation.name)}: {', '.join(parts)}", style="bold")
