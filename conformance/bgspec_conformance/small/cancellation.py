"""Small plans for the chapter CAN: the run is cancelled before, within and between its tasks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from bgspec_conformance.plan import (
    Action,
    Add,
    Cancel,
    Linger,
    Plan,
    Raise,
    Return,
    Run,
    Suspend,
    Task,
    Write,
)
from bgspec_conformance.small.case import BOTH, IN_THREAD, ON_LOOP, SUSPENDS, Case, add_all, simple
from bgspec_conformance.vocabulary import ASYNC, SYNC, Means, Shape, Suspension, Value

__all__ = ["cases"]


def cases() -> Iterator[Case]:
    """Async tasks in progress, sync ones, and those that must not start."""
    for means in Means:
        cancelled = Task(Shape.ASYNC_FUNCTION, body=(Cancel(means),))
        late = Task(Shape.ASYNC_FUNCTION, body=(Suspend(), Write(), Cancel(means)))
        for task in (cancelled, late):
            yield simple("CAN-1", task)
            for before, after in product(BOTH, repeat=2):
                yield simple("CAN-1", before, task)
                yield simple("CAN-2", task, after)
                yield simple("CAN-2", task, before, after)
                yield simple("CAN-3", before, task, after)
            for after in BOTH:
                yield simple("CAN-2", *[after] * 5, task, after)
                yield simple("CAN-3", SUSPENDS, task, *[after] * 3)
                yield simple("CAN-5", after, task, IN_THREAD, ON_LOOP)
                yield simple("CAN-5", task, IN_THREAD, after, IN_THREAD, ON_LOOP)
        for shape in sorted(ASYNC - {Shape.ASYNC_FUNCTION}):
            yield simple("CAN-1", Task(shape, body=(Cancel(means),)), ON_LOOP)
        for by in Suspension:
            slow = Task(Shape.ASYNC_FUNCTION, body=(Suspend(by),))
            yield simple("CAN-2", slow, cancelled, slow, slow)
        yield from _equal(cancelled)
        yield from _sync(means)
        yield from _not_started(means)
    for shielded in (
        Task(Shape.ASYNC_FUNCTION, body=(Cancel(shielded=True),)),
        Task(Shape.ASYNC_FUNCTION, body=(Suspend(), Cancel(shielded=True))),
    ):
        for mix in product(BOTH, repeat=2):
            yield simple("CAN-6", shielded, *mix)
            yield simple("CAN-6", *mix, shielded, *mix)
        yield simple("CAN-6", shielded, *[ON_LOOP] * 6)


def _equal(cancelled: Task) -> Iterator[Case]:
    """Equal adds around the task that has the run cancelled, and many after it."""
    for other in BOTH:
        for before, after in ((1, 2), (2, 1), (2, 3), (0, 9), (6, 6)):
            script: tuple[Action, ...] = (*[Add(1)] * before, Add(0), *[Add(1)] * after, Run())
            yield Case(Plan((cancelled, other), script), "CAN-5")


def _sync(means: Means) -> Iterator[Case]:
    """A sync task in progress, and what comes after it."""
    focus = "CAN-4" if means is Means.SCOPE else "CAN-7"
    task = Task(Shape.FUNCTION, body=(Cancel(means),))
    yield simple(focus, task)
    for shape in sorted(SYNC - {Shape.FUNCTION}):
        yield simple(focus, Task(shape, body=(Cancel(means),)))
    for body in ((Write(), Cancel(means)), (Linger(), Cancel(means)), (Cancel(means), Linger(2))):
        for outcome in (Return(), Return(Value.TRUE), Raise()):
            yield simple(focus, Task(Shape.FUNCTION, body=body, outcome=outcome))
            yield simple(focus, IN_THREAD, Task(Shape.FUNCTION, body=body, outcome=outcome))
    for size in range(1, 5):
        for before in BOTH:
            yield simple(focus, *[before] * size, task)
    for after in BOTH:
        yield simple("CAN-6", task, after)
    for mix in product(BOTH, repeat=2):
        yield simple("CAN-6", task, *mix)
        yield simple("CAN-6", *mix, task, *mix)
    yield simple("CAN-6", task, ON_LOOP, ON_LOOP, ON_LOOP)
    yield simple("CAN-6", *[IN_THREAD] * 5, task, ON_LOOP)


def _not_started(means: Means) -> Iterator[Case]:
    """A run that is cancelled before it begins."""
    yield Case(Plan((), (Run(cancelled=means),)), "CAN-6")
    for size in (1, 2, 3):
        for mix in product(BOTH, repeat=size):
            yield Case(Plan(mix, (*add_all(*mix), Run(cancelled=means))), "CAN-6")
    for shape in sorted(ASYNC - {Shape.ASYNC_FUNCTION}):
        one = Task(shape)
        yield Case(Plan((one,), (Add(0), Run(cancelled=means))), "CAN-6")
    mixed = (ON_LOOP, IN_THREAD) * 3
    yield Case(Plan(mixed, (*add_all(*mixed), Run(cancelled=means))), "CAN-5")
