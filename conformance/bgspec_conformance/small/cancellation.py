"""Small plans for the chapter CAN: the run is cancelled before, within and between its tasks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from bgspec_conformance.plan import Add, Cancel, Means, Plan, Run, Shape, Suspend, Task, Write
from bgspec_conformance.small.case import Case, add_all, simple

__all__ = ["cases"]

SYNC = Task(Shape.FUNCTION)
ASYNC = Task(Shape.ASYNC_FUNCTION)
BOTH = (SYNC, ASYNC)
SLOW = Task(Shape.ASYNC_FUNCTION, body=(Suspend(times=2),))


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
                yield simple("CAN-3", SLOW, task, *[after] * 3)
                yield simple("CAN-5", after, task, SYNC, ASYNC)
                yield simple("CAN-5", task, SYNC, after, SYNC, ASYNC)
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
        yield simple("CAN-6", shielded, *[ASYNC] * 6)


def _equal(cancelled: Task) -> Iterator[Case]:
    """Equal adds around the task that has the run cancelled."""
    for other in BOTH:
        script = (Add(1), Add(0), Add(1), Add(1), Run())
        yield Case(Plan((cancelled, other), script), "CAN-5")


def _sync(means: Means) -> Iterator[Case]:
    """A sync task in progress, and what comes after it."""
    focus = "CAN-4" if means is Means.SCOPE else "CAN-7"
    task = Task(Shape.FUNCTION, body=(Cancel(means),))
    for _ in range(8):
        yield simple(focus, task)
    for size in range(1, 5):
        for before in BOTH:
            yield simple(focus, *[before] * size, task)
    for mix in product(BOTH, repeat=2):
        yield simple("CAN-6", task, *mix)
        yield simple("CAN-6", *mix, task, *mix)
    yield simple("CAN-6", task, ASYNC, ASYNC, ASYNC)
    yield simple("CAN-6", *[SYNC] * 5, task, ASYNC)


def _not_started(means: Means) -> Iterator[Case]:
    """A run that is cancelled before it begins."""
    yield Case(Plan((), (Run(cancelled=means),)), "CAN-6")
    for size in (1, 2, 3):
        for mix in product(BOTH, repeat=size):
            yield Case(Plan(mix, (*add_all(*mix), Run(cancelled=means))), "CAN-6")
    mixed = (ASYNC, SYNC) * 3
    yield Case(Plan(mixed, (*add_all(*mixed), Run(cancelled=means))), "CAN-5")
