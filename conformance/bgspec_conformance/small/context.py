"""Small plans for the chapter CTX: a value of its own before each add, and before each run."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from bgspec_conformance.plan import Action, Add, Plan, Raise, Run, SetVar, Suspend, Task, Together
from bgspec_conformance.small.case import BOTH, IN_THREAD, ON_LOOP, Case
from bgspec_conformance.vocabulary import ASYNC, PLAIN, SYNC, Shape, Suspension

__all__ = ["cases"]

SETTERS = (
    Task(Shape.FUNCTION, body=(SetVar("inner"),)),
    Task(Shape.ASYNC_FUNCTION, body=(SetVar("inner"),)),
    Task(Shape.ASYNC_FUNCTION, body=(Suspend(), SetVar("inner"), Suspend(Suspension.EVENT))),
    Task(Shape.ASYNC_FUNCTION, body=(SetVar("other"), Suspend(Suspension.THREAD), SetVar("inner"))),
    Task(Shape.FUNCTION, body=(SetVar("inner"),), outcome=Raise()),
    Task(Shape.ASYNC_FUNCTION, body=(SetVar("inner"),), outcome=Raise()),
)


def cases() -> Iterator[Case]:
    """What tasks see, then what of theirs is seen."""
    yield from _seen()
    yield from _shapes()
    yield from _containers()
    yield from _set()


def _valued(focus: str, *tasks: Task, order: tuple[int, ...] = ()) -> Case:
    """Each add and the run with a value of its own; the tasks added in order, or as told."""
    adds = enumerate(order or range(len(tasks)))
    parts = (part for place, task in adds for part in (SetVar(f"add {place}"), Add(task)))
    return Case(Plan(tasks, (*parts, SetVar("run"), Run())), focus)


def _seen() -> Iterator[Case]:
    """CTX-1 and CTX-2: alone, mixed, late, equal, and where adder and awaiter agree."""
    for size in (1, 2, 3):
        for mix in product(BOTH, repeat=size):
            yield _valued("CTX-1", *mix)
    for task, other in product(BOTH, repeat=2):
        yield _valued("CTX-2", *[other] * 5, task)
        yield _valued("CTX-2", *[other] * 9, task)
        yield _valued("CTX-1", task, other, order=(0, 0, 1, 0))
        script: tuple[Action, ...] = (SetVar("all"), Add(0), Add(1), Run())
        yield Case(Plan((task, other), script), "CTX-1")
        again = (SetVar("add 0"), Add(0), SetVar("run 0"), Run())
        more = (SetVar("add 1"), Add(1), SetVar("run 1"), Run())
        yield Case(Plan((task, other), (*again, *more)), "CTX-1")
        yield Case(Plan((task, other), (*again, SetVar("run 1"), Run())), "CTX-2")
        failing = Task(task.shape, outcome=Raise())
        yield _valued("CTX-1", failing, other)
    for task in BOTH:
        suspends = Task(Shape.ASYNC_FUNCTION, body=(Suspend(Suspension.THREAD),))
        yield _valued("CTX-1", suspends, task)
        yield _valued("CTX-1", *[task] * 20)


def _shapes() -> Iterator[Case]:
    """Every shape, which may hide what it is from whoever enters a context for it."""
    for shape in sorted(SYNC | ASYNC):
        yield _valued("CTX-1", Task(shape))
        yield _valued("CTX-2", ON_LOOP if shape in SYNC else IN_THREAD, Task(shape))


def _containers() -> Iterator[Case]:
    """Two containers, one after the other and together; and adds by tasks."""
    for task, other in product(BOTH, repeat=2):
        adds = (SetVar("add 0"), Add(0), SetVar("add 1"), Add(1, 1))
        runs = (SetVar("run 0"), Run(0), SetVar("run 1"), Run(1))
        yield Case(Plan((task, other), (*adds, *runs)), "CTX-1")
        yield Case(Plan((task, other), (*adds, SetVar("run"), Together((0, 1)))), "CTX-1")
    for adder, task in product(PLAIN, BOTH):
        for body in ((Add(1),), (SetVar("inner"), Add(1))):
            script = (SetVar("add 0"), Add(0), SetVar("run"), Run(), Run())
            yield Case(Plan((Task(adder, body=body), task), script), "CTX-1")


def _set() -> Iterator[Case]:
    """CTX-3: by each kind of task, seen by each kind, at once, late, in another container."""
    for setter in SETTERS:
        yield Case(Plan((setter,), (Add(0), Run())), "CTX-3")
        for task in BOTH:
            yield Case(Plan((setter, task), (Add(0), Add(1), Run())), "CTX-3")
            yield _valued("CTX-3", setter, task)
            yield _valued("CTX-3", task, setter, IN_THREAD, ON_LOOP)
            yield _valued("CTX-3", *[task] * 5, setter, task)
            script = (SetVar("add 0"), Add(0), Add(1, 1), SetVar("run"), Run(0), Run(1))
            yield Case(Plan((setter, task), script), "CTX-3")
        yield _valued("CTX-3", setter, order=(0, 0))
