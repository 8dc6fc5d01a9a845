"""Checks of the chapter ERR: errors.

A run with one failure is ERR-1's, ERR-7's or ERR-9's by what was raised, and one with several is ERR-5's, as is
one that a cancellation ended after a failure. What came of the rest of the run is ERR-3's, ERR-4's
and ERR-6's, and what came of the runs after it ERR-8's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bgspec_conformance import history as seen
from bgspec_conformance.checks.judgement import HELD, Answer, Judgement, Violation, check
from bgspec_conformance.checks.missing import judged
from bgspec_conformance.checks.reading import Call, Reading, RunOf
from bgspec_conformance.plan import ASYNC, SYNC, Cancel, Problem, Raise, Return, Shape
from bgspec_conformance.transcript import is_itself

__all__ = [
    "answers_one_way",
    "failure_surfaces",
    "generator_exceptions_surface",
    "harms_nothing_else",
    "is_the_same_object",
    "leaves_bare",
    "own_cancellation_is_told",
    "tells_every_failure",
    "undoes_nothing",
]

EXITS = frozenset({Problem.KEYBOARD_INTERRUPT, Problem.SYSTEM_EXIT})
"""What ends the process (ERR-6)."""
OF_GENERATORS = frozenset(
    {Problem.STOP_ITERATION, Problem.STOP_ASYNC_ITERATION, Problem.GENERATOR_EXIT}
)
"""What drives generators and coroutines (ERR-7)."""
SPECIAL = EXITS | OF_GENERATORS | {Problem.CANCELLED}
"""What has a clause of its own; all other exceptions are ERR-1's."""
BASES = EXITS | {Problem.GENERATOR_EXIT, Problem.CANCELLED, Problem.BASE, Problem.BASE_GROUP}
"""What ``except Exception`` does not catch, so that a run that continues may end by it."""


def _problem(reading: Reading, call: Call) -> Problem | None:
    outcome = reading.task(call.task).outcome
    return outcome.problem if isinstance(outcome, Raise) else None


def _failures(reading: Reading, run: RunOf) -> tuple[Call, ...]:
    """The calls that raised within a run; none where a failing task was called again (RUN-1)."""
    calls = reading.calls_in(run)
    failed = tuple(c for c in calls if isinstance(c.end, seen.Raised) and c.over < run.ended)
    again = any(_too_often(reading, run, calls, call.task) for call in failed)
    return () if again else failed


def _too_often(reading: Reading, run: RunOf, calls: tuple[Call, ...], task: int) -> bool:
    return sum(call.task == task for call in calls) > _adds(reading, run, task)


def _adds(reading: Reading, run: RunOf, task: int) -> int:
    """How often a task was added to a run's container before the run ended."""
    return sum(
        add.task == task and add.container == run.container and add.at < run.ended
        for add in reading.adds
    )


def _ended_runs(reading: Reading) -> Iterator[tuple[RunOf, seen.RunEnded, tuple[Call, ...]]]:
    """The runs that a failure was in, their ends, and the failures."""
    for run in reading.runs:
        if run.end is not None and not run.expired and not reading.shared_by_runs(run):
            failed = _failures(reading, run)
            if failed:
                yield run, run.end, failed


def _how(end: seen.RunEnded) -> str:
    """How a run ended, in words."""
    match end.way:
        case seen.Way.RETURNED:
            return f"run {end.run} returned"
        case seen.Way.RAISED:
            return f"run {end.run} raised {end.error}"
        case seen.Way.CANCELLED:
            return f"run {end.run} was cancelled"


def _within(reading: Reading, run: RunOf, task: int) -> str:
    """An expression for the part of the transcript with a task's calls in one run alone."""
    if all(call.run is run for call in reading.calls_of(task)) or run.end is None:
        return "log"
    return f"log[log.index('run {run.run} began'):log.index('run {run.run} ended')]"


@check("ERR-1")
def failure_surfaces(reading: Reading) -> Iterator[Judgement]:
    """The one failure of a run surfaces."""
    for run, end, failed in _ended_runs(reading):
        if len(failed) == 1 and _problem(reading, failed[0]) not in SPECIAL:
            yield from _surfaces(run, end, failed[0])


def _surfaces(run: RunOf, end: seen.RunEnded, call: Call) -> Iterator[Judgement]:
    if run.cancelled_at is not None:
        return
    if any(found.task == call.task for found in end.surfaced):
        yield HELD
    else:
        yield Violation(
            f"what {call.name} raised is raised by run {run.run}, or reached from what it raises",
            f"{_how(end)}, and what {call.name} raised is lost",
            f"'run {run.run} carries {call.name}' in log",
        )


@check("ERR-2")
def is_the_same_object(reading: Reading) -> Iterator[Judgement]:
    """What surfaces is the very object that the task raised."""
    for run, end, failed in _ended_runs(reading):
        counts = Counter(call.task for call in failed)
        for call in failed:
            if _problem(reading, call) in EXITS | {Problem.CANCELLED}:
                continue
            alike = [s for s in end.surfaced if s.task == call.task and s.call in {call.call, -1}]
            own = [s for s in alike if s.same]
            if any(is_itself(found) for found in own):
                yield HELD
            elif alike:
                found = own[0] if own else alike[0]
                line, count = f"run {run.run} is {call.name}", counts[call.task]
                yield Violation(
                    f"what {call.name} raised surfaces as the same object, raised by the run or in a "
                    "group, with its traceback",
                    _changed(call, found),
                    f"{line!r} in log" if count == 1 else f"log.count({line!r}) == {count}",
                )


def _changed(call: Call, found: seen.Surfaced) -> str:
    """What became of an exception."""
    if not found.same:
        return f"another {found.kind} like the one that {call.name} raised surfaced"
    if not found.into_task:
        return f"the traceback of what {call.name} raised does not reach into {call.name}"
    for step, through in zip(found.path, found.through, strict=True):
        if step != "member":
            return f"what {call.name} raised came as the __{step}__ of {through}"
    return f"what {call.name} raised was changed"


@check("ERR-3")
def undoes_nothing(reading: Reading) -> Iterator[Judgement]:
    """Tasks that ended before a failure are neither undone nor repeated within that run."""
    settled = next((event for _, event in reading.of(seen.Settled)), None)
    for run, _, failed in _ended_runs(reading):
        at = failed[0].over
        calls = reading.calls_in(run)
        before = {c.task for c in calls if isinstance(c.end, seen.Ended) and c.over < at}
        if not before:
            continue
        again = {
            c.task for c in calls if c.at > at and _too_often(reading, run, calls, c.task)
        } & before
        written = [f"t{event.task}" for place, event in reading.of(seen.Written) if place < at]
        left = list(settled.shared[: len(written)]) if settled is not None else written
        for task in sorted(again):
            times = _adds(reading, run, task)
            yield Violation(
                f"t{task}, which had ended before {failed[0].name} failed, is not called again",
                f"t{task} was called again after {failed[0].name} had failed",
                f"{_within(reading, run, task)}.count('t{task} started') == {times}",
            )
        if left != written:
            names = ", ".join(written)
            start = f"in the end the list holds {names},"
            yield Violation(
                f"what {names} wrote before {failed[0].name} failed stays written",
                f"of that only {', '.join(left)} is left" if left else "nothing of it is left",
                f"any(f'{{line}},'.startswith({start!r}) for line in log)",
            )
        if not again and left == written:
            yield HELD


@check("ERR-4")
def answers_one_way(reading: Reading) -> Iterator[Judgement]:
    """After an ordinary failure the tasks that follow are all called, or none is."""
    for run, _, failed in _ended_runs(reading):
        waiting = reading.waiting_for(run)
        tasks = [reading.task(add.task) for add in waiting]
        plain = all(
            task.shape in SYNC | ASYNC
            and (isinstance(task.outcome, Return) or task.outcome.problem not in SPECIAL | BASES)
            for task in tasks
        )
        other = [o for o in reading.runs_of(run.container) if o.ended < run.began]
        fresh = all(o.end is not None and o.end.way is seen.Way.RETURNED for o in other)
        first = failed[0]
        place = next((n for n, add in enumerate(waiting) if add.task == first.task), None)
        if run.cancelled_at is not None or not plain or not fresh or place is None:
            continue
        yield from _what_follows(
            reading, run, first, [add.task for add in waiting[place + 1 :] if add.by == -1]
        )


def _what_follows(
    reading: Reading, run: RunOf, failed: Call, due: list[int]
) -> Iterator[Judgement]:
    """The answer that the tasks due after a failure give."""
    calls = [call for call in reading.calls_in(run) if call.at > failed.at]
    if not due or any(call.at < failed.over for call in calls):  # overlapping is ORD-2's
        return
    called = Counter(call.task for call in calls)
    owed = Counter(due)
    missed = [task for task in owed if called[task] < owed[task]]
    met = [task for task in owed if called[task] > 0]
    task = (missed or due)[-1]
    line = f"{_within(reading, run, task)}.count('t{task} started')"
    before = sum(c.task == task and c.at <= failed.at for c in reading.calls_in(run))
    if missed and met:
        one = next((task for task in met if task not in missed), met[0])
        yield Violation(
            f"after {failed.name} has failed, all later tasks are called, or none",
            f"t{one} was called and t{task} was not"
            if one != task
            else f"t{task} was not called as often as it was added",
            f"{line} in {{{before}, {before + owed[task]}}}"
            if one == task
            else f"('t{one} started' in log) == ({line} == {before + owed[task]})",
        )
    elif missed:
        yield Answer("stop", f"{line} == {before}")
    else:
        yield Answer("continue", f"{line} >= {before + owed[task]}")


@check("ERR-5")
def tells_every_failure(reading: Reading) -> Iterator[Judgement]:
    """Of several failures every one surfaces, or is logged where something else ended the run."""
    for run, end, failed in _ended_runs(reading):
        cancelled = run.cancelled_at is not None
        leaves = cancelled or any(_problem(reading, call) in BASES for call in failed)
        if len(failed) + cancelled < 2:
            continue
        logged = {event.task for _, event in reading.of(seen.Logged)}
        counts = Counter(c.task for c in failed if _problem(reading, c) not in EXITS)
        for task, count in counts.items():
            name = f"t{task}"
            found = sum(surfaced.task == task for surfaced in end.surfaced)
            line = f"run {run.run} carries {name}"
            told = f"{line!r} in log" if count == 1 else f"log.count({line!r}) >= {count}"
            if found >= count or (leaves and task in logged):
                yield HELD
            elif not (leaves and _problem(reading, failed[-1]) is Problem.CANCELLED and _last(failed, task)):
                yield Violation(
                    f"what {name} raised surfaces" + (", or is logged" if leaves else ""),
                    f"{_how(end)}, and "
                    + (f"only {found} of {count} failures" if found else "nothing")
                    + f" of {name} is reached from that",
                    f"{told} or '{name} logged' in log" if leaves else told,
                )
