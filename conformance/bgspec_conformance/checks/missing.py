"""Missing calls: accepted adds that were never called, and the one clause that each is charged to.

A task that is never called breaks a different promise where it is a lambda around a coroutine
function, an equal add, one of forty, or added from a thread. One fault should fail one clause, so
the charge is decided here, once, from what is special about the add; a task that is special in
nothing is RUN-1's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from bgspec_conformance import history as seen
from bgspec_conformance.checks.judgement import HELD, Judgement, Violation
from bgspec_conformance.checks.reading import AcceptedAdd, Reading, RunOf
from bgspec_conformance.plan import Return, Task
from bgspec_conformance.vocabulary import (
    ASYNC,
    ASYNC_GENERATORS,
    AWAITABLE,
    GENERATORS,
    MISFIT,
    SYNC,
    UNCALLABLE,
    Shape,
    Value,
)

__all__ = [
    "MANY",
    "RESERVED",
    "Expected",
    "expected_calls",
    "fits",
    "judged",
    "missing",
    "returns_something",
    "special",
]

MANY = 8
"""Adds to one container beyond which a missing one shows a cap (ADD-3)."""

RESERVED = frozenset({"func", "self", "args", "kwargs"})
"""The names of keyword arguments that ADD-6 speaks for; ADD-5 speaks for all others."""

ORDINARY = frozenset(
    {
        Value.TRUE,
        Value.STRING,
        Value.OBJECT,
        Value.FUNCTION,
        Value.TYPE,
        Value.EXCEPTION,
        Value.SHARED,
    }
)
"""Positional arguments that hardly anything stumbles over."""

BY_SHAPE: dict[Shape, str] = {
    **dict.fromkeys(SYNC - {Shape.FUNCTION}, "ADD-2"),
    **dict.fromkeys(ASYNC, "CALL-5"),
    **dict.fromkeys(AWAITABLE, "CALL-6"),
    **dict.fromkeys(GENERATORS | ASYNC_GENERATORS, "CALL-7"),
    **dict.fromkeys(UNCALLABLE, "ADD-7"),
    **dict.fromkeys(MISFIT, "ADD-9"),
}
"""The clause that speaks for each shape but the plain function."""

REFUSED_AT_THE_RUN = GENERATORS | ASYNC_GENERATORS | UNCALLABLE | MISFIT | AWAITABLE
"""Shapes at which a run may stop with an error, as at a failing task."""


@dataclass(frozen=True, slots=True)
class Expected:
    """An accepted add that a run had to call.

    Attributes:
        add: which.
        run: the run.
        called: whether it was.
        clause: the clause that speaks for it.
    """

    add: AcceptedAdd
    run: RunOf
    called: bool
    clause: str


@lru_cache(maxsize=1)  # every check asks, one after the other
def expected_calls(reading: Reading) -> tuple[Expected, ...]:
    """The calls that every implementation owes, whatever its answers.

    They are those of the adds made since the container's last run, up to the first failure,
    cancellation or refusal of the run.
    """
    return tuple(_expected_calls(reading))


def _expected_calls(reading: Reading) -> Iterator[Expected]:
    shapes = Counter(reading.shape(call.task) for call in reading.calls if call.run is not None)
    for run in reading.runs:
        if reading.shared_by_runs(run):  # RUN-9's
            continue
        counts = Counter(call.task for call in reading.calls_in(run))
        astray = Counter(call.task for call in reading.calls if call.run is None)
        waiting = reading.waiting_for(run)
        adds = Counter(_callable(reading, add.task) for add in waiting)
        for place, add in enumerate(waiting):
            if add.by != -1:  # while running: RUN-5's
                continue
            called = counts[add.task] > 0
            counts[add.task] -= called
            if not called and astray[add.task]:  # before: ADD-1's or ADD-8's; after: RUN-2's
                astray[add.task] -= 1
                continue
            if not called and _excused(reading, run, add):
                break
            shape = reading.shape(add.task)
            equal = adds[_callable(reading, add.task)]
            clause = special(reading, run, waiting, place, equal)
            alone = shapes[shape] == called
            if shape in BY_SHAPE and (alone or shape is not Shape.ASYNC_FUNCTION):
                plain = clause == "RUN-1"  # where it is not, was it the shape, or that?
                clause = BY_SHAPE[shape] if plain or (called and alone) else ""
            yield Expected(add, run, called, _laden(reading.task(add.task), clause))
            if not called or _may_stop_at(reading, run, add):
                break


def _callable(reading: Reading, task: int) -> int | Shape:
    """What makes adds equal: the task, but for a builtin, which is the same for all."""
    shape = reading.shape(task)
    return shape if shape is Shape.BUILTIN else task


def missing(reading: Reading, clause: str) -> Iterator[Expected]:
    """The owed calls that one clause speaks for, made or missing."""
    for owed in expected_calls(reading):
        if owed.clause == clause:
            yield owed


def judged(reading: Reading, clause: str) -> Iterator[Judgement]:
    """The same as judgements."""
    for owed in missing(reading, clause):
        if owed.called:
            yield HELD
            continue
        name = f"t{owed.add.task}"
        adds = sum(add.task == owed.add.task for add in reading.waiting_for(owed.run))
        calls = sum(call.run is owed.run for call in reading.calls_of(owed.add.task))
        span = reading.part_with(owed.run, owed.add.task)
        if adds == 1:
            yield Violation(
                f"{name} is called, for it was added",
                f"{name} was never called",
                f"'{name} started' in {span}",
            )
        else:
            yield Violation(
                f"{name} is called {_times(adds)}, for it was added {_times(adds)}",
                f"{name} was called {_times(calls)}" if calls else f"{name} was never called",
                f"{span}.count('{name} started') == {adds}",
            )


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def fits(task: Task) -> bool:
    """Whether its arguments fit a function of one parameter, which is called ``one``."""
    return (len(task.args), *dict(task.kwargs)) in {(1,), (0, "one")}


def _excused(reading: Reading, run: RunOf, add: AcceptedAdd) -> bool:
    """Whether something other than the task itself keeps it from being called."""
    if run.cancelled_at is not None or run.end is None or run.expired:
        return True
    calls = reading.calls_in(run)
    if any(call.failed for call in calls):  # one of an earlier run's, or out of turn (ORD-1)
        return True
    refused = not run.first and run.end.way is not seen.Way.RETURNED and not calls
    shape = reading.shape(add.task)
    misfit = shape in MISFIT and not fits(reading.task(add.task))
    return refused or misfit or shape in UNCALLABLE | GENERATORS | ASYNC_GENERATORS


def _may_stop_at(reading: Reading, run: RunOf, add: AcceptedAdd) -> bool:
    """Whether a run may stop at this task, by its answer to ERR-4 or by refusing it."""
    return reading.fails(add.task) or reading.shape(add.task) in REFUSED_AT_THE_RUN


def special(
    reading: Reading, run: RunOf, waiting: tuple[AcceptedAdd, ...], place: int, adds: int
) -> str:
    """The clause that speaks for an add by where, when and how often it was made."""
    add = waiting[place]
    if add.after_run:
        return "RUN-7" if adds == 1 else ""
    if add.thread != 0:
        return "ADD-4"
    if adds > 1:
        return "ADD-3"
    before = [other for other in reading.runs if other.ended < run.began]
    if any(other.end and other.end.way is not seen.Way.RETURNED for other in before):
        return "ERR-8"
    if reading.beside(run):
        return "RUN-8"
    if reading.containers > 1:
        return "ADD-8" if len(waiting) <= MANY else ""
    if len(waiting) > MANY:
        return "ADD-3"
    if any(returns_something(reading, other.task) for other in waiting[:place]):
        return "RUN-4"
    return "RUN-1"


def _laden(task: Task, clause: str) -> str:
    """The clause that speaks for an add with these arguments, where ``clause`` would without.

    Where both the arguments and something else are special, none speaks: nobody could tell which
    of the two it was, and another plan has either alone.
    """
    if not task.args and not task.kwargs:
        return clause
    if clause == "RUN-1":
        if task.kwargs:
            return "ADD-5" if RESERVED.isdisjoint(dict(task.kwargs)) else "ADD-6"
        return "RUN-1" if set(task.args) == {Value.SHARED} else "ARG-1"
    return clause if not task.kwargs and ORDINARY.issuperset(task.args) else ""


def returns_something(reading: Reading, task: int) -> bool:
    """Whether the plan has that task return anything but None."""
    outcome = reading.task(task).outcome
    return isinstance(outcome, Return) and outcome.value is not Value.NONE
