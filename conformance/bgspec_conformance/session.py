"""A session: one target is tried, with its progress shown, until it ends or a signal ends it.

Whatever the ending, the children are gone and so are their files: a signal that asks this process
to end becomes a cancellation first.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import click

from bgspec_conformance.engine import Options, Watcher, check, unwatched
from bgspec_conformance.errors import SuiteError, TargetError
from bgspec_conformance.report.model import Report, report_of
from bgspec_conformance.report.text import visible

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Trouble", "tried"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a target, or a part of it, was not tried.

    Attributes:
        told: in words, without a control character.
        of_target: the target cannot be loaded; else the suite itself failed.
    """

    told: str
    of_target: bool


def tried(target: str, options: Options, console: Console) -> tuple[list[Report], Trouble | None]:
    """The reports on every variant of a target, and what kept further ones from being made.

    Raises:
        SystemExit: a signal ended it; the status is 128 and its number.
    """
    reports: list[Report] = []
    trouble: Trouble | None = None
    signals: list[signal.Signals] = []

    async def collect(watch: Watcher) -> None:
        nonlocal trouble
        async with anyio.create_task_group() as group:

            async def stop() -> None:
                with anyio.open_signal_receiver(*_signals()) as received:
                    async for number in received:
                        signals.append(number)
                        group.cancel_scope.cancel()

            if _signals():
                group.start_soon(stop)
            try:
                async for result in check(target, options, watch):
                    reports.append(report_of(result))  # noqa: PERF401  each counts at once
            except SuiteError as exc:
                trouble = Trouble(visible(str(exc)), isinstance(exc, TargetError))
            group.cancel_scope.cancel()

    with _progress(target, console) as watch:
        anyio.run(collect, watch)
    if signals:
        click.echo(f"bgspec: interrupted by {signals[0].name}", err=True)
        sys.exit(128 + signals[0])
    return reports, trouble


def _signals() -> list[signal.Signals]:
    """Those that ask a process to end, but for what it was started to ignore."""
    if sys.platform == "win32":  # there the event loop hears none
        return []
    asked = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    return [number for number in asked if signal.getsignal(number) is not signal.SIG_IGN]


@contextmanager
def _progress(target: str, console: Console) -> Generator[Watcher]:
    """A bar over both event loops on a terminal; a line elsewhere."""
    if not console.is_terminal:
        click.echo(f"checking {visible(target)} ...", err=True)
        yield unwatched
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("checking {task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(visible(target), total=None)
        parts: dict[tuple[str, str], tuple[int, int]] = {}

        def watch(name: str, backend: str, done: int, total: int) -> None:
            parts[name, backend] = done, total
            own = [part for (other, _), part in parts.items() if other == name]
            progress.update(
                bar,
                description=visible(name),
                completed=sum(done for done, _ in own),
                total=sum(total for _, total in own),
            )

        yield watch
