"""Small plans for the chapter ORD: tasks that give the others a chance to overlap or overtake."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product

from bgspec_conformance.plan import Action, Add, Linger, Plan, Raise, Run, Suspend, Task, Write
from bgspec_conformance.small.case import BOTH, IN_THREAD, ON_LOOP, Case, simple
from bgspec_conformance.vocabulary import Shape, Suspension, Value

__all__ = ["cases"]

SLOW_SYNC = Task(Shape.FUNCTION, (Value.SHARED,), body=(Linger(3), Write()))
SLOW_ASYNC = Task(Shape.ASYNC_FUNCTION, (Value.SHARED,), body=(Suspend(times=3), Write()))
SLOW = (SLOW_SYNC, SLOW_ASYNC)


def cases() -> Iterator[Case]:
    """What overlaps, then what overtakes, then what is not read."""
    yield from _one_at_a_time()
    yield from _in_order()
    yield from _written()


def _one_at_a_time() -> Iterator[Case]:
    for size in (2, 3):
        for mix in product(SLOW, repeat=size):
            yield simple("ORD-2", *mix)
    for by in Suspension:
        slow = Task(Shape.ASYNC_FUNCTION, (Value.SHARED,), body=(Suspend(by, times=9), Write()))
        yield simple("ORD-2", slow, slow, slow)
        yield simple("ORD-2", slow, SLOW_SYNC)
        yield simple("ORD-2", SLOW_SYNC, slow)
    for turns in (10, 30, 100):
        yield simple("ORD-2", Task(Shape.FUNCTION, body=(Linger(turns),)), *BOTH)
        yield simple("ORD-2", Task(Shape.ASYNC_FUNCTION, body=(Suspend(times=turns),)), *BOTH)
    failing = tuple(Task(slow.shape, body=slow.body, outcome=Raise()) for slow in SLOW)
    for slow, last in product(SLOW, repeat=2):
        equal: tuple[Action, ...] = (Add(0), Add(0), Add(1), Add(0))
        yield Case(Plan((slow, last), (*equal, Run())), "ORD-2")
        again = (Add(0), Run(), Add(1), Add(0), Add(1), Run())
        yield Case(Plan((slow, last), again), "ORD-2")
        yield simple("ORD-2", *[IN_THREAD] * 6, slow, last)
        yield simple("ORD-2", *[ON_LOOP] * 6, slow, last)
    for bad, slow in product(failing, SLOW):
        yield simple("ORD-2", bad, slow, slow)


def _in_order() -> Iterator[Case]:
    for size in (2, 3):
        for mix in product(BOTH, repeat=size):
            yield simple("ORD-1", *mix)
    for mix in product(SLOW, repeat=2):
        yield simple("ORD-1", *mix * 4)
    for order in permutations(range(3)):
        script: tuple[Action, ...] = (*(Add(index) for index in order), Run())
        yield Case(Plan((SLOW_SYNC, SLOW_ASYNC, IN_THREAD), script), "ORD-1")
    for one, other in product(BOTH, repeat=2):
        yield simple("ORD-1", *[one, other] * 6)
        yield simple("ORD-1", *[one] * 5, *[other] * 5, *[one] * 3)
        equal = (Add(0), Add(1), Add(0), Add(1), Add(1), Run())
        yield Case(Plan((one, other), equal), "ORD-1")
        later: tuple[Action, ...] = (Add(0), Run(), Add(1), Add(2), Add(3), Run())
        yield Case(Plan((one, other, one, other), later), "ORD-1")
        bad = Task(one.shape, outcome=Raise())
        yield simple("ORD-1", one, bad, other, one, other)
        adder = Task(one.shape, body=(Add(3),))
        yield Case(
            Plan((adder, other, one, other), (Add(0), Add(1), Add(2), Run(), Run())), "ORD-1"
        )


def _written() -> Iterator[Case]:
    for mix in product(SLOW, repeat=2):
        yield simple("ORD-3", *mix)
        yield simple("ORD-3", *mix * 3)
        yield Case(Plan(mix, (Add(0), Add(1), Add(0), Add(1), Run())), "ORD-3")
        yield Case(Plan(mix, (Add(0), Run(), Add(1), Run())), "ORD-3")
        yield Case(Plan(mix, (Add(0, 0), Add(1, 1), Run(0), Run(1))), "ORD-3")
    for mix in product(SLOW, repeat=3):
        yield simple("ORD-3", *mix)
    for slow in SLOW:
        yield simple("ORD-3", *[slow] * 9)
