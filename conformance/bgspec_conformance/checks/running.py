"""Checks of the chapter RUN: what a run does, once, again, at once and within itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bgspec_conformance import history as seen
from bgspec_conformance.checks.hung import hung
from bgspec_conformance.checks.judgement import HELD, Judgement, Violation, check
from bgspec_conformance.checks.missing import REFUSED_AT_THE_RUN, judged, returns_something
from bgspec_conformance.checks.reading import Call, Reading, RunOf
from bgspec_conformance.vocabulary import Shape

__all__ = [
    "adds_after_a_run_count",
    "calls_each_once",
    "empty_run_ends",
    "ends_after_its_tasks",
    "gives_nothing_back",
    "releases_arguments",
    "repeated",
    "runs_beside_another",
]


@check("RUN-1")
def calls_each_once(reading: Reading) -> Iterator[Judgement]:
    """No task is called twice in a run, and each is called."""
    yield from judged(reading, "RUN-1")
    yield from repeated(reading, "RUN-1")


def repeated(reading: Reading, clause: str) -> Iterator[Judgement]:
    """A violation for each task that a run called more often than it was added.

    It is ADD-8's where there are several containers, ADD-4's where the task was added from a
    thread, RUN-4's where every task that was called too often gave something back, and ERR-3's or
    CAN-2's where the task had ended before a failure, or the run was cancelled before.
    """
    from_threads = {add.task for add in reading.adds if add.thread != 0}
    for run in reading.runs:
        if reading.shared_by_runs(run) or run.cancelled_at is not None:
            continue
        calls = reading.calls_in(run)
        failed = {call.task for call in calls if call.failed}
        adds = reading.adds_to(run)
        often = {
            task: adds[task]
            for task, count in Counter(call.task for call in calls).items()
            if count > adds[task]
            and (task in failed or not failed)
            and reading.shape(task) is not Shape.BUILTIN  # what it calls is an argument (ARG-3)
        }
        of_results = all(returns_something(reading, task) for task in often)
        for task, times in often.items():
            if reading.containers > 1:
                charge = "ADD-8"
            elif task in from_threads:
                charge = "ADD-4"
            else:
                charge = "RUN-4" if of_results else "RUN-1"
            if clause == charge:
                yield Violation(
                    f"t{task} is called once for each time that it was added",
                    f"run {run.run} called t{task} more often",
                    f"{run.part}.count('t{task} started') <= {times}",
                )


@check("RUN-2")
def ends_after_its_tasks(reading: Reading) -> Iterator[Judgement]:
    """The run ends after the last of its tasks has."""
    yield from hung(reading, "RUN-2")
    for run in reading.runs:
        if run.end is None or run.expired or run.cancelled_at is not None:
            continue
        if reading.shared_by_runs(run):  # RUN-9's: who joins may leave first
            continue
        before = f"log[:log.index('run {run.run} ended')]"
        calls = reading.calls_in(run)
        late = next((c for c in calls if c.end is not None and c.over > run.ended), None)
        after = next((c for c in reading.calls_after(run) if _is_late(reading, run, c)), None)
        if late is not None:
            how = type(late.end).__name__.lower()
            yield Violation(
                f"run {run.run} ends after {late.name} has",
                f"run {run.run} ended first",
                f"{before}.count('{late.name} started') == {before}.count('{late.name} {how}')",
            )
        elif after is not None:
            yield Violation(
                f"{after.name} starts and ends before run {run.run} does",
                f"{after.name} started after run {run.run} had ended",
                f"'{after.name} started' in {before}",
            )
        elif calls:
            yield HELD


def _is_late(reading: Reading, run: RunOf, call: Call) -> bool:
    """Whether a call after a run is the first of a task that was added before the run ended."""
    return call is reading.calls_of(call.task)[0] and reading.adds_to(run)[call.task] > 0


@check("RUN-3")
def empty_run_ends(reading: Reading) -> Iterator[Judgement]:
    """An empty run ends, without error; one after a failure elsewhere is ERR-8's."""
    yield from hung(reading, "RUN-3")
    failed = min((call.at for call in reading.calls if call.failed), default=len(reading.events))
    for run in reading.runs:
        if _was_added_to(reading, run) or run.began > failed:
            continue
        if run.end is None or run.expired or run.cancelled_at is not None:
            continue
        if reading.shared_by_runs(run):
            continue
        if run.end.way is seen.Way.RETURNED:
            yield HELD
        elif run.first:  # a later one that is refused is RUN-6's
            yield Violation(
                f"run {run.run}, of nothing, ends without error",
                _how(run, run.end),
                f"any(line.startswith('run {run.run} returned') for line in log)",
            )


def _was_added_to(reading: Reading, run: RunOf) -> bool:
    """Whether anybody added to a run's container, or tried to, before it ended."""
    tried = (at for at, e in reading.of(seen.Refused) if e.container == run.container)
    added = (add.at for add in reading.adds if add.container == run.container)
    return min((*tried, *added), default=run.ended) < run.ended


def _how(run: RunOf, end: seen.RunEnded) -> str:
    """How a run ended, in words."""
    match end.way:
        case seen.Way.RAISED:
            return f"run {run.run} raised {end.error}"
        case seen.Way.CANCELLED:
            return f"run {run.run} was cancelled by nobody"
        case seen.Way.RETURNED:
            return f"run {run.run} returned" + ("" if end.value == "None" else f" a {end.value}")


@check("RUN-4")
def gives_nothing_back(reading: Reading) -> Iterator[Judgement]:
    """What tasks return has no effect, and the run returns None."""
    yield from judged(reading, "RUN-4")
    yield from repeated(reading, "RUN-4")
    for run in reading.runs:
        if run.end is None or run.expired or run.cancelled_at is not None:
            continue
        if run.end.way is seen.Way.RETURNED:
            kept = run.end.value == "None"
        elif not reading.beside(run) and _ran_well(reading, run):
            kept = False
        else:
            continue
        if kept:
            yield HELD
        else:
            yield Violation(
                f"run {run.run} returns None",
                _how(run, run.end),
                f"'run {run.run} returned' in log",
            )


def _ran_well(reading: Reading, run: RunOf) -> bool:
    """Whether a run called all that was new to it, and nothing failed or is to be refused."""
    calls = reading.calls_in(run)
    called = Counter(call.task for call in calls)
    waiting = Counter(add.task for add in reading.waiting_for(run))
    return (
        bool(waiting)
        and waiting <= called
        and not any(reading.fails(call.task) for call in reading.calls)
        and all(isinstance(call.end, seen.Ended) for call in calls)
        and not any(reading.shape(task) in REFUSED_AT_THE_RUN for task in waiting)
        and all(add.by == -1 for add in reading.adds)  # else RUN-5's
        and all(add.by == -1 for add in reading.refusals)
    )


@check("RUN-7")
def adds_after_a_run_count(reading: Reading) -> Iterator[Judgement]:
    """An add after a run is run by the next."""
    yield from judged(reading, "RUN-7")
    yield from hung(reading, "RUN-7")
    for at, event in reading.of(seen.Refused):
        if event.by == -1 and any(run.ended < at for run in reading.runs_of(event.container)):
            yield HELD  # aloud


@check("RUN-8")
def runs_beside_another(reading: Reading) -> Iterator[Judgement]:
    """Two containers run at once on one loop."""
    yield from hung(reading, "RUN-8")
    yield from judged(reading, "RUN-8")
    for at, event in reading.of(seen.Expired):
        other = event.what.removeprefix("the start of ")
        if event.task >= 0 and other in _due_beside(reading, event.task, at):
            yield Violation(
                f"{other} starts while t{event.task}, of another container, waits for it",
                f"{other} did not start until t{event.task} had ended",
                f"'t{event.task} waited in vain for the start of {other}' not in log",
            )
    for run in reading.runs:
        if not reading.beside(run) or reading.shared_by_runs(run) or run.end is None:
            continue
        if run.expired or any(o.cancelled_at is not None for o in (run, *reading.beside(run))):
            continue
        if run.first and run.end.way is not seen.Way.RETURNED and _ran_well(reading, run):
            yield Violation(
                f"run {run.run} returns, whatever else runs at the same time",
                _how(run, run.end),
                f"'run {run.run} returned' in log",
            )


def _due_beside(reading: Reading, waiting: int, at: int) -> set[str]:
    """The names of the tasks of other containers that are due in the runs in progress."""
    return {
        f"t{add.task}"
        for run in reading.runs
        if run.began < at < run.ended and run.container not in reading.containers_of(waiting)
        for add in reading.waiting_for(run)
    }


@check("RUN-10")
def releases_arguments(reading: Reading) -> Iterator[Judgement]:
    """A task's arguments are released once it has ended."""
    if any(call.failed for call in reading.calls) or reading.overlapping:
        return
    for at, event in reading.of(seen.Released):
        if sum(add.task == event.task for add in reading.adds) > 1:
            continue  # the arguments of the last add go by that name
        if event.at >= 0 and not _is_past(reading, event.task, at):
            continue
        when = f"when t{event.at} starts" if event.at >= 0 else "after the run"
        if event.gone:
            yield HELD
        else:
            yield Violation(
                f"what t{event.task} was given is let go of once t{event.task} has ended",
                f"it was still held {when}",
                f'"t{event.task}\'s argument is held {when}" not in log',
            )


def _is_past(reading: Reading, task: int, at: int) -> bool:
    """Whether another task has come and gone since this one, whose thread has long moved on."""
    last = max((c for c in reading.calls_of(task) if c.over < at), key=lambda call: call.over)
    between = [c for c in reading.calls if last.over < c.at and c.over < at and c.task != task]
    turned = {event.task for _, event in reading.of(seen.Turned)}
    on_loop = last.start.place is seen.Place.LOOP
    # A worker thread has, once another task stayed in a thread while the loop turned.
    return bool(between) and (on_loop or any(call.task in turned for call in between))
