"""Small plans for the chapter CALL: every shape in every position, every way to suspend."""

from __future__ import annotations

from collections.abc import Iterator

from bgspec_conformance.plan import (
    Action,
    Add,
    CallBack,
    Linger,
    Plan,
    Run,
    Suspend,
    Task,
    Together,
)
from bgspec_conformance.shapes import BINDS
from bgspec_conformance.small.case import (
    BOTH,
    FAILING,
    IN_THREAD,
    ON_LOOP,
    SUSPENDS,
    Case,
    add_all,
    simple,
)
from bgspec_conformance.vocabulary import (
    ASYNC,
    ASYNC_GENERATORS,
    AWAITABLE,
    GENERATORS,
    PLAIN,
    SYNC,
    Shape,
    Suspension,
    Value,
)

__all__ = ["cases"]

LINGERS = Task(Shape.FUNCTION, body=(Linger(2),))
CALLS_BACK = Task(Shape.FUNCTION, body=(CallBack(),))

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
    for other in (IN_THREAD, ON_LOOP, SUSPENDS):
        yield simple(focus, other, task)
        yield simple(focus, task, other)
    yield simple(focus, task, task)
    yield simple(focus, *[ON_LOOP] * 5, task)
    yield simple(focus, *[IN_THREAD] * 8, task)
    yield simple(focus, *[task] * 10)
    yield Case(Plan((IN_THREAD, task), (Add(0), Run(), Add(1), Run())), focus)
    yield Case(Plan((IN_THREAD, task), (Add(0), Add(1, 1), Run(0), Run(1))), focus)
    yield Case(Plan((task, task), (Add(0), Add(1, 1), Together((0, 1)))), focus)
    for adder in PLAIN:
        yield Case(Plan((Task(adder, body=(Add(1),)), task), (Add(0), Run(), Run())), focus)
    within = Task(Shape.ASYNC_FUNCTION, body=(Run(1),))
    yield Case(Plan((within, task), (Add(0), Add(1, 1), Run(0))), focus)


def _sync() -> Iterator[Case]:
    """CALL-1."""
    yield from _placed("CALL-1", IN_THREAD)
    for failing in FAILING:
        yield simple("CALL-1", failing, IN_THREAD)
    for shape in sorted(SYNC):
        yield simple("CALL-1", Task(shape))
        yield simple("CALL-1", ON_LOOP, Task(shape))


def _turning() -> Iterator[Case]:
    """CALL-2; a loop that does not turn takes longest to tell."""
    yield from _placed("CALL-2", LINGERS)
    for failing in FAILING:
        yield simple("CALL-2", failing, LINGERS)
    for shape in sorted(SYNC):
        yield simple("CALL-2", Task(shape, body=(Linger(),)))


def _suspending() -> Iterator[Case]:
    """CALL-3 and CALL-4."""
    for times in (1, 2, 5):
        for by in Suspension:
            task = Task(Shape.ASYNC_FUNCTION, body=(Suspend(by, times),))
            yield simple("CALL-4", task)
            yield simple("CALL-4", IN_THREAD, task, ON_LOOP)
    for by in Suspension:
        mixed = Task(Shape.ASYNC_FUNCTION, body=(Suspend(by), Suspend(), Suspend(by, 2)))
        yield simple("CALL-4", mixed, mixed)
        yield simple("CALL-4", *[ON_LOOP] * 5, mixed)
    yield from _placed("CALL-4", SUSPENDS)
    for failing in FAILING:
        yield simple("CALL-4", failing, SUSPENDS)
    for shape in sorted(ASYNC):
        yield simple("CALL-4", Task(shape, body=(Suspend(), Suspend(Suspension.EVENT))))
    arguments: tuple[Value, ...] = (Value.STRING,)
    yield simple("CALL-4", Task(Shape.ASYNC_FUNCTION, arguments, body=SUSPENDS.body))
    yield simple("CALL-4", Task(Shape.ASYNC_FUNCTION, body=(Suspend(times=LONG),)))
    yield from _placed("CALL-3", ON_LOOP)
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
        for other in BOTH:
            yield simple(focus, other, task)
            yield simple(focus, task, other)
        yield simple(focus, IN_THREAD, ON_LOOP, SUSPENDS, IN_THREAD, ON_LOOP, task)
        script: tuple[Action, ...] = (Add(0), Run(), Add(1, 1), Run(1))
        yield Case(Plan((IN_THREAD, task), script), focus)


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
        for other in BOTH:
            yield simple("CALL-7", other, task)
        yield simple("CALL-7", *[ON_LOOP] * 5, task)
        script = (*add_all(task), Add(1, 1), Run(1))
        yield Case(Plan((IN_THREAD, task), script), "CALL-7")
