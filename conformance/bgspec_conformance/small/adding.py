"""Small plans for the chapter ADD: each shape, keyword, thread and number of adds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from bgspec_conformance.plan import Action, Add, Plan, Race, Run, Suspend, Task
from bgspec_conformance.small.case import BOTH, IN_THREAD, ON_LOOP, Case, simple
from bgspec_conformance.values import KEYWORDS
from bgspec_conformance.vocabulary import PLAIN, SYNC, UNCALLABLE, Shape, Value

__all__ = ["cases"]

RESERVED = ("func", "self", "args", "kwargs")


def cases() -> Iterator[Case]:
    """From the plain add to the many and the odd."""
    yield from _waiting()
    yield from _shapes()
    yield from _equal_and_many()
    yield from _threads()
    yield from _races()
    yield from _keywords()
    yield from _uncallable()
    yield from _containers()
    yield from _misfits()


def _waiting() -> Iterator[Case]:
    shapes = (*PLAIN, Shape.PARTIAL, Shape.ASYNC_PARTIAL)
    for shape in (*shapes, Shape.BUILTIN, Shape.LAMBDA):
        task = Task(shape, (Value.OBJECT,))
        for size in (1, 2, 6):
            yield simple("ADD-1", *[task] * size)
        yield Case(Plan((task, task), (Add(0), Run(), Add(1), Run())), "ADD-1")
        yield Case(Plan((task, IN_THREAD), (Add(0), Add(1, thread=1), Run())), "ADD-1")
        yield Case(Plan((task,), (Add(0),)), "ADD-1")


def _shapes() -> Iterator[Case]:
    for shape in sorted(SYNC - {Shape.FUNCTION}):
        yield simple("ADD-2", Task(shape))
        yield simple("ADD-2", Task(shape, (Value.OBJECT, Value.STRING)))
        yield simple("ADD-2", Task(shape), IN_THREAD)
        yield simple("ADD-2", ON_LOOP, Task(shape))
        yield simple("ADD-2", *[IN_THREAD] * 5, Task(shape))


def _equal_and_many() -> Iterator[Case]:
    for task in (*BOTH, Task(Shape.FUNCTION, (Value.OBJECT,)), Task(Shape.METHOD)):
        for times in range(2, 7):
            yield Case(Plan((task,), (*[Add(0)] * times, Run())), "ADD-3")
        for other in BOTH:
            yield Case(Plan((task, other), (Add(0), Add(1), Add(0), Run())), "ADD-3")
            yield Case(Plan((task, other), (Add(1), Add(0), Add(0), Add(1), Run())), "ADD-3")
    for size in (9, 10, 12, 16, 17, 20, 24, 32, 33, 40, 64, 65, 100, 101, 129, 257):
        yield simple("ADD-3", *[ON_LOOP] * size)
    for size in (9, 11, 17, 33, 65, 129):
        yield simple("ADD-3", *[IN_THREAD] * size)
    yield simple("ADD-3", *[ON_LOOP] * 1025)


def _threads() -> Iterator[Case]:
    for mix in product(BOTH, repeat=2):
        for threads in product((0, 1, 2), repeat=2):
            if any(threads):
                adds = (Add(n, thread=thread) for n, thread in enumerate(threads))
                yield Case(Plan(mix, (*adds, Run())), "ADD-4")
    for mix in product(BOTH, repeat=2):
        adds = (Add(n, thread=1 + n % 2) for n in range(6))
        yield Case(Plan(mix * 3, (*adds, Run())), "ADD-4")


def _races() -> Iterator[Case]:
    for start in range(0, 240, 8):
        tasks = BOTH * 8
        pairs = tuple((2 * n, 2 * n + 1) for n in range(8))
        yield Case(Plan(tasks, (Race(pairs, start), Run())), "ADD-4")
    for start in range(0, 80, 8):
        tasks = (ON_LOOP,) * 16
        pairs = tuple((2 * n, 2 * n + 1) for n in range(8))
        yield Case(Plan((*tasks, IN_THREAD), (Add(16), Race(pairs, start), Run())), "ADD-4")


def _keywords() -> Iterator[Case]:
    plain = [name for name in KEYWORDS if name not in RESERVED]
    for name in plain:
        for shape in PLAIN:
            yield simple("ADD-5", Task(shape, (), ((name, Value.OBJECT),)))
    for name, value in product(("timeout", "name", "delay"), (Value.NONE, Value.ZERO, Value.FALSE)):
        yield simple("ADD-5", Task(Shape.FUNCTION, (), ((name, value),)))
    for shape in PLAIN:
        every = Task(shape, (Value.OBJECT,), tuple((name, Value.OBJECT) for name in plain))
        for before in range(4):
            yield simple("ADD-5", *[IN_THREAD] * 2 * before, every)
        yield simple("ADD-5", every, every)
        for name in RESERVED:
            yield simple("ADD-6", Task(shape, (), ((name, Value.OBJECT),)))
            yield simple("ADD-6", Task(shape, (Value.STRING,), ((name, Value.NONE),)))
            yield simple("ADD-6", *[IN_THREAD] * 5, Task(shape, (), ((name, Value.STRING),)))
            yield simple(
                "ADD-6", Task(shape, (), (("a", Value.OBJECT), (name, Value.OBJECT))), IN_THREAD
            )
            yield simple("ADD-6", ON_LOOP, Task(shape, (Value.OBJECT,), ((name, Value.TUPLE),)))


def _uncallable() -> Iterator[Case]:
    for shape in sorted(UNCALLABLE):
        yield simple("ADD-7", Task(shape))
    for shape in sorted(UNCALLABLE - {Shape.COROUTINE}):
        yield simple("ADD-7", Task(shape, (Value.OBJECT,)))
        for before in (1, 2, 3, 4, 5, 6):
            yield simple("ADD-7", *(BOTH * before)[:before], Task(shape))
        yield Case(Plan((Task(shape), IN_THREAD), (Add(1), Add(0), Add(1), Run())), "ADD-7")
    for before in (1, 5):
        yield simple("ADD-7", *[ON_LOOP] * before, Task(Shape.COROUTINE))


def _containers() -> Iterator[Case]:
    slow = Task(Shape.ASYNC_FUNCTION, body=(Suspend(),))
    for one, other in product((*BOTH, slow), repeat=2):
        for script in (
            (Add(0, 0), Add(1, 1), Run(0), Run(1)),
            (Add(0, 0), Add(1, 1), Run(1), Run(0)),
            (Add(0, 0), Run(0), Add(1, 1), Run(1)),
            (Add(1, 1), Add(0, 0), Run(0), Run(1)),
        ):
            yield Case(Plan((one, other), script), "ADD-8")
        third = (Add(0, 0), Add(1, 1), Add(2, 2), Run(2), Run(0), Run(1))
        yield Case(Plan((one, other, one), third), "ADD-8")
        adds = (Add(n, n % 2) for n in range(16))
        many: tuple[Action, ...] = (*adds, Run(0), Run(1))
        yield Case(Plan((one, other) * 8, many), "ADD-8")
    for one in BOTH:
        yield Case(Plan((one,), (Add(0, 0), Add(0, 1), Run(0), Run(1))), "ADD-8")
        yield Case(Plan((one,), (Add(0, 0), Run(0), Add(0, 1), Run(1))), "ADD-8")
        yield Case(Plan((one,), (Add(0, 0), Run(1))), "ADD-8")
        yield Case(Plan((one, one), (Add(0, 1), Add(1, 0), Run(0))), "ADD-8")


def _misfits() -> Iterator[Case]:
    arguments = ((), (Value.OBJECT, Value.OBJECT), (Value.NONE, Value.TRUE, Value.STRING))
    for shape, args in product((Shape.STRICT, Shape.ASYNC_STRICT), arguments):
        yield simple("ADD-9", Task(shape, args))
        yield simple("ADD-9", IN_THREAD, Task(shape, args))
        yield simple("ADD-9", ON_LOOP, Task(shape, args))
        yield simple("ADD-9", Task(shape, args), IN_THREAD)
        yield simple("ADD-9", *[IN_THREAD] * 5, Task(shape, args))
        yield simple("ADD-9", *[ON_LOOP] * 5, Task(shape, args), ON_LOOP)
    for shape in (Shape.STRICT, Shape.ASYNC_STRICT):
        yield simple("ADD-9", Task(shape, (), (("other", Value.OBJECT),)))
        yield simple("ADD-9", Task(shape, (Value.OBJECT,), (("other", Value.OBJECT),)))
        yield simple("ADD-9", Task(shape, (Value.OBJECT,)))
