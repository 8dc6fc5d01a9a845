"""Checks of the chapter ADD: adding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bgspec_conformance import history as seen
from bgspec_conformance.checks.arrivals import Arrival, arrivals
from bgspec_conformance.checks.judgement import HELD, Answer, Judgement, Violation, check
from bgspec_conformance.checks.missing import RESERVED, fits, judged
from bgspec_conformance.checks.order import in_order
from bgspec_conformance.checks.reading import Call, Reading, RunOf
from bgspec_conformance.checks.refusals import about_itself, before_the_run, refused
from bgspec_conformance.plan import MISFIT, UNCALLABLE, Shape

__all__ = [
    "adding_calls_nothing",
    "any_callable_is_taken",
    "containers_share_nothing",
    "every_add_counts",
    "misfits_are_told",
    "no_keyword_is_swallowed",
    "reserved_names_arrive",
    "returns_none",
    "threads_add_too",
    "uncallables_are_refused",
]


@check("ADD-1")
def adding_calls_nothing(reading: Reading) -> Iterator[Judgement]:
    """No task is called, and no coroutine of one made, before the run."""
    for call in reading.calls:
        if reading.shape(call.task) in UNCALLABLE:  # the plan made that coroutine
            continue
        if _precedes_its_container(reading, call) and not _others_running(reading, call):
            yield Violation(
                f"{call.name} is not called before the run",
                f"{call.name} was called before it",
                _not_before_its_run(reading, call),
            )
        elif call.start.made == "the add":
            yield Violation(
                f"no coroutine of {call.name} is made before the run",
                f"{call.name} was called by the add, and awaited by the run",
                f"'{call.name} was made at the add' not in log",
            )
        elif call.run is not None and call.run.first:
            yield HELD


@check("ADD-2")
def any_callable_is_taken(reading: Reading) -> Iterator[Judgement]:
    """Every sync callable is taken and called, whatever its shape."""
    yield from judged(reading, "ADD-2")
    yield from refused(reading, "ADD-2")


@check("ADD-3")
def every_add_counts(reading: Reading) -> Iterator[Judgement]:
    """Equal adds are separate tasks, and there is no cap."""
    yield from judged(reading, "ADD-3")
    yield from refused(reading, "ADD-3")


@check("ADD-4")
def threads_add_too(reading: Reading) -> Iterator[Judgement]:
    """Adds from threads are all kept, each thread's in its own order."""
    yield from judged(reading, "ADD-4")
    yield from refused(reading, "ADD-4")
    for run in reading.runs:
        adds = [add for add in reading.waiting_for(run) if add.by == -1 and add.thread != 0]
        if run.first and adds and not reading.overlapping:
            for thread in sorted({add.thread for add in adds}):
                own = [add.task for add in adds if add.thread == thread]
                yield from in_order(own, reading.calls_in(run))


# Keywords ------------------------------------------------------------------------------------


@check("ADD-5")
def no_keyword_is_swallowed(reading: Reading) -> Iterator[Judgement]:
    """A keyword argument reaches the function, or the add is refused with TypeError."""
    yield from judged(reading, "ADD-5")
    for arrival in arrivals(reading):
        names = [name for name, _ in arrival.kwargs if name not in RESERVED]
        yield from _names_arrived(
            arrival, names, "gets the keyword {name}, or is refused with TypeError"
        )
    for at, event in before_the_run(reading):
        task = reading.task(event.task)
        if RESERVED.issuperset(dict(task.kwargs)) or task.shape in MISFIT | UNCALLABLE:
            continue
        if event.type_error:
            yield HELD
        elif not task.args and event.thread == 0 and about_itself(reading, at, event):
            name = f"t{event.task}"
            keywords = ", ".join(key for key, _ in task.kwargs)
            yield Violation(
                f"{name} is added with {keywords}, or refused with TypeError",
                f"{name} was refused with {event.error}",
                f"'{name} added' in log or '{name} refused: TypeError' in log",
            )


@check("ADD-6")
def reserved_names_arrive(reading: Reading) -> Iterator[Judgement]:
    """So do keyword arguments called func, self, args and kwargs."""
    yield from judged(reading, "ADD-6")
    for arrival in arrivals(reading):
        names = [name for name, _ in arrival.kwargs if name in RESERVED]
        yield from _names_arrived(arrival, names, "gets the keyword {name}")
    for at, event in before_the_run(reading):
        task = reading.task(event.task)
        only = bool(task.kwargs) and RESERVED.issuperset(dict(task.kwargs))
        if only and event.thread == 0 and about_itself(reading, at, event):
            name = f"t{event.task}"
            keywords = ", ".join(key for key, _ in task.kwargs)
            yield Violation(
                f"{name} gets the keyword {keywords}",
                f"{name} was refused with {event.error}",
                f"not any(line.startswith('{name} refused: ') for line in log)",
            )


def _names_arrived(arrival: Arrival, names: list[str], expected: str) -> Iterator[Judgement]:
    """Whether a call was given keywords of these names, if it was given what was added with it."""
    if arrival.kwargs_of_another:
        return
    arrived = {name for name, _ in arrival.call.start.kwargs}
    task = arrival.call.name
    for name in names:
        if name in arrived:
            yield HELD
        else:
            yield Violation(
                f"{task} {expected.format(name=name)}",
                f"{task} was called without {name}",
                f"all(' {name}=' in line for line in log if line.startswith('{task} got '))",
            )


# What is added, and where --------------------------------------------------------------------


@check("ADD-7")
def uncallables_are_refused(reading: Reading) -> Iterator[Judgement]:
    """What cannot be called is refused with TypeError by the add."""
    for add in reading.adds:
        if reading.shape(add.task) in UNCALLABLE:
            yield _not_refused(reading, add.task, "taken")
    for _, event in before_the_run(reading):
        if reading.shape(event.task) in UNCALLABLE and event.thread == 0:
            if event.type_error:
                yield HELD
            else:
                yield _not_refused(reading, event.task, f"refused with {event.error}")


def _not_refused(reading: Reading, task: int, how: str) -> Violation:
    name = f"t{task}"
    return Violation(
        f"{name}, which is {WHAT[reading.shape(task)]}, is refused with TypeError",
        f"{name} was {how}",
        f"'{name} refused: TypeError' in log",
    )


WHAT = {
    Shape.NONE: "None",
    Shape.INTEGER: "a number",
    Shape.STRING: "a string",
    Shape.OBJECT: "an object without __call__",
    Shape.COROUTINE: "a coroutine, not a function",
}
"""What cannot be called, in words."""


@check("ADD-8")
def containers_share_nothing(reading: Reading) -> Iterator[Judgement]:
    """A task is run by its own container alone."""
    yield from judged(reading, "ADD-8")
    yield from refused(reading, "ADD-8")
    adds = Counter(add.task for add in reading.adds)
    for call in reading.calls:
        if call.run is not None or call.container == -1:
            continue
        others = _others_running(reading, call)
        runs = len([r for r in reading.runs_of(call.container) if r.began < call.at])
        again = runs > 0 and call.call >= adds[call.task] * runs
        if others and (again or _precedes_its_container(reading, call)):
            yield Violation(
                f"{call.name} is called by its own container, c{call.container}, alone",
                f"{call.name} was called{' again' if again else ''} by c{others[0].container}",
                f"log.count('{call.name} started') <= {adds[call.task] * runs}"
                if again
                else _not_before_its_run(reading, call),
            )


def _others_running(reading: Reading, call: Call) -> list[RunOf]:
    """The runs of other containers that were in progress when a task was called."""
    return [
        run
        for run in reading.runs
        if run.began < call.at < run.ended and run.container != call.container
    ]


def _precedes_its_container(reading: Reading, call: Call) -> bool:
    """Whether a task was called before any run that could have called it.

    Where its add was refused after that, or came later, nobody knows which that would have been.
    """
    containers = reading.containers_of(call.task)
    return not any(
        run.began < call.at and (run.container in containers or not containers)
        for run in reading.runs
    )


def _not_before_its_run(reading: Reading, call: Call) -> str:
    """That a task is called after its container's run began, or not at all where none did."""
    containers = reading.containers_of(call.task)
    runs = [run for run in reading.runs if run.container in containers or not containers]
    if not runs:
        return f"'{call.name} started' not in log"
    return f"log.index('run {runs[0].run} began') < log.index('{call.name} started')"


# Misfits -------------------------------------------------------------------------------------


@check("ADD-9")
def misfits_are_told(reading: Reading) -> Iterator[Judgement]:
    """Arguments that do not fit surface as a TypeError of the add, or of the run."""
    yield from judged(reading, "ADD-9")
    for _, event in before_the_run(reading):
        task = reading.task(event.task)
        if task.shape not in MISFIT or event.thread != 0:
            continue
        name = f"t{event.task}"
        if fits(task):
            yield Violation(
                f"{name} is taken, for its argument fits",
                f"{name} was refused with {event.error}",
                f"not any(line.startswith('{name} refused: ') for line in log)",
            )
        elif not event.type_error:
            yield Violation(
                f"{name}, whose arguments do not fit, is refused with TypeError, if at all",
                f"{name} was refused with {event.error}",
                f"'{name} refused: TypeError' in log or '{name} added' in log",
            )
        elif task.kwargs:  # which may be refused for its name (ADD-5)
            yield HELD
        else:
            yield Answer("at the add", f"'{name} refused: TypeError' in log")
    for run in reading.runs:
        yield from _misfits_of(reading, run)


def _misfits_of(reading: Reading, run: RunOf) -> Iterator[Judgement]:
    """How a run tells of the first misfit that was added to its container."""
    if run.end is None or run.cancelled_at is not None or not run.first or reading.overlapping:
        return
    waiting = reading.waiting_for(run)
    place, task = next(
        (
            (place, add.task)
            for place, add in enumerate(waiting)
            if reading.shape(add.task) in MISFIT and not fits(reading.task(add.task))
        ),
        (-1, -1),
    )
    called = {call.task for call in reading.calls_in(run)}
    before = [add.task for add in waiting[:place]]
    if task == -1 or any(reading.fails(t) or t not in called for t in before):
        return
    if run.end.type_error:
        yield Answer("at the run", f"'run {run.run} carries a TypeError' in log")
    else:
        yield Violation(
            f"that the arguments of t{task} do not fit is told by a TypeError",
            f"the add took it, and the run {_way(run.end)}",
            f"'t{task} refused: TypeError' in log or 'run {run.run} carries a TypeError' in log",
        )


def _way(end: seen.RunEnded) -> str:
    return f"raised {end.error}" if end.way is seen.Way.RAISED else str(end.way)


@check("ADD-10")
def returns_none(reading: Reading) -> Iterator[Judgement]:
    """The add returns None."""
    for _, event in reading.of(seen.Added):
        if event.returned == "None":
            yield HELD
        else:
            yield Violation(
                f"the add of t{event.task} returns None",
                f"it returned an object of type {event.returned}",
                f"not any(line.startswith('t{event.task} added: ') for line in log)",
            )
