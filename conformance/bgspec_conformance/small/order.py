"""Small plans for the chapter ORD: two and three tasks, sync and async mixed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from bgspec_conformance.plan import Linger, Shape, Suspend, Suspension, Task, Value, Write
from bgspec_conformance.small.case import Case, simple

__all__ = ["cases"]

SYNC = Task(Shape.FUNCTION, (Value.SHARED,), body=(Linger(3), Write()))
ASYNC = Task(Shape.ASYNC_FUNCTION, (Value.SHARED,), body=(Suspend(times=3), Write()))


def cases() -> Iterator[Case]:
    """Two, three and six tasks in each mix, each giving the others a chance to overlap."""
    for size in (2, 3):
        for mix in product((SYNC, ASYNC), repeat=size):
            yield simple("ORD-2", *mix)
    for mix in product((SYNC, ASYNC), repeat=2):
        yield simple("ORD-1", *mix * 4)
        yield simple("ORD-3", *mix * 3)
    for by in Suspension:
        slow = Task(Shape.ASYNC_FUNCTION, body=(Suspend(by, times=2),))
        yield simple("ORD-2", slow, slow, slow)
        yield simple("ORD-2", slow, SYNC)
