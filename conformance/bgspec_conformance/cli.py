"""The command line, ``bgspec``: ``check`` an implementation, print the ``spec``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bgspec.errors import UnknownClause
from bgspec.spec import CHAPTERS, CLAUSES, Profile, clause

if TYPE_CHECKING:
    from rich.console import Console

    from bgspec_conformance.engine import Options
    from bgspec_conformance.report.model import Report

__all__ = ["main"]

OK, FAILED, USAGE, UNTESTED, INTERRUPTED = 0, 1, 2, 3, 130
WORST = (OK, UNTESTED, FAILED, USAGE)
"""Exit statuses, the worst last."""
TESTED_PROFILES = (Profile.COLLECTOR,)
"""The profiles whose clauses have checks."""

EPILOG = """\b
Exit status:
  0  all that counts holds
  1  a MUST or CHOICE is broken (with --strict: a SHOULD, or a known deviation, too)
  2  bad usage, or a target that cannot be loaded
  3  nothing was tested, or a clause that counts is inconclusive
"""
EXAMPLES = """\b
Examples:
  bgspec check starlette                           a registered name
  bgspec check starlette.background:BackgroundTasks   a class or factory
  bgspec check mytasks:MyTasks --strict            one in the current directory
  bgspec check fastapi --clause ORD-2 --json out.json
"""


@click.group(epilog="\b\nStart with:\n  bgspec check starlette\n  bgspec spec CALL-6\n")
@click.version_option(package_name="bgspec", message="%(prog)s %(version)s")
def cli() -> None:
    """The contract of background tasks, and who keeps it.

    ``check`` finds out, clause by clause, what an implementation of ``tasks.add_task(func, *args,
    **kwargs)`` promises, and shows each broken clause with a small program. ``spec`` prints the
    contract.
    """


def _clauses(_: click.Context, __: click.Parameter, ids: tuple[str, ...]) -> tuple[str, ...]:
    """The clauses that were named, each known and tested."""
    from bgspec_conformance.engine import testable

    for name in ids:
        try:
            clause(name)
        except UnknownClause as exc:
            raise click.BadParameter(str(exc)) from None
        if name not in testable():
            raise click.BadParameter(f"{name} is not tested yet; bgspec spec {name} prints it")
    return tuple(name for name in CLAUSES if name in ids)


def _file(_: click.Context, __: click.Parameter, path: str | None) -> str | None:
    """A file that can be written: said before the work, not after."""
    if path not in {None, "-"} and not Path(str(path)).absolute().parent.is_dir():
        raise click.BadParameter(f"there is no directory {Path(str(path)).absolute().parent}")
    return path


@cli.command(epilog=EXAMPLES + "\n" + EPILOG)
@click.argument("targets", nargs=-1, metavar="TARGET...")
@click.option(
    "--profile",
    type=click.Choice([str(p) for p in TESTED_PROFILES]),
    default=str(Profile.COLLECTOR),
    show_default=True,
    help="The profile to try: how added work gets its turn.",
)
@click.option(
    "--clause", "clauses", multiple=True, callback=_clauses, metavar="ID",
    help="Judge this clause alone; may be given several times.",
)  # fmt: skip
@click.option(
    "--examples", type=click.IntRange(0, 1_000_000), default=300, show_default=True,
    help="Plans drawn by luck on each event loop, after every small one was tried.",
)  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True,
    help="Seed of those plans; the same seed gives the same report.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Let every SHOULD count, and known deviations.")
@click.option("--witness/--no-witness", default=True, help="Print a program for each failure.")
@click.option("--json", "json_file", callback=_file, metavar="FILE", help="Write the report as JSON; - is stdout.")
@click.option("--junit", "junit_file", callback=_file, metavar="FILE", help="Write it as JUnit XML; - is stdout.")
def check(
    targets: tuple[str, ...],
    profile: str,
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
    from bgspec_conformance.engine import Options
    from bgspec_conformance.target import registered

    del profile  # one alone has checks
    if not targets:
        raise click.UsageError(
            f"name a TARGET: one of {', '.join(registered())}, or module:attr; see bgspec check --help"
        )
    console, quiet = _console(json_file, junit_file)
    options = Options(clauses=clauses, examples=examples, seed=seed)
    reports: list[Report] = []
    status = OK
    for target in targets:
        found, code = _checked(target, options, console)
        reports += found
        for report in found:
            if not quiet:
                _show(console, report, strict=strict, witnesses=witness)
            code = _worse(code, _status(report, strict=strict))
        status = _worse(status, code)
    if reports:
        _write(reports, json_file, junit_file, strict=strict)
    sys.exit(status)


def _console(json_file: str | None, junit_file: str | None) -> tuple[Console, bool]:
    """Where to show things; quiet where a report itself goes to stdout."""
    from rich.console import Console

    quiet = "-" in {json_file, junit_file}
    return Console(stderr=quiet, highlight=False, soft_wrap=not sys.stdout.isatty()), quiet


def _checked(target: str, options: Options, console: Console) -> tuple[list[Report], int]:
    """The reports on a target, and a status where there are none."""
    import anyio

    from bgspec_conformance.engine import check as run_check
    from bgspec_conformance.errors import SuiteError, TargetError
    from bgspec_conformance.report.model import report_of

    reports: list[Report] = []

    async def collect(watch: Any) -> None:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGHUP) as signals:
            async with anyio.create_task_group() as group:

                async def stop() -> None:
                    async for number in signals:
                        raise KeyboardInterrupt(number)

                group.start_soon(stop)
                async for result in run_check(target, options, watch):
                    reports.append(report_of(result))
                group.cancel_scope.cancel()

    try:
        with _progress(target, console) as watch:
            anyio.run(collect, watch)
    except BaseException as exc:
        ours = _first(exc)
        if isinstance(ours, KeyboardInterrupt):
            click.echo("bgspec: interrupted", err=True)
            sys.exit(INTERRUPTED)
        if not isinstance(ours, SuiteError):
            raise
        click.echo(f"bgspec: {ours}", err=True)
        return reports, USAGE if isinstance(ours, TargetError) else FAILED
    return reports, OK


def _first(exc: BaseException) -> BaseException:
    """One error out of a group of them."""
    return _first(exc.exceptions[0]) if isinstance(exc, BaseExceptionGroup) else exc


@contextmanager
def _progress(target: str, console: Console) -> Iterator[Any]:
    """A bar over both event loops on a terminal; a line elsewhere."""
    if not console.is_terminal:
        click.echo(f"checking {target} ...", err=True)
        yield lambda *_: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task(f"checking {target}", total=None)
        parts: dict[tuple[str, str], tuple[int, int]] = {}

        def watch(name: str, backend: str, done: int, total: int) -> None:
            parts[name, backend] = done, total
            own = [part for (other, _), part in parts.items() if other == name]
            bar.update(
                task,
                description=f"checking {name}",
                completed=sum(part[0] for part in own),
                total=sum(part[1] for part in own),
            )

        yield watch


def _show(console: Console, report: Report, *, strict: bool, witnesses: bool) -> None:
    from bgspec_conformance.report.terminal import show

    show(console, report, strict=strict, witnesses=witnesses)


def _status(report: Report, *, strict: bool) -> int:
    from bgspec_conformance.report.model import counted
    from bgspec_conformance.verdict import Kind

    if counted(report, strict=strict):
        return FAILED
    tested = any(e.verdict in {Kind.PASSED, Kind.FAILED, Kind.DEVIATES} for e in report.clauses)
    open_ = [e for e in report.clauses if e.verdict is Kind.INCONCLUSIVE and (strict or e.counts)]
    return UNTESTED if open_ or not tested else OK


def _worse(one: int, other: int) -> int:
    return max(one, other, key=WORST.index)


def _write(
    reports: Sequence[Report], json_file: str | None, junit_file: str | None, *, strict: bool
) -> None:
    from bgspec_conformance.report.json import to_json
    from bgspec_conformance.report.junit import to_junit

    if json_file:
        _put(json_file, to_json(reports))
    if junit_file:
        _put(junit_file, to_junit(reports, strict=strict))


def _put(path: str, content: bytes) -> None:
    if path == "-":
        sys.stdout.buffer.write(content)
        return
    try:
        Path(path).write_bytes(content)
    except OSError as exc:
        raise click.FileError(path, exc.strerror or "cannot be written") from None


@cli.command()
@click.argument("ids", nargs=-1, metavar="[CLAUSE]...")
def spec(ids: tuple[str, ...]) -> None:
    """Print the contract: a line a clause, or each named CLAUSE whole, with how it is tested."""
    if not ids:
        for chapter in CHAPTERS:
            click.echo(f"\n{chapter.id}  {chapter.title}")
            for one in chapter.clauses:
                tested = "" if _check_of(one.id) else "  (not tested yet)"
                click.echo(f"  {one.id:<7} {one.level:<6}  {one.title}{tested}")
        return
    for name in ids:
        try:
            _whole(name)
        except UnknownClause as exc:
            raise click.UsageError(str(exc)) from None


def _whole(name: str) -> None:
    """Print one clause."""
    one = clause(name)
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
    for label, text in rows:
        if text:
            wrapped = click.wrap_text(text, 96, f"  {label:<11}", " " * 13)
            click.echo(wrapped)


def _check_of(name: str) -> str:
    """The check that tests a clause, by its module and name; empty where none does."""
    from bgspec_conformance.checks import CHECKS
    from bgspec_conformance.engine import LOOPS

    if name == LOOPS:
        return "the engine, by the event loops that it runs on"
    check = CHECKS.get(name)
    return f"{check.__module__}.{check.__name__}" if check else ""


def main() -> None:
    """Run the command line."""
    cli(prog_name="bgspec")
