"""A case: a plan and the clause that it was made for, and what plans are written with."""

from __future__ import annotations

import msgspec

from bgspec_conformance.plan import Action, Add, Plan, Raise, Run, Suspend, Task
from bgspec_conformance.request.plan import Application
from bgspec_conformance.vocabulary import PLAIN, Shape

__all__ = [
    "BOTH",
    "FAILING",
    "IN_THREAD",
    "ON_LOOP",
    "SUSPENDS",
    "Case",
    "add_all",
    "simple",
]

IN_THREAD = Task(Shape.FUNCTION)
ON_LOOP = Task(Shape.ASYNC_FUNCTION)
BOTH = (IN_THREAD, ON_LOOP)
FAILING = tuple(Task(shape, outcome=Raise()) for shape in PLAIN)
SUSPENDS = Task(Shape.ASYNC_FUNCTION, body=(Suspend(times=2),))


class Case(msgspec.Struct, frozen=True):
    """One plan to carry out.

    Attributes:
        plan: what is done.
        focus: the clause that it was made for; a fault that ends the process is filed there, and
            the case is left out once the clause has failed. Empty for a plan drawn by luck.
    """

    plan: Plan | Application
    focus: str = ""


def add_all(*tasks: Task, container: int = 0) -> tuple[Action, ...]:
    """An add for each task, in order."""
    return tuple(Add(index, container) for index in range(len(tasks)))


def simple(focus: str, *tasks: Task, runs: int = 1) -> Case:
    """The tasks are added in order to one container, which is then run."""
    return Case(Plan(tasks, (*add_all(*tasks), *(Run() for _ in range(runs)))), focus)
