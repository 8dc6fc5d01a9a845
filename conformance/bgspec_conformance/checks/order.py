"""Checks of the chapter ORD: order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from bgspec_conformance import history as seen
from bgspec_conformance.checks.judgement import HELD, Judgement, Violation, check
from bgspec_conformance.checks.reading import Call, Reading, RunOf, names
from bgspec_conformance.vocabulary import Value

__all__ = ["nothing_overlaps", "starts_in_order", "writes_are_read"]


def _sequences(reading: Reading) -> Iterator[tuple[RunOf, tuple[Call, ...]]]:
    """Each run of two or more calls, with these; runs that overlap on a container are RUN-9's."""
    for run in reading.runs:
        calls = reading.calls_in(run)
        if len(calls) > 1 and not reading.shared_by_runs(run):
            yield run, calls


def _in_turn(run: RunOf, due: list[str], met: list[str]) -> str:
    """A proof that the tasks' lines come in the order due, or, in a later run, not as met."""
    lines = tuple(sorted(set(due)))
    in_order = f"[line for line in {run.part} if line in {lines}]"
    # A later run may call less, by the answer to RUN-6.
    return f"{in_order} == {due}" if run.run == 0 else f"{in_order} != {met}"


@check("ORD-1")
def starts_in_order(reading: Reading) -> Iterator[Judgement]:
    """Tasks start in the order of their adds; those from several threads are ADD-4's."""
    for run, calls in _sequences(reading):
        before = [o for o in reading.runs_of(run.container) if o.began < run.began]
        went_well = all(o.end and o.end.way is seen.Way.RETURNED for o in before)
        since = -1 if went_well else max(o.began for o in before)
        added = [
            add.task
            for add in reading.adds
            if add.container == run.container and since < add.at < run.ended and add.thread == 0
        ]
        started = [call.task for call in calls if call.task in added]
        if len(set(started)) < 2 or Counter(started) - Counter(added):  # too often: RUN-1's
            continue
        rest = iter(added)
        if all(task in rest for task in started):
            yield HELD
            continue
        due = _due(added, started)
        yield Violation(
            f"the tasks start in the order of their adds: {names(due)}",
            f"they started in the order {names(started)}",
            _in_turn(run, _lines(due), _lines(started)),
        )


def _due(added: list[int], started: list[int]) -> list[int]:
    """The tasks that started, in the order of their adds; of equal adds the first."""
    left = Counter(started)
    due: list[int] = []
    for task in added:
        if left[task] > 0:
            left[task] -= 1
            due.append(task)
    return due


def _lines(tasks: list[int]) -> list[str]:
    return [f"t{task} started" for task in tasks]


@check("ORD-2")
def nothing_overlaps(reading: Reading) -> Iterator[Judgement]:
    """A task starts after the one before it has ended."""
    for run, calls in _sequences(reading):
        for one, other in pairwise(calls):
            if one.end is None:  # CALL-4's
                continue
            if one.over < other.at:
                yield HELD
                continue
            how = type(one.end).__name__.lower()
            yield Violation(
                f"{other.name} starts after {one.name} has ended",
                f"{other.name} started before {one.name} {how}",
                _one_after_the_other(run, calls, {one.task, other.task}),
            )


def _one_after_the_other(run: RunOf, calls: tuple[Call, ...], tasks: set[int]) -> str:
    """A proof that each start of these tasks is followed by the end of the same call."""
    ends = {
        (f"t{call.task} started", f"t{call.task} {type(call.end).__name__.lower()}")
        for call in calls
        if call.task in tasks and call.end is not None
    }
    lines = tuple(sorted({line for pair in ends for line in pair}))
    met = f"met := [line for line in {run.part} if line in {lines}]"
    return f"{{*zip(({met})[::2], met[1::2])}} <= {{{', '.join(map(str, sorted(ends)))}}}"


@check("ORD-3")
def writes_are_read(reading: Reading) -> Iterator[Judgement]:
    """What a task wrote, the next one reads."""
    for call in reading.calls:
        earlier = [other for other in reading.calls if other.at < call.at]
        if Value.SHARED not in reading.task(call.task).args:
            continue
        if any(other.over > call.at for other in earlier):  # at the same time: ORD-2's
            continue
        if any(other.failed for other in earlier):  # ERR-3 speaks for what was written before
            continue
        written = [f"t{event.task}" for at, event in reading.of(seen.Written) if at < call.at]
        if not written:
            continue
        if list(call.start.shared) == written:
            yield HELD
        else:
            yield Violation(
                f"{call.name} reads {', '.join(written)}, as the tasks before it wrote",
                f"{call.name} read {', '.join(call.start.shared) or 'nothing'}",
                f"'{call.name} reads {', '.join(written)}' in log",
            )
