"""Checks of the chapter ORD: order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from bgspec_conformance import history as seen
from bgspec_conformance.checks.judgement import HELD, Judgement, Violation, check
from bgspec_conformance.checks.reading import Call, Reading, RunOf
from bgspec_conformance.plan import Value

__all__ = ["in_order", "nothing_overlaps", "starts_in_order", "writes_are_read"]


def _sequences(reading: Reading) -> Iterator[tuple[RunOf, tuple[Call, ...]]]:
    """Each run with its calls, where two or more tasks were called."""
    for run in reading.runs:
        calls = reading.calls_in(run)
        if run.first and len(calls) > 1 and not reading.overlapping:
            yield run, calls


@check("ORD-1")
def starts_in_order(reading: Reading) -> Iterator[Judgement]:
    """Tasks start in the order of their adds."""
    for run, calls in _sequences(reading):
        adds = reading.waiting_for(run)
        yield from in_order([a.task for a in adds if a.by == -1 and a.thread == 0], calls)


def in_order(added: list[int], calls: tuple[Call, ...]) -> Iterator[Judgement]:
    """Whether calls start in the order of these adds, as far as they were called; nothing where
    one was called too often (RUN-1).
    """
    left = Counter(call.task for call in calls)
    due: list[int] = []
    for task in added:
        if left[task] > 0:
            left[task] -= 1
            due.append(task)
    among = set(due)
    started = [call.task for call in calls if call.task in among]
    if len(started) != len(due) or len(due) < 2:
        return
    if started == due:
        yield HELD
        return
    lines = [f"t{task} started" for task in due]
    yield Violation(
        f"the tasks start in the order of their adds: {_names(due)}",
        f"they started in the order {_names(started)}",
        f"[line for line in log if line in {sorted(set(lines))}] == {lines}",
    )


def _names(tasks: list[int]) -> str:
    return ", ".join(f"t{task}" for task in tasks)


@check("ORD-2")
def nothing_overlaps(reading: Reading) -> Iterator[Judgement]:
    """A task starts after the one before it has ended."""
    for _, calls in _sequences(reading):
        for one, other in pairwise(calls):
            if one.end is None or one.task == other.task:
                continue
            if other.at < one.over:
                how = type(one.end).__name__.lower()
                yield Violation(
                    f"{other.name} starts after {one.name} has ended",
                    f"{other.name} started before {one.name} {how}",
                    f"log.index('{one.name} {how}') < log.index('{other.name} started')",
                )
            else:
                yield HELD


@check("ORD-3")
def writes_are_read(reading: Reading) -> Iterator[Judgement]:
    """What a task wrote, the next one reads."""
    written: list[str] = []
    for _, event in sorted((*reading.of(seen.Written), *reading.of(seen.Started)), key=_place):
        name = f"t{event.task}"
        if isinstance(event, seen.Written):
            written.append(name)
        elif written and Value.SHARED in reading.task(event.task).args:
            if list(event.shared) != written:
                yield Violation(
                    f"{name} reads {', '.join(written)}, as the tasks before it wrote",
                    f"{name} read {', '.join(event.shared) or 'nothing'}",
                    f"'{name} reads {', '.join(written)}' in log",
                )
            else:
                yield HELD


def _place(item: tuple[int, object]) -> int:
    return item[0]
