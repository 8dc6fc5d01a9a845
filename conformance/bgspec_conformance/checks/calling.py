"""Checks of the chapter CALL: sync tasks on threads, async tasks on the loop."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec.structs import replace

from bgspec_conformance import history as seen
from bgspec_conformance.checks.judgement import HELD, Answer, Judgement, Violation, check
from bgspec_conformance.checks.missing import MANY, ORDINARY, judged, missing
from bgspec_conformance.checks.reading import Call, Reading, RunOf
from bgspec_conformance.plan import Raise, Run
from bgspec_conformance.transcript import lines
from bgspec_conformance.values import HASHABLE
from bgspec_conformance.vocabulary import (
    ASYNC,
    ASYNC_GENERATORS,
    AWAITABLE,
    GENERATORS,
    PLAIN,
    SYNC,
    Problem,
    Shape,
)

__all__ = [
    "any_awaitable_is_awaited",
    "async_is_awaited_to_its_end",
    "async_is_recognised",
    "async_on_the_loop",
    "calls_back",
    "generators_are_refused",
    "loop_turns",
    "sync_off_the_loop",
]

BEYOND_ERRORS = frozenset(
    {
        Problem.BASE_GROUP,
        Problem.BASE,
        Problem.GENERATOR_EXIT,
        Problem.KEYBOARD_INTERRUPT,
        Problem.SYSTEM_EXIT,
        Problem.CANCELLED,
    }
)
"""What may end a run, or the loop itself, with everything that is still in progress."""


def _named(reading: Reading, task: int) -> str:
    """A task, with its shape where that is a special one."""
    shape = reading.shape(task)
    return f"t{task}" if shape in PLAIN else f"t{task} ({shape})"


# Sync ----------------------------------------------------------------------------------------


@check("CALL-1")
def sync_off_the_loop(reading: Reading) -> Iterator[Judgement]:
    """A sync task runs in a thread that is not the loop's."""
    for call in reading.calls:
        if reading.shape(call.task) not in SYNC:
            continue
        if call.run is None:  # before it: ADD-1's; after it: RUN-2's
            continue
        if call.start.place is seen.Place.WORKER:
            yield HELD
        else:
            name = _named(reading, call.task)
            yield Violation(
                f"{name} runs on another thread than the loop",
                f"{name} ran on {call.start.place}",
                f"{f'{call.name} runs on {call.start.place}'!r} not in log",
            )


@check("CALL-2")
def loop_turns(reading: Reading) -> Iterator[Judgement]:
    """While a sync task runs, the loop turns."""
    for event in reading.events:
        match event:
            case seen.Turned():
                yield HELD
            case seen.Expired(task=task, what="a turn of the loop"):
                yield Violation(
                    f"the loop turns while t{task} is in its thread",
                    f"the loop did not turn before t{task} had ended",
                    f"'t{task} waited in vain for a turn of the loop' not in log",
                )
            case _:
                pass


@check("CALL-8")
def calls_back(reading: Reading) -> Iterator[Judgement]:
    """A sync task can call back into the loop with ``anyio.from_thread``, or cannot."""
    threads = {
        (call.task, call.call) for call in reading.calls if call.start.place is seen.Place.WORKER
    }
    for _, event in reading.of(seen.CalledBack):
        if (event.task, event.call) in threads:  # on the loop it could not: CALL-1's
            answer = "no" if event.error else "yes"
            line = f"t{event.task} called back" + (f": {event.error}" if event.error else "")
            yield Answer(answer, f"{line!r} in log")


# Async ---------------------------------------------------------------------------------------


@check("CALL-3")
def async_on_the_loop(reading: Reading) -> Iterator[Judgement]:
    """An async task runs, from its first step to its last, on the loop that runs the container."""
    for call in reading.calls:
        if reading.shape(call.task) in ASYNC:
            astray = _astray(reading, call)
            yield HELD if astray is None else astray


@check("CALL-4")
def async_is_awaited_to_its_end(reading: Reading) -> Iterator[Judgement]:
    """An async task that has started is awaited through every suspension."""
    for call in reading.calls:
        if reading.shape(call.task) in ASYNC and _astray(reading, call) is None:
            yield from _to_its_end(reading, call)


def _astray(reading: Reading, call: Call) -> Violation | None:
    """The first step of a call that another loop, or none, carried out."""
    name = _named(reading, call.task)
    expected = f"{name} runs on the loop that runs the container"
    if call.start.place is not seen.Place.LOOP:
        line = f"{call.name} runs on {call.start.place}"
        return Violation(expected, f"{name} ran on {call.start.place}", f"{line!r} not in log")
    for _, event in reading.of(seen.Resumed):
        elsewhere = event.place is not seen.Place.LOOP
        if elsewhere and (event.task, event.call) == (call.task, call.call):
            line = f"{call.name} goes on, on {event.place}"
            return Violation(expected, f"{name} went on, on {event.place}", f"{line!r} not in log")
    return None


def _to_its_end(reading: Reading, call: Call) -> Iterator[Judgement]:
    """Whether a call that the loop carries out came to its end, where nothing else ended it."""
    if call.end is None and not _all_may_end(reading):
        how = "was left at a suspension" if _suspended(reading, call) else "was left unfinished"
    elif isinstance(call.end, seen.Cancelled) and _nobody_cancelled(reading, call):
        how = "was cancelled, for which nobody had asked"
    else:
        if _suspended(reading, call) and isinstance(call.end, seen.Ended | seen.Raised):
            yield HELD
        return
    t = call.name
    yield Violation(
        f"{_named(reading, call.task)} is awaited to its end",
        f"{_named(reading, call.task)} {how}",
        f"log.count('{t} started') == log.count('{t} ended') + log.count('{t} raised')",
    )


def _suspended(reading: Reading, call: Call) -> bool:
    return any(
        (event.task, event.call) == (call.task, call.call)
        for _, event in reading.of(seen.Suspended)
    )


def _all_may_end(reading: Reading) -> bool:
    """Whether the plan or the suite may have ended more than single tasks."""
    return (
        any(run.expired or (run.end and run.end.error == "Runaway") for run in reading.runs)
        or any(isinstance(event, seen.CancelRequested) for event in reading.events)
        or any(isinstance(part, Run) and part.cancelled for part in reading.plan.script)
        or any(
            isinstance(task.outcome, Raise) and task.outcome.problem in BEYOND_ERRORS
            for task in reading.plan.tasks
        )
    )


def _nobody_cancelled(reading: Reading, call: Call) -> bool:
    """Whether a cancellation is the container's own idea.

    A task that was in progress beside it (ORD-2's) may have failed, and have taken it along.
    """
    beside = any(
        other is not call and other.at < call.over and call.at < other.over
        for other in reading.calls
        if other.run is call.run
    )
    return not beside and not _all_may_end(reading)


# Which is which ------------------------------------------------------------------------------


@check("CALL-5")
def async_is_recognised(reading: Reading) -> Iterator[Judgement]:
    """Async callables are accepted, called and awaited."""
    yield from _refused(reading, ASYNC)
    yield from _awaited(reading, "CALL-5")


@check("CALL-6")
def any_awaitable_is_awaited(reading: Reading) -> Iterator[Judgement]:
    """What a sync callable returns is awaited to its end on the loop, where it can be."""
    yield from _refused(reading, AWAITABLE)
    yield from _awaited(reading, "CALL-6")
    for call in reading.calls:
        if reading.shape(call.task) in AWAITABLE:
            astray = _astray(reading, call)
            yield from _to_its_end(reading, call) if astray is None else (astray,)


def _awaited(reading: Reading, clause: str) -> Iterator[Judgement]:
    """The owed calls that a clause speaks for; that they were not made says the run's end."""
    for owed, judgement in zip(missing(reading, clause), judged(reading, clause), strict=True):
        if isinstance(judgement, Violation):
            name = _named(reading, owed.add.task)
            how = f"{name} never ran, and {_end(owed.run)}"
            yield replace(judgement, expected=f"{name} is called and awaited", seen=how)
        else:
            yield judgement


def _end(run: RunOf) -> str:
    """How a run came to its end."""
    error = "" if run.end is None else run.end.error
    return f"the run raised {error}" if error else "the run returned without a word"


def _refused(reading: Reading, shapes: Collection[Shape]) -> Iterator[Judgement]:
    """The adds that were refused for nothing but the shape."""
    for at, event in reading.of(seen.Refused):
        task = reading.task(event.task)
        if task.shape not in shapes or task.kwargs or event.by != -1 or event.thread != 0:
            continue
        before = [add for add in reading.adds if add.at < at and add.container == event.container]
        used = any(r.container == event.container and r.began < at for r in reading.runs)
        known = any(reading.shape(add.task) is task.shape for add in reading.adds)
        laden = not (ORDINARY & HASHABLE).issuperset(task.args)  # ARG-1's
        if not used and not known and not laden and len(before) < MANY:
            name = _named(reading, event.task)
            yield Violation(
                f"{name} is accepted, called and awaited",
                f"{name} was refused: {event.error}",
                f"'t{event.task} started' in log",
            )


@check("CALL-7")
def generators_are_refused(reading: Reading) -> Iterator[Judgement]:
    """A generator function is refused with TypeError, by the add or by the run."""
    for _, event in reading.of(seen.Refused):
        if reading.shape(event.task) in GENERATORS | ASYNC_GENERATORS:
            if event.type_error:
                yield HELD
            else:
                name = _named(reading, event.task)
                yield Violation(
                    f"{name} is refused with TypeError",
                    f"{name} was refused with {event.error}",
                    f"'t{event.task} refused: {event.error}' not in log",
                )
    for run in reading.runs:
        if run.first and run.end and not run.expired and not reading.shared_by_runs(run):
            yield from _told_at_the_run(reading, run, run.end)


def _told_at_the_run(reading: Reading, run: RunOf, end: seen.RunEnded) -> Iterator[Judgement]:
    """Whether a run tells of each generator function that it was given."""
    if end.way is seen.Way.CANCELLED:
        return
    for add in reading.waiting_for(run):
        if reading.fails(add.task):  # the run may have stopped here
            return
        if reading.shape(add.task) not in GENERATORS | ASYNC_GENERATORS:
            continue
        if end.type_error:
            yield HELD
            continue
        name = _named(reading, add.task)
        started = any(call.run is run for call in reading.calls_of(add.task))
        *_, last = lines(end)
        yield Violation(
            f"{name} is refused with TypeError, by the add or at the run",
            f"{name} {'was iterated over' if started else 'never ran'}, and {_end(run)}",
            f"'t{add.task} added' not in log or {last!r} not in log",
        )
