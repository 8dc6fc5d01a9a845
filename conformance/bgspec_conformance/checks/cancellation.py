"""Checks of the chapter CAN: cancellation of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bgspec_conformance import history as seen
from bgspec_conformance.checks.hung import hung
from bgspec_conformance.checks.judgement import HELD, Answer, Judgement, Violation, check
from bgspec_conformance.checks.reading import Call, Reading, RunOf, names
from bgspec_conformance.plan import Cancel
from bgspec_conformance.vocabulary import ASYNC, SYNC, UNCALLABLE, Means, Shape

__all__ = [
    "leaves_the_run",
    "nothing_starts_after_it_left_a_task",
    "nothing_starts_once_cancelled",
    "reaches_the_task",
    "sync_task_under_a_scope",
    "sync_task_under_task_cancel",
    "tells_what_never_started",
]


def _cancels(reading: Reading, call: Call) -> Cancel | None:
    """The step by which a task has its run cancelled."""
    steps = reading.task(call.task).body
    return next((step for step in steps if isinstance(step, Cancel)), None)


def _cancelled_runs(reading: Reading) -> Iterator[tuple[RunOf, int]]:
    """The runs of the script that were cancelled, and where."""
    for run in reading.runs:
        if run.cancelled_at is not None and run.by == -1 and not reading.beside(run):
            yield run, run.cancelled_at


@check("CAN-1")
def reaches_the_task(reading: Reading) -> Iterator[Judgement]:
    """It reaches the async task in progress at its next suspension."""
    for run, at in _cancelled_runs(reading):
        for call in reading.calls_in(run):
            step = _cancels(reading, call)
            if step is None or step.shielded or reading.shape(call.task) not in ASYNC:
                continue
            if not call.at < at < call.over:
                continue
            if any(
                event.task == call.task and event.what == "the cancellation"
                for _, event in reading.of(seen.Expired)
            ):
                yield Violation(
                    f"{call.name}, suspended when its run is cancelled, is cancelled",
                    f"{call.name} stayed suspended",
                    f"'{call.name} waited in vain for the cancellation' not in log",
                )
            elif isinstance(call.end, seen.Cancelled) and not run.expired:
                yield HELD


def _left(reading: Reading) -> Iterator[tuple[RunOf, Call]]:
    """The runs that were cancelled, and the task that the cancellation left."""
    for run, at in _cancelled_runs(reading):
        for call in reading.calls_in(run):
            if isinstance(call.end, seen.Cancelled) and call.over > at:
                yield run, call
                break


@check("CAN-2")
def nothing_starts_after_it_left_a_task(reading: Reading) -> Iterator[Judgement]:
    """After a cancellation has left a task, no later task starts."""
    for run, left in _left(reading):
        waiting = [add.task for add in reading.waiting_for(run) if add.by == -1]
        within = reading.shape(left.task) is Shape.CONTAINER  # whose own run it has to leave: CAN-3
        if within or waiting[-1:] == [left.task]:
            continue
        calls = (*reading.calls_in(run), *reading.calls_after(run))
        later = next((call for call in calls if call.at > left.over), None)
        if later is None:
            yield HELD
        else:
            yield Violation(
                f"nothing starts after {left.name} was cancelled with its run",
                f"{later.name} started",
                f"'{later.name} started' not in log[log.index('{left.name} cancelled'):]",
            )


@check("CAN-3")
def leaves_the_run(reading: Reading) -> Iterator[Judgement]:
    """A cancellation that left a task leaves the run."""
    yield from hung(reading, "CAN-3")
    for run, left in _left(reading):
        if run.end is None or run.expired:
            continue
        if run.end.way is seen.Way.CANCELLED:
            yield HELD
        else:
            how = "returned" if run.end.way is seen.Way.RETURNED else f"raised {run.end.error}"
            yield Violation(
                f"run {run.run} is cancelled, as {left.name} was",
                f"run {run.run} {how}",
                f"'run {run.run} cancelled' in log",
            )


@check("CAN-4")
def sync_task_under_a_scope(reading: Reading) -> Iterator[Judgement]:
    """A sync task in progress is waited for or left behind when a scope is cancelled."""
    yield from _sync(reading, Means.SCOPE)


@check("CAN-7")
def sync_task_under_task_cancel(reading: Reading) -> Iterator[Judgement]:
    """The same for asyncio's own ``task.cancel()``."""
    yield from _sync(reading, Means.TASK)


def _sync(reading: Reading, means: Means) -> Iterator[Judgement]:
    for run, at in _cancelled_runs(reading):
        for call in reading.calls_in(run):
            step = _cancels(reading, call)
            if step is None or step.by is not means or reading.shape(call.task) not in SYNC:
                continue
            if not call.at < at < call.over or run.end is None or run.expired:
                continue
            if call.start.place is not seen.Place.WORKER or call.end is None:
                continue
            end = type(call.end).__name__.lower()
            line, until = f"'{call.name} {end}'", f"log[:log.index('run {run.run} ended')]"
            if call.over < run.ended:
                yield Answer("waited for", f"{line} in {until}")
            else:
                yield Answer("left behind", f"{line} not in {until}")


@check("CAN-5")
def tells_what_never_started(reading: Reading) -> Iterator[Judgement]:
    """What never started can be told afterwards."""
    for run, _ in _cancelled_runs(reading):
        told = next((e for _, e in reading.of(seen.Pending) if e.run == run.run), None)
        if told is None or not run.first or run.end is None or run.expired:
            continue
        started = Counter(call.task for call in reading.calls_in(run))
        due: list[int] = []
        for add in (a for a in reading.adds if a.container == run.container and a.at < run.ended):
            if started[add.task]:
                started[add.task] -= 1
            else:
                due.append(add.task)
        if list(told.tasks) == due:
            yield HELD
        else:
            due_line = f"after run {run.run} pending: {names(due)}"
            yield Violation(
                f"it tells what never started: {names(due) or 'nothing'}",
                "it told "
                + (", ".join(f"t{t}" if t >= 0 else "a stranger" for t in told.tasks) or "nothing"),
                f"{due_line!r} in log",
            )


@check("CAN-6")
def nothing_starts_once_cancelled(reading: Reading) -> Iterator[Judgement]:
    """Once the run has been cancelled, no task starts, though none suspends in between."""
    requests = {event.run: event.by for _, event in reading.of(seen.CancelRequested)}
    for run, at in _cancelled_runs(reading):
        left = [c.over for c in reading.calls_in(run) if isinstance(c.end, seen.Cancelled)]
        after = [c for c in reading.calls_in(run) if c.at > at]
        waiting = [
            add for add in reading.waiting_for(run) if reading.shape(add.task) not in UNCALLABLE
        ]
        started = {call.task for call in reading.calls_in(run) if call.at < at}
        if all(add.task in started for add in waiting) and not after:
            continue
        later = next((c for c in after if not left or c.at < min(left)), None)
        if later is not None:
            yield Violation(
                f"{later.name} does not start, for run {run.run} is cancelled already",
                f"{later.name} started",
                f"'{later.name} started' not in "
                f"log[log.index('run {run.run} is cancelled by {requests[run.run]}'):]",
            )
        elif not left:
            yield HELD
