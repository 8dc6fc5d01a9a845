"""The command line, ``bgspec``: ``check`` an implementation, print the ``spec``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bgspec.errors import UnknownClause
from bgspec.spec import CHAPTERS, CLAUSES, Profile, clause

if TYPE_CHECKING:
    from bgspec_conformance.report.model import Report

__all__ = ["cli", "main"]

OK, FAILED, USAGE, UNTESTED, INTERRUPTED = 0, 1, 2, 3, 130
WORST = (OK, UNTESTED, FAILED, USAGE)
"""Exit statuses, the worst last."""
TESTED_PROFILES = (Profile.COLLECTOR, Profile.REQUEST)
"""The profiles whose clauses have checks."""
WIDTH = 96
"""Columns, at most, that a clause is printed in."""

BEGINNING = """\b
Start with:
  bgspec check starlette
  bgspec spec CALL-6
"""
EXAMPLES = """\b
Examples:
  bgspec check starlette fastapi                      registered names
  bgspec check starlette.background:BackgroundTasks   a class or factory
  bgspec check mytasks:MyTasks --strict               one in the current directory
  bgspec check fastapi --clause ORD-2 --json out.json
"""
STATUSES = """\b
Exit status, of several targets the worst (2, then 1, then 3):
  0  all that counts holds
  1  a MUST or CHOICE is broken (with --strict: a SHOULD, or a known deviation, too)
  2  bad usage, a target that cannot be loaded, a file that cannot be written
  3  nothing was tested, or a clause that counts is inconclusive
"""


@click.group(epilog=BEGINNING)
@click.version_option(package_name="bgspec", message="%(prog)s %(version)s")
def cli() -> None:
    """The contract of background tasks, and who keeps it.

    "check" finds out, clause by clause, what an implementation of tasks.add_task(func, *args,
    **kwargs) promises, and shows each broken clause with a small program. "spec" prints the
    contract.
    """


def _clauses(_: click.Context, __: click.Parameter, ids: tuple[str, ...]) -> tuple[str, ...]:
    """The clauses that were named, each known and tested."""
    from bgspec_conformance.engine import checkable

    for name in ids:
        try:
            clause(name)
        except UnknownClause as exc:
            raise click.BadParameter(str(exc)) from None
        if name not in checkable():
            raise click.BadParameter(f"{name} is not tested yet; bgspec spec {name} prints it")
    return tuple(name for name in CLAUSES if name in ids)


def _file(_: click.Context, __: click.Parameter, path: str | None) -> str | None:
    """A file that can be written: said before the work, not after."""
    if path is not None and path != "-":
        place = Path(path).absolute()
        if place.is_dir():
            raise click.BadParameter(f"{path} is a directory")
        if not place.parent.is_dir():
            raise click.BadParameter(f"there is no directory {place.parent}")
    return path


@cli.command(epilog=f"{EXAMPLES}\n{STATUSES}")
@click.argument("targets", nargs=-1, metavar="TARGET...")
@click.option(
    "--profile",
    "profiles",
    type=click.Choice([str(profile) for profile in TESTED_PROFILES]),
    multiple=True,
    help="Try this profile alone (how added work gets its turn); may be given several times.",
)
@click.option(
    "--clause",
    "clauses",
    multiple=True,
    callback=_clauses,
    metavar="ID",
    help="Judge this clause alone; may be given several times.",
)
@click.option(
    "--examples",
    type=click.IntRange(0, 1_000_000),
    default=300,
    show_default=True,
    help="Plans drawn by luck on each event loop, after every small one was tried.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Seed of those plans; the same seed gives the same report.",
)
@click.option("--strict", is_flag=True, help="Let every SHOULD count, and known deviations.")
@click.option("--witness/--no-witness", default=True, help="Print a program for each failure.")
@click.option(
    "--json",
    "json_file",
    callback=_file,
    metavar="FILE",
    help="Write the report as JSON; - is stdout.",
)
@click.option(
    "--junit",
    "junit_file",
    callback=_file,
    metavar="FILE",
    help="Write it as JUnit XML; - is stdout.",
)
@click.pass_context
def check(
    context: click.Context,
    targets: tuple[str, ...],
    profiles: tuple[str, ...],
    clauses: tuple[str, ...],
    examples: int,
    seed: int,
    strict: bool,
    witness: bool,
    json_file: str | None,
    junit_file: str | None,
) -> None:
    """Find out which clauses hold for each TARGET.

    A TARGET is a registered name, or module:attr, where attr is a class or a factory of containers
    (objects with add_task and an async __call__), or a bgspec_conformance.Implementation.
    """
    from rich.console import Console

    from bgspec_conformance.engine import Options
    from bgspec_conformance.report.terminal import show
    from bgspec_conformance.session import tried
    from bgspec_conformance.target import registered

    if not targets:
        names = ", ".join(registered())
        raise click.UsageError(f"name a TARGET: one of {names}, or any other as module:attr")
    if json_file == junit_file == "-":
        raise click.UsageError("--json and --junit cannot both go to stdout")
    quiet = "-" in {json_file, junit_file}
    console = Console(stderr=quiet, highlight=False)
    options = Options(
        clauses=clauses, profiles=tuple(map(Profile, profiles)), examples=examples, seed=seed
    )
    reports: list[Report] = []
    status = OK
    for target in targets:
        found, trouble = tried(target, options, console)
        for report in found:
            if not quiet:
                show(console, report, strict=strict, witnesses=witness)
            status = _worse(status, _status(report, strict=strict))
        if trouble is not None:
            click.echo(f"bgspec: {trouble.told}", err=True)
            status = _worse(status, USAGE if trouble.of_target else UNTESTED)
        reports += found
    if reports and not _written(reports, json_file, junit_file, strict=strict):
        status = USAGE
    context.exit(status)


def _status(report: Report, *, strict: bool) -> int:
    """The exit status that one report asks for."""
    from bgspec_conformance.report.model import counted
    from bgspec_conformance.verdict import Kind

    if counted(report, strict=strict):
        return FAILED
    tested = any(
        entry.verdict in {Kind.PASSED, Kind.FAILED, Kind.DEVIATES} for entry in report.clauses
    )
    inconclusive = any(
        entry.verdict is Kind.INCONCLUSIVE and (strict or entry.counts) for entry in report.clauses
    )
    return OK if tested and not inconclusive else UNTESTED


def _worse(one: int, other: int) -> int:
    return max(one, other, key=WORST.index)


def _written(
    reports: Sequence[Report], json_file: str | None, junit_file: str | None, *, strict: bool
) -> bool:
    """Write the files; whether all could be."""
    from bgspec_conformance.report.json import to_json
    from bgspec_conformance.report.junit import to_junit

    done = [
        json_file is None or _put(json_file, to_json(reports)),
        junit_file is None or _put(junit_file, to_junit(reports, strict=strict)),
    ]
    return all(done)


def _put(path: str, content: bytes) -> bool:
    if path == "-":
        sys.stdout.buffer.write(content)
        return True
    try:
        Path(path).write_bytes(content)
    except OSError as exc:
        click.echo(f"bgspec: {path} cannot be written: {exc.strerror}", err=True)
        return False
    return True


@cli.command()
@click.argument("ids", nargs=-1, metavar="[CLAUSE]...")
def spec(ids: tuple[str, ...]) -> None:
    """Print the contract.

    Without an argument: a line a clause, chapter by chapter. Else each named CLAUSE, whole: its
    sentence, reason and source, and by what it is tested.
    """
    try:
        named = [clause(name) for name in ids]
    except UnknownClause as exc:
        raise click.UsageError(str(exc)) from None
    for one in named:
        rows = [
            ("profiles", ", ".join(one.profiles)),
            ("sentence", one.sentence),
            ("answers", " / ".join(one.answers)),
            ("situations", "; ".join(one.situations)),
            ("reason", one.reason),
            ("source", one.source),
            ("rests on", ", ".join(one.rests_on)),
            ("since", f"version {one.since}"),
            ("tested by", _check_of(one.id) or "not tested yet"),
        ]
        click.echo(f"{one.id}  {one.level}  {one.title}")
        width = min(WIDTH, shutil.get_terminal_size().columns)
        for label, text in rows:
            if text:
                click.echo(click.wrap_text(text, width, f"  {label:<11}", " " * 13))
    if not named:
        for chapter in CHAPTERS:
            click.echo(f"\n{chapter.id}  {chapter.title}")
            for one in chapter.clauses:
                tested = "" if _check_of(one.id) else "  (not tested yet)"
                click.echo(f"  {one.id:<7} {one.level:<6}  {one.title}{tested}")


def _check_of(name: str) -> str:
    """The checks that test a clause, by their module and name; empty where none does."""
    from bgspec_conformance.engine import LOOPS
    from bgspec_conformance.kit import KITS

    if name == LOOPS:
        return "the engine, by the event loops that it runs on"
    checks = [kit.checks[name] for kit in KITS.values() if name in kit.checks]
    return ", ".join(dict.fromkeys(f"{check.__module__}.{check.__name__}" for check in checks))


def main() -> None:
    """Run the command line, and exit."""
    try:
        sys.exit(cli.main(prog_name="bgspec", standalone_mode=False))
    except click.ClickException as exc:
        exc.show()
        sys.exit(exc.exit_code)
    except click.Abort:
        click.echo("bgspec: interrupted", err=True)
        sys.exit(INTERRUPTED)
