"""A case: a plan and the clause that it was made for, and shorthands to write plans with."""

from __future__ import annotations

import msgspec

from bgspec_conformance.plan import Action, Add, Plan, Run, Task

__all__ = ["Case", "add_all", "simple"]


class Case(msgspec.Struct, frozen=True):
    """One plan to carry out.

    Attributes:
        plan: what is done.
        focus: the clause that it was made for; a fault that ends the process is filed there, and
            the case is left out once the clause has failed. Empty for a plan drawn by luck.
    """

    plan: Plan
    focus: str = ""


def add_all(*tasks: Task, container: int = 0) -> tuple[Action, ...]:
    """An add for each task, in order."""
    return tuple(Add(index, container) for index in range(len(tasks)))


def simple(focus: str, *tasks: Task, runs: int = 1) -> Case:
    """The tasks are added in order to one container, which is then run."""
    return Case(Plan(tasks, (*add_all(*tasks), *(Run() for _ in range(runs)))), focus)
