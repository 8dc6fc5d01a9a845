"""Shrinking: the plans that are one step smaller than a plan, the boldest steps first.

Our own, where Hypothesis has a better one, for two reasons: a fault may come and go, and Hypothesis
takes an example that fails once and passes once for a mistake of the test; and plans are generated
ahead of being carried out, so nothing that Hypothesis could replay is left.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from bgspec_conformance.plan import Action, Add, Await, Linger, Plan, Race, Return, Suspend, Task
from bgspec_conformance.vocabulary import ON_THE_LOOP, Shape, Value

__all__ = ["smaller"]


def smaller(plan: Plan) -> Iterator[Plan]:
    """Plans one step smaller, each whole in itself."""
    for script in _shorter(plan.script):
        if any(not isinstance(action, Add) for action in script):
            yield _without_unused(Plan(plan.tasks, script))
    for place, action in enumerate(plan.script):
        if isinstance(action, Race) and len(action.pairs) > 1:
            for index, pair in enumerate(action.pairs):
                single = replace(action, pairs=(pair,), pause=action.pause + index)
                script = (*plan.script[:place], single, *plan.script[place + 1 :])
                yield _without_unused(Plan(plan.tasks, script))
    for index, task in enumerate(plan.tasks):
        for simpler in _simpler(task):
            yield _without_unused(
                Plan((*plan.tasks[:index], simpler, *plan.tasks[index + 1 :]), plan.script)
            )


def _shorter(script: tuple[Action, ...]) -> Iterator[tuple[Action, ...]]:
    """The script without a half, a quarter, ..., one of its actions."""
    size = len(script) // 2
    while size >= 1:
        for start in range(0, len(script), size):
            yield script[:start] + script[start + size :]
        size //= 2


def _simpler(task: Task) -> Iterator[Task]:
    """The task with one thing less."""
    if task.body:
        yield replace(task, body=())
        if len(task.body) > 1:
            for place in range(len(task.body)):
                yield replace(task, body=task.body[:place] + task.body[place + 1 :])
    for place, step in enumerate(task.body):
        if isinstance(step, Suspend) and step != Suspend():
            yield replace(task, body=(*task.body[:place], Suspend(), *task.body[place + 1 :]))
        if isinstance(step, Linger) and step != Linger():
            yield replace(task, body=(*task.body[:place], Linger(), *task.body[place + 1 :]))
    for place in range(len(task.args)):
        yield replace(task, args=task.args[:place] + task.args[place + 1 :])
    for place in range(len(task.kwargs)):
        yield replace(task, kwargs=task.kwargs[:place] + task.kwargs[place + 1 :])
    if task.outcome != Return():
        yield replace(task, outcome=Return())
    plain = Shape.ASYNC_FUNCTION if task.shape in ON_THE_LOOP else Shape.FUNCTION
    if task.shape is not plain:
        yield replace(task, shape=plain)
    for place, value in enumerate(task.args):
        if value not in {Value.NONE, Value.SHARED, Value.WEAK}:
            args = (*task.args[:place], Value.NONE, *task.args[place + 1 :])
            yield replace(task, args=args)


def _without_unused(plan: Plan) -> Plan:
    """The plan without the tasks that nothing adds or waits for, the others numbered anew."""
    used: set[int] = {add.task for add in plan.adds()}
    while True:
        more = {
            step.task
            for index in used
            for step in plan.tasks[index].body
            if isinstance(step, Add | Await)
        }
        if more <= used:
            break
        used |= more
    if not used or len(used) == len(plan.tasks):
        return plan
    number = {old: new for new, old in enumerate(sorted(used))}
    tasks = tuple(
        replace(
            plan.tasks[old],
            body=tuple(
                replace(step, task=number[step.task]) if isinstance(step, Add | Await) else step
                for step in plan.tasks[old].body
            ),
        )
        for old in sorted(used)
    )
    script = tuple(_renumbered(action, number) for action in plan.script)
    return Plan(tasks, script)


def _renumbered(action: Action, number: dict[int, int]) -> Action:
    match action:
        case Add(task=task):
            return replace(action, task=number[task])
        case Race(pairs=pairs):
            return replace(action, pairs=tuple((number[a], number[b]) for a, b in pairs))
        case _:
            return action
