"""Small plans for the chapter RUN: one task first, then several, again, at once, and within."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from bgspec_conformance.plan import (
    Action,
    Add,
    Await,
    Linger,
    Plan,
    Return,
    Run,
    Step,
    Suspend,
    Task,
    Together,
)
from bgspec_conformance.small.case import BOTH, FAILING, IN_THREAD, ON_LOOP, Case, add_all, simple
from bgspec_conformance.vocabulary import PLAIN, Shape, Suspension, Value

__all__ = ["cases"]

SLOW_SYNC = Task(Shape.FUNCTION, body=(Linger(3),))
SLOW_ASYNC = Task(Shape.ASYNC_FUNCTION, body=(Suspend(times=3),))
SLOW = (SLOW_SYNC, SLOW_ASYNC)


def cases() -> Iterator[Case]:
    """Those that most others rest on come first."""
    yield from _each_once()
    yield from _lasting()
    yield from _empty()
    yield from _returning()
    yield from _adding_within()
    yield from _again()
    yield from _later()
    yield from _beside()
    yield from _within()
    yield from _releasing()


def _each_once() -> Iterator[Case]:
    for size in range(1, 5):
        for mix in product(BOTH, repeat=size):
            yield simple("RUN-1", *mix)
    for size in range(5, 9):
        yield simple("RUN-1", *[IN_THREAD] * size)
        yield simple("RUN-1", *[ON_LOOP] * size)
        yield simple("RUN-1", *(BOTH * size)[:size])
        yield simple("RUN-1", *(BOTH * size)[1 : size + 1])
    for task in FAILING:
        yield simple("RUN-1", task)
        yield simple("RUN-1", IN_THREAD, ON_LOOP, task)


def _lasting() -> Iterator[Case]:
    for size in (1, 2, 3):
        for mix in product(SLOW, repeat=size):
            yield simple("RUN-2", *mix)
    for by in Suspension:
        slow = Task(Shape.ASYNC_FUNCTION, body=(Suspend(by, times=4),))
        yield simple("RUN-2", slow)
        yield simple("RUN-2", IN_THREAD, slow, slow)
    for slow in SLOW:
        yield simple("RUN-2", *[slow] * 7)
        yield simple("RUN-2", *[IN_THREAD] * 6, slow)
        yield simple("RUN-2", *[ON_LOOP] * 6, slow)
    for turns in (*range(1, 9), 16, 32, 64, 128):
        yield simple("RUN-2", Task(Shape.FUNCTION, body=(Linger(turns),)))
        yield simple("RUN-2", Task(Shape.ASYNC_FUNCTION, body=(Suspend(times=turns),)))


def _empty() -> Iterator[Case]:
    for _ in range(8):
        yield Case(Plan((), (Run(),)), "RUN-3")
    for runs in range(2, 8):
        yield Case(Plan((), (Run(),) * runs), "RUN-3")
    for containers in range(2, 8):
        yield Case(Plan((), tuple(Run(number) for number in range(containers))), "RUN-3")
    for task in (*BOTH, *SLOW):
        yield Case(Plan((task,), (Add(0), Run(0), Run(1))), "RUN-3")
        yield Case(Plan((task,), (Add(0), Run(1), Run(0), Run(2))), "RUN-3")
        yield Case(Plan((task, task), (Add(0), Add(1), Run(1), Run(0))), "RUN-3")
        yield Case(Plan((task,), (Run(1), Run(2), Add(0), Run(0))), "RUN-3")
        yield Case(Plan((task,), (Run(0), Add(0), Run(0), Run(1))), "RUN-3")


def _returning() -> Iterator[Case]:
    for value in sorted(set(Value) - {Value.WEAK, Value.SHARED, Value.NONE}):
        for shape in PLAIN:
            giving = Task(shape, outcome=Return(value))
            yield simple("RUN-4", giving)
            for after in BOTH:
                yield simple("RUN-4", giving, after, IN_THREAD)
            yield simple("RUN-4", ON_LOOP, IN_THREAD, giving, giving, ON_LOOP)


def _adding_within() -> Iterator[Case]:
    def plan(tasks: tuple[Task, ...], added: int, runs: int = 2) -> Case:
        adds = tuple(Add(index) for index in range(added))
        return Case(Plan(tasks, (*adds, *(Run() for _ in range(runs)))), "RUN-5")

    bodies: tuple[tuple[Step, ...], ...] = ((Add(1),), (Suspend(), Add(1)), (Add(1), Suspend()))
    for added in (*BOTH, *SLOW):
        yield plan((Task(Shape.FUNCTION, body=(Add(1),)), added), 1)
        yield plan((Task(Shape.FUNCTION, body=(Linger(), Add(1), Linger())), added), 1)
        for body in bodies:
            yield plan((Task(Shape.ASYNC_FUNCTION, body=body), added), 1)
    for shape, other, added in product(PLAIN, BOTH, BOTH):
        adder = Task(shape, body=(Add(2),))
        yield plan((adder, other, added), 2)
        yield plan((other, adder, added), 2)
        yield plan((Task(shape, body=(Add(1), Add(2))), other, added), 1)
        yield plan((Task(shape, body=(Add(1), Add(1))), added), 1)
        yield plan((Task(shape, body=(Add(1),)), Task(shape, body=(Add(2),)), added), 1, runs=3)
        many = [other] * 6
        yield plan((*many, Task(shape, body=(Add(7),)), added), 7)
    for shape in PLAIN:
        fan = Task(shape, body=tuple(Add(index) for index in range(1, 10)))
        yield plan((fan, *(BOTH * 5)[:9]), 1)
        yield plan((*[IN_THREAD] * 8, Task(shape, body=(Add(9),)), ON_LOOP), 9)


def _again() -> Iterator[Case]:
    for size in (1, 2, 3):
        for mix in product(BOTH, repeat=size):
            yield simple("RUN-6", *mix, runs=2)
    for slow in SLOW:
        yield simple("RUN-6", slow, runs=2)
    for mix in product(BOTH, repeat=2):
        yield simple("RUN-6", *mix, runs=3)
        yield Case(Plan((*mix, IN_THREAD), (Add(0), Add(1), Run(), Add(2), Run(), Run())), "RUN-6")
    for size in (4, 6, 9):
        yield simple("RUN-6", *(BOTH * size)[:size], runs=2)
        yield simple("RUN-6", *[IN_THREAD] * size, runs=2)
        yield simple("RUN-6", *[ON_LOOP] * size, runs=2)


def _later() -> Iterator[Case]:
    for later in (*BOTH, *SLOW):
        yield Case(Plan((later,), (Run(), Add(0), Run())), "RUN-7")
        yield Case(Plan((later,), (Run(), Run(), Add(0), Run())), "RUN-7")
        for first in (*BOTH, *FAILING):
            yield Case(Plan((first, later), (Add(0), Run(), Add(1), Run())), "RUN-7")
            two: tuple[Action, ...] = (Add(0), Run(), Add(1), Add(2), Run())
            yield Case(Plan((first, later, IN_THREAD), two), "RUN-7")
        third = (Add(0), Run(), Add(1), Run(), Add(2), Run())
        yield Case(Plan((IN_THREAD, ON_LOOP, later), third), "RUN-7")
        many: tuple[Action, ...] = (*map(Add, range(6)), Run(), Add(6), Run())
        yield Case(Plan((*[ON_LOOP] * 6, later), many), "RUN-7")


def _beside() -> Iterator[Case]:
    for shape, opposite in product(PLAIN, repeat=2):
        meeting = Task(shape, body=(Await(1),)), Task(opposite, body=(Await(0),))
        yield Case(Plan(meeting, (Add(0, 0), Add(1, 1), Together((0, 1)))), "RUN-8")
        yield Case(Plan(meeting, (Add(1, 1), Add(0, 0), Together((1, 0)))), "RUN-8")
        for before, last in product(BOTH, repeat=2):
            adds = (Add(2, 0), Add(0, 0), Add(3, 1), Add(1, 1), Add(4, 0), Add(5, 1))
            six = (*meeting, before, before, last, last)
            yield Case(Plan(six, (*adds, Together((0, 1)))), "RUN-8")
    for ring in product(PLAIN, repeat=3):
        tasks = tuple(Task(s, body=(Await((n + 1) % 3),)) for n, s in enumerate(ring))
        for order in ((0, 1, 2), (2, 0, 1)):
            yield Case(Plan(tasks, (Add(0), Add(1, 1), Add(2, 2), Together(order))), "RUN-8")
    for inner in (*BOTH, *SLOW):
        for body in ((Run(1),), (Suspend(), Run(1)), (Run(1), Suspend())):
            outer = Task(Shape.ASYNC_FUNCTION, body=body)
            yield Case(Plan((outer, inner), (Add(0, 0), Add(1, 1), Run(0))), "RUN-8")
            yield Case(
                Plan((outer, inner, IN_THREAD), (Add(0), Add(1, 1), Add(2), Run(0))), "RUN-8"
            )
    for one, other in product((*BOTH, *SLOW), repeat=2):
        yield Case(Plan((one, other), (Add(0, 0), Add(1, 1), Together((0, 1)))), "RUN-8")


def _within() -> Iterator[Case]:
    for body in ((Run(),), (Suspend(), Run()), (Run(), Suspend())):
        own = Task(Shape.ASYNC_FUNCTION, body=body)
        yield simple("RUN-9", own)
        for other in BOTH:
            yield simple("RUN-9", own, other)
            yield simple("RUN-9", other, own)
            yield simple("RUN-9", other, own, IN_THREAD)
            yield simple("RUN-9", ON_LOOP, own, other, other)
            yield simple("RUN-9", *[other] * 5, own)
            yield simple("RUN-9", *[other] * 8, own)
    for size in (1, 2, 3):
        for mix in product(SLOW, repeat=size):
            yield Case(Plan(mix, (*add_all(*mix), Together((0, 0)))), "RUN-9")
    for by in Suspension:
        slow = Task(Shape.ASYNC_FUNCTION, body=(Suspend(by, 5),))
        for others in ((), (IN_THREAD,), (ON_LOOP,), (slow,), (IN_THREAD, slow)):
            tasks = (slow, *others)
            yield Case(Plan(tasks, (*add_all(*tasks), Together((0, 0)))), "RUN-9")


def _releasing() -> Iterator[Case]:
    for shape in (*PLAIN, Shape.PARTIAL, Shape.ASYNC_PARTIAL):
        for weak in (
            Task(shape, (Value.WEAK,)),
            Task(shape, (Value.NONE, Value.WEAK)),
            Task(shape, (Value.NONE,), (("value", Value.WEAK),)),
        ):
            yield simple("RUN-10", weak)
            yield simple("RUN-10", weak, SLOW_SYNC, IN_THREAD)
            yield simple("RUN-10", IN_THREAD, weak, SLOW_SYNC, ON_LOOP, ON_LOOP)
    for shape in PLAIN:
        weak = Task(shape, (Value.WEAK,))
        yield simple("RUN-10", *[IN_THREAD] * 6, weak, SLOW_SYNC, ON_LOOP)
        yield simple("RUN-10", weak, weak, SLOW_SYNC, weak, ON_LOOP)
        yield simple("RUN-10", weak, *[SLOW_SYNC] * 9)
        yield simple("RUN-10", Task(shape, (Value.WEAK,), outcome=Return(Value.LIST)), IN_THREAD)
