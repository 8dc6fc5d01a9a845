"""Arrivals: what a call of a task was given, beside what was added.

Arguments are told apart by their names in the history. Where another task's arguments may have
arrived, whole or in part, the call is one that ARG-3 speaks for, and not ADD-5, ARG-1 and ARG-2.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from bgspec_conformance.checks.reading import Call, Reading
from bgspec_conformance.plan import Task
from bgspec_conformance.values import ALIKE, VALUES
from bgspec_conformance.vocabulary import MISFIT, UNCALLABLE, Shape, Value

__all__ = ["Arrival", "arrivals"]

NOT_AS_ADDED = UNCALLABLE | MISFIT | {Shape.CONTAINER}
"""Shapes whose work is called with something else than what is added with it."""
OF_A_TASK = re.compile(r"t(\d+)\.(?:args\[(\d+)\]|(\w+))")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call and its arguments, by name.

    Attributes:
        call: which.
        args: the positional arguments that it should have been given.
        kwargs: the keyword arguments likewise.
        strangers: other tasks' arguments that it was given.
        args_of_another: what it was given as positional arguments may be another task's.
        kwargs_of_another: the keyword arguments likewise.
    """

    call: Call
    args: tuple[str, ...]
    kwargs: tuple[tuple[str, str], ...]
    strangers: tuple[str, ...]
    args_of_another: bool
    kwargs_of_another: bool


@lru_cache(maxsize=1)  # every check asks, one after the other
def arrivals(reading: Reading) -> tuple[Arrival, ...]:
    """Each call whose arguments can be told, in order."""
    return tuple(_arrivals(reading))


def _arrivals(reading: Reading) -> Iterator[Arrival]:
    tasks = reading.plan.tasks
    adds = Counter(add.task for add in reading.adds)
    added = [_Given(_args(task, index), _kwargs(task, index)) for index, task in enumerate(tasks)]
    by_value = [given.by_value(tasks) for given in added]
    for call in reading.calls:
        task, own = reading.task(call.task), by_value[call.task]
        fresh = Value.WEAK in (*task.args, *(value for _, value in task.kwargs))
        if task.shape in NOT_AS_ADDED or (fresh and adds[call.task] > 1):
            continue
        arrived = _Given(call.start.args, call.start.kwargs)
        args_of_another = kwargs_of_another = False
        if arrived != added[call.task]:
            given = arrived.by_value(tasks)
            others = set(by_value) - {own}
            odd = Counter(given.objects) - Counter(own.objects)
            any_odd = any(not odd.keys().isdisjoint(other.objects) for other in others)
            args_of_another = given.args != own.args and bool(
                any_odd or (given.args and given.args in {other.args for other in others})
            )
            kwargs_of_another = given.kwargs != own.kwargs and bool(
                any_odd or (given.kwargs and given.kwargs in {other.kwargs for other in others})
            )
        yield Arrival(
            call,
            added[call.task].args,
            added[call.task].kwargs,
            tuple(sorted(_strangers(call))),
            args_of_another,
            kwargs_of_another,
        )


@dataclass(frozen=True, slots=True)
class _Given:
    """Arguments by name."""

    args: tuple[str, ...]
    kwargs: tuple[tuple[str, str], ...]

    def by_value(self, tasks: tuple[Task, ...]) -> _Given:
        """The same, with what is the same everywhere called by what it is."""
        return _Given(
            tuple(_told(tasks, name) for name in self.args),
            tuple((key, _told(tasks, name)) for key, name in self.kwargs),
        )

    @property
    def objects(self) -> list[str]:
        """All of them, positional or not."""
        return [*self.args, *(name for _, name in self.kwargs)]


def _args(task: Task, index: int) -> tuple[str, ...]:
    return tuple(f"t{index}.args[{place}]" for place in range(len(task.args)))


def _kwargs(task: Task, index: int) -> tuple[tuple[str, str], ...]:
    return tuple((key, f"t{index}.{key}") for key, _ in task.kwargs)


def _told(tasks: tuple[Task, ...], name: str) -> str:
    """An argument's name, or what it is where that is the same everywhere."""
    found = OF_A_TASK.fullmatch(name)
    if found is None:
        return name
    task = tasks[int(found[1])]
    value = task.args[int(found[2])] if found[2] else dict(task.kwargs)[found[3]]
    if value is Value.SHARED:
        return "shared"
    return VALUES[value] if value in ALIKE else name


def _strangers(call: Call) -> Iterator[str]:
    """The arguments of other tasks that a call was given."""
    names: Iterable[str] = (*call.start.args, *(name for _, name in call.start.kwargs))
    for name in names:
        found = OF_A_TASK.fullmatch(name)
        if found is not None and int(found[1]) != call.task:
            yield name
