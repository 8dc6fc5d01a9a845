"""Small plans for the chapter CALL: every shape in every position, every way to suspend."""

from __future__ import annotations

from collections.abc import Iterator

from bgspec_conformance.plan import (
    ASYNC,
    ASYNC_GENERATORS,
    AWAITABLE,
    GENERATORS,
    SYNC,
    Action,
    Add,
    CallBack,
    Linger,
    Plan,
    Raise,
    Run,
    Shape,
    Suspend,
    Suspension,
    Task,
    Together,
    Value,
)
from bgspec_conformance.shapes import BINDS
from bgspec_conformance.small.case import Case, add_all, simple

__all__ = ["cases"]

FUNCTION = Task(Shape.FUNCTION)
COROUTINE = Task(Shape.ASYNC_FUNCTION)
SLOW = Task(Shape.ASYNC_FUNCTION, body=(Suspend(times=2),))
LINGERS = Task(Shape.FUNCTION, body=(Linger(2),))
CALLS_BACK = Task(Shape.FUNCTION, body=(CallBack(),))
FAILS = (Task(Shape.FUNCTION, outcome=Raise()), Task(Shape.ASYNC_FUNCTION, outcome=Raise()))

LONG = 400
"""Suspensions, beyond what an implementation that counts them would wait for."""


def cases() -> Iterator[Case]:
    """The clauses in turn; what takes longest where it fails comes after what fails at once."""
    yield from _sync()
    yield from _turning()
    yield from _suspending()
    yield from _shapes("CALL-5", sorted(ASYNC))
    yield from _together(sorted(ASYNC))
    yield from _shapes("CALL-6", sorted(AWAITABLE))
    yield from _generators()
    yield from _placed("CALL-8", CALLS_BACK)


def _placed(focus: str, task: Task) -> Iterator[Case]:
    """A task alone, among others, late, and in other runs and containers than the first.

    The last three: added while running by a sync and an async task, and in a container that a task
    awaits.
    """
    yield simple(focus, task)
    for other in (FUNCTION, COROUTINE, SLOW):
        yield simple(focus, other, task)
        yield simple(focus, task, other)
    yield simple(focus, task, task)
    yield simple(focus, *[COROUTINE] * 5, task)
    yield simple(focus, *[FUNCTION] * 8, task)
    yield simple(focus, *[task] * 10)
    yield Case(Plan((FUNCTION, task), (Add(0), Run(), Add(1), Run())), focus)
    yield Case(Plan((FUNCTION, task), (Add(0), Add(1, 1), Run(0), Run(1))), focus)
    yield Case(Plan((task, task), (Add(0), Add(1, 1), Together((0, 1)))), focus)
    for adder in (Shape.FUNCTION, Shape.ASYNC_FUNCTION):
        yield Case(Plan((Task(adder, body=(Add(1),)), task), (Add(0), Run(), Run())), focus)
    within = Task(Shape.ASYNC_FUNCTION, body=(Run(1),))
    yield Case(Plan((within, task), (Add(0), Add(1, 1), Run(0))), focus)


def _sync() -> Iterator[Case]:
    """CALL-1."""
    yield from _placed("CALL-1", FUNCTION)
    for failing in FAILS:
        yield simple("CALL-1", failing, FUNCTION)
    for shape in sorted(SYNC):
        yield simple("CALL-1", Task(shape))
        yield simple("CALL-1", COROUTINE, Task(shape))


def _turning() -> Iterator[Case]:
    """CALL-2; a loop that does not turn takes longest to tell."""
    yield from _placed("CALL-2", LINGERS)
    for failing in FAILS:
        yield simple("CALL-2", failing, LINGERS)
    for shape in sorted(SYNC):
        yield simple("CALL-2", Task(shape, body=(Linger(),)))


def _suspending() -> Iterator[Case]:
    """CALL-3 and CALL-4."""
    for times in (1, 2, 5):
        for by in Suspension:
            task = Task(Shape.ASYNC_FUNCTION, body=(Suspend(by, times),))
            yield simple("CALL-4", task)
            yield simple("CALL-4", FUNCTION, task, COROUTINE)
    for by in Suspension:
        mixed = Task(Shape.ASYNC_FUNCTION, body=(Suspend(by), Suspend(), Suspend(by, 2)))
        yield simple("CALL-4", mixed, mixed)
        yield simple("CALL-4", *[COROUTINE] * 5, mixed)
    yield from _placed("CALL-4", SLOW)
    for failing in FAILS:
        yield simple("CALL-4", failing, SLOW)
    for shape in sorted(ASYNC):
        yield simple("CALL-4", Task(shape, body=(Suspend(), Suspend(Suspension.EVENT))))
    arguments: tuple[Value, ...] = (Value.STRING,)
    yield simple("CALL-4", Task(Shape.ASYNC_FUNCTION, arguments, body=(Suspend(times=2),)))
    yield simple("CALL-4", Task(Shape.ASYNC_FUNCTION, body=(Suspend(times=LONG),)))
    yield from _placed("CALL-3", COROUTINE)
    for shape in sorted(ASYNC - {Shape.CONTAINER}):
        arguments = (Value.STRING,) * (1 + BINDS.get(shape, 0))
        yield simple("CALL-3", Task(shape, arguments))
        yield simple("CALL-3", Task(shape, arguments, (("key", Value.STRING),)))


def _shapes(focus: str, shapes: list[Shape]) -> Iterator[Case]:
    """Each shape alone, with what its partial binds and one argument more, and among others."""
    for shape in shapes:
        task = Task(shape, body=(Suspend(),))
        yield simple(focus, task)
        if shape is not Shape.CONTAINER:
            arguments = (Value.STRING,) * (1 + BINDS.get(shape, 0))
            yield simple(focus, Task(shape, arguments, body=task.body))
        for other in (FUNCTION, COROUTINE):
            yield simple(focus, other, task)
            yield simple(focus, task, other)
        yield simple(focus, FUNCTION, COROUTINE, SLOW, FUNCTION, COROUTINE, task)
        script: tuple[Action, ...] = (Add(0), Run(), Add(1, 1), Run(1))
        yield Case(Plan((FUNCTION, task), script), focus)


def _together(shapes: list[Shape]) -> Iterator[Case]:
    """Shapes in twos and threes, for what is kept of one may be taken for another's."""
    for size in (2, 3):
        for start in range(0, len(shapes), size):
            yield simple("CALL-5", *(Task(shape) for shape in shapes[start : start + size]))


def _generators() -> Iterator[Case]:
    """CALL-7."""
    for shape in sorted(GENERATORS | ASYNC_GENERATORS):
        task = Task(shape)
        yield simple("CALL-7", task)
        yield simple("CALL-7", Task(shape, (Value.STRING,) * (1 + BINDS.get(shape, 0))))
        for other in (FUNCTION, COROUTINE):
            yield simple("CALL-7", other, task)
        yield simple("CALL-7", *[COROUTINE] * 5, task)
        script = (*add_all(task), Add(1, 1), Run(1))
        yield Case(Plan((FUNCTION, task), script), "CALL-7")
