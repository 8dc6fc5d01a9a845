"""Small plans for the chapter ERR: each exception, from each kind of task, in each place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from bgspec_conformance.plan import (
    Action,
    Add,
    CallBack,
    Cancel,
    Linger,
    Plan,
    Raise,
    Run,
    Suspend,
    Task,
    Write,
)
from bgspec_conformance.small.case import BOTH, IN_THREAD, ON_LOOP, SUSPENDS, Case, simple
from bgspec_conformance.values import ORDINARY
from bgspec_conformance.vocabulary import (
    ASYNC,
    AWAITABLE,
    PLAIN,
    SYNC,
    Means,
    Problem,
    Shape,
    Value,
)

__all__ = ["cases"]

EXITS = (Problem.KEYBOARD_INTERRUPT, Problem.SYSTEM_EXIT)
OF_GENERATORS = (Problem.STOP_ITERATION, Problem.STOP_ASYNC_ITERATION, Problem.GENERATOR_EXIT)
OTHER = (*ORDINARY, Problem.BASE, Problem.BASE_GROUP)
AGAIN = 16
"""Containers in a plan of `_over_and_over`."""
MANY = 48
"""Failures in a row: more than there are worker-thread tokens."""


def _failing(shape: Shape, problem: Problem, *, late: bool = False) -> Task:
    """A task that raises; after a suspension, or a stay in its thread, where it is late."""
    body = ((Suspend(times=2),) if shape is Shape.ASYNC_FUNCTION else (Linger(2),)) if late else ()
    return Task(shape, body=body, outcome=Raise(problem))


def cases() -> Iterator[Case]:
    """One failure, what follows it, several, and what becomes of everything else."""
    for shape, problem, late in product(PLAIN, OTHER, (False, True)):
        yield simple("ERR-1", _failing(shape, problem, late=late))
    for shape, problem in product(PLAIN, OTHER):
        yield simple("ERR-2", IN_THREAD, _failing(shape, problem), ON_LOOP)
    for shape in sorted(SYNC | ASYNC | AWAITABLE):
        yield simple("ERR-1", _failing(shape, Problem.VALUE_ERROR))
    for shape, other in product(PLAIN, BOTH):
        yield simple("ERR-1", *[other] * 8, _failing(shape, Problem.LOOKUP_ERROR), other)
    yield from _before_and_after()
    yield from _several()
    yield from _exits()
    yield from _elsewhere()
    yield from _own_cancellation()


def _over_and_over(focus: str, *tasks: Task, times: int = AGAIN) -> Case:
    """The tasks, added to one container after the other, each run before the next."""
    script: list[Action] = []
    for container in range(times):
        script += (Add(index, container) for index in range(len(tasks)))
        script.append(Run(container))
    return Case(Plan(tasks, tuple(script)), focus)


def _before_and_after() -> Iterator[Case]:
    writing = (
        Task(Shape.FUNCTION, (Value.SHARED,), body=(Write(),)),
        Task(Shape.ASYNC_FUNCTION, (Value.SHARED,), body=(Write(),)),
    )
    for before, shape, after in product(writing, PLAIN, BOTH):
        for problem in (Problem.VALUE_ERROR, Problem.RUNTIME_ERROR):
            yield simple("ERR-3", before, _failing(shape, problem), after)
            yield simple("ERR-3", before, before, before, _failing(shape, problem, late=True))
    for before, shape, after in product((*writing, *BOTH), PLAIN, BOTH):
        yield _over_and_over("ERR-3", before, _failing(shape, Problem.OS_ERROR), after)
    for shape, after, other in product(PLAIN, BOTH, BOTH):
        failing = _failing(shape, Problem.VALUE_ERROR)
        yield simple("ERR-4", failing, after)
        yield simple("ERR-4", other, failing, after, other)
        yield simple("ERR-4", *[other] * 5, failing, after)
    for shape, problem in product(PLAIN, ORDINARY):
        yield simple("ERR-4", _failing(shape, problem), ON_LOOP, IN_THREAD, ON_LOOP)
    for shape, other in product(PLAIN, BOTH):
        failing = _failing(shape, Problem.OS_ERROR)
        script = (Add(1), Run(), Add(0), Add(1), Run())
        yield Case(Plan((failing, other), script), "ERR-4")
        equal = (Add(1), Add(1), Add(0), Add(1), Add(0), Run())
        yield Case(Plan((failing, other), equal), "ERR-4")


def _several() -> Iterator[Case]:
    for mix in product(PLAIN, repeat=2):
        for problems in product((Problem.VALUE_ERROR, Problem.OS_ERROR, Problem.GROUP), repeat=2):
            yield simple("ERR-5", *map(_failing, mix, problems))
    for mix in product(PLAIN, repeat=3):
        yield simple("ERR-5", *(_failing(shape, Problem.VALUE_ERROR) for shape in mix))
    for shape, other in product(PLAIN, repeat=2):
        one = _failing(shape, Problem.VALUE_ERROR)
        for problem in (*EXITS, Problem.BASE):
            yield simple("ERR-5", one, _failing(other, problem))
            yield simple("ERR-5", one, one, _failing(other, problem))
    for shape, means in product(PLAIN, Means):
        one = _failing(shape, Problem.VALUE_ERROR)
        cancelled = Task(Shape.ASYNC_FUNCTION, body=(Cancel(means),))
        yield simple("ERR-5", one, cancelled)
        yield simple("ERR-5", one, one, cancelled)
        yield simple("ERR-5", one, IN_THREAD, one, ON_LOOP, cancelled)
    for shape in PLAIN:
        one = _failing(shape, Problem.VALUE_ERROR)
        yield simple("ERR-5", *[one] * 7)
        for times in (2, 3):
            yield Case(Plan((one,), (*[Add(0)] * times, Run())), "ERR-5")


def _exits() -> Iterator[Case]:
    for shape, problem, after in product(PLAIN, EXITS, BOTH):
        yield simple("ERR-6", _failing(shape, problem))
        yield simple("ERR-6", _failing(shape, problem), after)
        yield simple("ERR-6", after, _failing(shape, problem), after)
        yield simple("ERR-6", after, _failing(shape, problem, late=True), after)
        yield simple("ERR-6", *[after] * 5, _failing(shape, problem), after)
        yield _over_and_over("ERR-6", _failing(shape, problem), after)
    for shape, problem, after in product(PLAIN, OF_GENERATORS, BOTH):
        yield simple("ERR-7", _failing(shape, problem))
        yield simple("ERR-7", after, _failing(shape, problem))
        yield simple("ERR-7", _failing(shape, problem), after)
        yield simple("ERR-7", after, _failing(shape, problem, late=True), after)
        yield _over_and_over("ERR-7", _failing(shape, problem), after)


def _elsewhere() -> Iterator[Case]:
    well = (Task(Shape.FUNCTION, body=(Linger(2), CallBack())), SUSPENDS)
    problems = (
        Problem.VALUE_ERROR, Problem.GROUP, Problem.BASE, *EXITS, *OF_GENERATORS, Problem.CANCELLED
    )  # fmt: skip
    for shape, problem, other in product(PLAIN, problems, well):
        tasks = (_failing(shape, problem), other, *BOTH, *BOTH)
        adds = (Add(2, 0), Add(3, 0), Add(0, 0), Add(1, 1), Add(4, 1), Add(5, 1))
        after: tuple[Action, ...] = (*adds, Run(0), Run(1))
        yield Case(Plan(tasks, after), "ERR-8")
        later: tuple[Action, ...] = (*adds[:3], Run(0), *adds[3:], Run(1))
        yield Case(Plan(tasks, later), "ERR-8")
    for shape, problem in product(PLAIN, (Problem.OS_ERROR, *EXITS)):
        failing = _over_and_over("ERR-8", _failing(shape, problem), times=MANY).plan
        assert isinstance(failing, Plan)
        script = (*failing.script, *(Add(index, MANY) for index in (1, 2)), Run(MANY))
        yield Case(Plan((*failing.tasks, *well), script), "ERR-8")


def _own_cancellation() -> Iterator[Case]:
    for shape in PLAIN:
        own = _failing(shape, Problem.CANCELLED)
        yield simple("ERR-9", own)
        for before, after in product(BOTH, repeat=2):
            yield simple("ERR-9", before, own)
            yield simple("ERR-9", own, after)
            yield simple("ERR-9", before, own, after)
        yield simple("ERR-9", _failing(shape, Problem.CANCELLED, late=True))
        yield _over_and_over("ERR-9", own)
        yield _over_and_over("ERR-9", own, IN_THREAD, ON_LOOP)
    for shape in sorted((SYNC | ASYNC) - {*PLAIN}):
        yield simple("ERR-9", _failing(shape, Problem.CANCELLED))
