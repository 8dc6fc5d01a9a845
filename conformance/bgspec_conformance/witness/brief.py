"""A brief: what a witness has to show, and what its parts ask about that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from bgspec_conformance.implementation import Recipe
from bgspec_conformance.plan import Add, Cancel, Plan, Run, Step, Together, Write
from bgspec_conformance.vocabulary import Means, Value

__all__ = ["INDENT", "Brief", "indented"]

INDENT = "    "


def indented(lines: list[str]) -> list[str]:
    """Lines, one step further in."""
    return [INDENT + line if line else "" for line in lines]


@dataclass(frozen=True)
class Brief:
    """One plan, and what is proved by its transcript.

    Attributes:
        plan: what is done.
        proof: an expression of ``log``, true where the clause is kept.
        recipe: how the implementation is used.
        backend: the event loop.
    """

    plan: Plan
    proof: str
    recipe: Recipe
    backend: str

    def tells(self, *words: str) -> bool:
        """Whether the proof speaks of lines with any of these words."""
        return any(word in self.proof for word in words)

    @property
    def tells_failures(self) -> bool:
        """Whether the proof asks which tasks' exceptions a run raised."""
        return self.tells(" carries ") or re.search(r"run \d+ is t", self.proof) is not None

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """What the bodies of all tasks do."""
        return tuple(step for task in self.plan.tasks for step in task.body)

    @cached_property
    def used(self) -> tuple[int, ...]:
        """The tasks that are added."""
        added = {add.task for add in self.plan.adds()}
        added |= {step.task for step in self.steps if isinstance(step, Add)}
        return tuple(sorted(added))

    @cached_property
    def shares(self) -> bool:
        """Whether there is a list that all tasks share."""
        given = [[*task.args, *dict(task.kwargs).values()] for task in self.plan.tasks]
        writes = any(isinstance(step, Write) for step in self.steps)
        return writes or self.tells(" reads ") or any(Value.SHARED in values for values in given)

    @cached_property
    def means(self) -> frozenset[Means]:
        """How runs are cancelled."""
        by_task = {step.by for step in self.steps if isinstance(step, Cancel)}
        runs = {action.cancelled for action in self.plan.script if isinstance(action, Run)}
        return frozenset(by_task | {means for means in runs if means is not None})

    def is_added_again(self, task: int) -> bool:
        """Whether a task is added more than once."""
        return sum(add.task == task for add in self.plan.adds()) > 1

    def may_be_called_again(self, task: int) -> bool:
        """Whether a task could be called more than once."""
        runs = sum(isinstance(action, Run | Together) for action in self.plan.script)
        nested = any(isinstance(step, Run) for step in self.steps)
        return self.is_added_again(task) or runs > 1 or nested
