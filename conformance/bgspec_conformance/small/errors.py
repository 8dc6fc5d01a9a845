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
    Problem,
    Raise,
    Run,
    Shape,
    Suspend,
    Task,
    Value,
    Write,
)
from bgspec_conformance.small.case import Case, simple
from bgspec_conformance.strategies import ORDINARY

__all__ = ["cases"]

SYNC = Task(Shape.FUNCTION)
ASYNC = Task(Shape.ASYNC_FUNCTION)
BOTH = (SYNC, ASYNC)
PLAIN = (Shape.FUNCTION, Shape.ASYNC_FUNCTION)
EXITS = (Problem.KEYBOARD_INTERRUPT, Problem.SYSTEM_EXIT)
OF_GENERATORS = (Problem.STOP_ITERATION, Problem.STOP_ASYNC_ITERATION, Problem.GENERATOR_EXIT)
OTHER = (*ORDINARY, Problem.BASE, Problem.BASE_GROUP)


def _failing(shape: Shape, problem: Problem, *, late: bool = False) -> Task:
    """A task that raises; after a suspension, or a stay in its thread, where it is late."""
    body = ((Suspend(times=2),) if shape is Shape.ASYNC_FUNCTION else (Linger(2),)) if late else ()
    return Task(shape, body=body, outcome=Raise(problem))


def cases() -> Iterator[Case]:
    """One failure, what follows it, several, and what becomes of everything else."""
    for shape, problem, late in product(PLAIN, OTHER, (False, True)):
        yield simple("ERR-1", _failing(shape, problem, late=late))
    for shape, problem in product(PLAIN, OTHER):
        yield simple("ERR-2", SYNC, _failing(shape, problem), ASYNC)
    yield from _before_and_after()
    yield from _several()
    yield from _exits()
    yield from _elsewhere()
    yield from _own_cancellation()


def _before_and_after() -> Iterator[Case]:
    writing = (
        Task(Shape.FUNCTION, (Value.SHARED,), body=(Write(),)),
        Task(Shape.ASYNC_FUNCTION, (Value.SHARED,), body=(Write(),)),
    )
    for before, shape, after in product(writing, PLAIN, BOTH):
        for problem in (Problem.VALUE_ERROR, Problem.RUNTIME_ERROR):
            yield simple("ERR-3", before, _failing(shape, problem), after)
            yield simple("ERR-3", before, before, before, _failing(shape, problem, late=True))
    for shape, after, other in product(PLAIN, BOTH, BOTH):
        failing = _failing(shape, Problem.VALUE_ERROR)
        yield simple("ERR-4", failing, after)
        yield simple("ERR-4", other, failing, after, other)
        yield simple("ERR-4", *[other] * 5, failing, after)
    for shape, problem in product(PLAIN, ORDINARY):
        yield simple("ERR-4", _failing(shape, problem), ASYNC, SYNC, ASYNC)


def _several() -> Iterator[Case]:
    for mix in product(PLAIN, repeat=2):
        for problems in product((Problem.VALUE_ERROR, Problem.OS_ERROR, Problem.GROUP), repeat=2):
            yield simple("ERR-5", *map(_failing, mix, problems))
    for mix in product(PLAIN, repeat=3):
        yield simple("ERR-5", *(_failing(shape, Problem.VALUE_ERROR) for shape in mix))
    for shape, problem in product(PLAIN, (*EXITS, Problem.BASE)):
        yield simple("ERR-5", _failing(shape, Problem.VALUE_ERROR), _failing(shape, problem))
    for shape in PLAIN:
        one = _failing(shape, Problem.VALUE_ERROR)
        yield simple("ERR-5", one, Task(Shape.ASYNC_FUNCTION, body=(Cancel(),)))
        yield simple("ERR-5", one, one, Task(Shape.ASYNC_FUNCTION, body=(Cancel(),)))
        yield simple("ERR-5", *[one] * 7)


def _exits() -> Iterator[Case]:
    for shape, problem, after in product(PLAIN, EXITS, (SYNC, ASYNC)):
        yield simple("ERR-6", _failing(shape, problem))
        yield simple("ERR-6", _failing(shape, problem), after)
        yield simple("ERR-6", after, _failing(shape, problem), after)
        yield simple("ERR-6", after, _failing(shape, problem, late=True), after)
        yield simple("ERR-6", *[after] * 5, _failing(shape, problem), after)
    for shape, problem, after in product(PLAIN, OF_GENERATORS, (SYNC, ASYNC)):
        yield simple("ERR-7", _failing(shape, problem))
        yield simple("ERR-7", after, _failing(shape, problem))
        yield simple("ERR-7", _failing(shape, problem), after)
        yield simple("ERR-7", after, _failing(shape, problem, late=True), after)


def _elsewhere() -> Iterator[Case]:
    well = (
        Task(Shape.FUNCTION, body=(Linger(2), CallBack())),
        Task(Shape.ASYNC_FUNCTION, body=(Suspend(times=2),)),
    )
    problems = (Problem.VALUE_ERROR, Problem.BASE, *EXITS, *OF_GENERATORS)
    for shape, problem, other in product(PLAIN, problems, well):
        tasks = (_failing(shape, problem), other, SYNC, ASYNC)
        adds = (Add(0, 0), Add(1, 1), Add(2, 1), Add(3, 1))
        after: tuple[Action, ...] = (*adds, Run(0), Run(1))
        yield Case(Plan(tasks, after), "ERR-8")
        later: tuple[Action, ...] = (Add(0, 0), Run(0), *adds[1:], Run(1))
        yield Case(Plan(tasks, later), "ERR-8")


def _own_cancellation() -> Iterator[Case]:
    for shape in PLAIN:
        own = _failing(shape, Problem.CANCELLED)
        for _ in range(6):
            yield simple("ERR-9", own)
        for before, after in product(BOTH, repeat=2):
            yield simple("ERR-9", before, own)
            yield simple("ERR-9", own, after)
            yield simple("ERR-9", before, own, after)
        yield simple("ERR-9", _failing(shape, Problem.CANCELLED, late=True))
