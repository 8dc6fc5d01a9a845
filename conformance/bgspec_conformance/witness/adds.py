"""Adds, as source: what is handed to ``add_task``, and how that went."""

from __future__ import annotations

from bgspec_conformance.plan import Task
from bgspec_conformance.shapes import BINDS, BUILDERS, UNCALLABLE_OBJECTS
from bgspec_conformance.values import VALUES
from bgspec_conformance.vocabulary import PLAIN, Shape, Value
from bgspec_conformance.witness.brief import INDENT, Brief

__all__ = ["add", "arguments_made_before", "expression_of"]

ANONYMOUS = frozenset({Value.NONE, Value.TRUE, Value.FALSE, Value.ZERO, Value.STRING, Value.WEAK})
"""Values that cannot be told apart by identity."""


def expression_of(value: Value) -> str:
    """An expression that makes a value."""
    return "shared" if value is Value.SHARED else VALUES[value]


def add(brief: Brief, task: int, container: int) -> list[str]:
    """The add of a task, and a line on how it went where the proof asks or it may be refused."""
    statement = brief.recipe.add.format(container=f"c{container}", call=_call(brief, task))
    plain = brief.plan.tasks[task].shape in PLAIN
    if plain and not brief.tells(" refused", " added"):
        return [statement]
    returns, told = "", ""
    if brief.tells(" added: "):
        returns = "returned = "
        told = ' + ("" if returned is None else f": {type(returned).__name__!r}")'
    return [
        "try:",
        f"{INDENT}{returns}{statement}",
        "except Exception as exc:",
        f'{INDENT}log.append(f"t{task} refused: {{refusal(exc)}}")',
        "else:",
        f'{INDENT}log.append("t{task} added"{told})',
    ]


def _call(brief: Brief, index: int) -> str:
    """The callable and its arguments."""
    name, shape = f"t{index}", brief.plan.tasks[index].shape
    args, kwargs = _arguments(brief, index)
    if shape is Shape.COROUTINE:
        return f"{name}()"
    if shape in UNCALLABLE_OBJECTS:
        function = UNCALLABLE_OBJECTS[shape]
    elif shape is Shape.CONTAINER:
        function = f"container_of({name})"
    elif shape is Shape.BUILTIN:
        function = f"operator.call, {name}"
    elif shape in BUILDERS:
        binds = BINDS.get(shape, 0)
        function = f"{BUILDERS[shape].__name__}({', '.join([name, *args[:binds]])})"
        args = args[binds:]
    else:
        function = name
    plain = [f"{key}={value}" for key, value in kwargs if key != "self"]
    special = [f'**{{"{key}": {value}}}' for key, value in kwargs if key == "self"]
    return ", ".join([function, *args, *plain, *special])


def _arguments(brief: Brief, index: int) -> tuple[list[str], list[tuple[str, str]]]:
    """Expressions of a task's arguments: made on the spot, or before where that matters."""
    task, name = brief.plan.tasks[index], f"t{index}"
    if _are_made_before(brief, index):
        return (
            [f"{name}_args[{place}]" for place in range(len(task.args))],
            [(key, f'{name}_kwargs["{key}"]') for key, _ in task.kwargs],
        )
    return (
        [_made_here(brief, name, value) for value in task.args],
        [(key, _made_here(brief, name, value)) for key, value in task.kwargs],
    )


def _made_here(brief: Brief, name: str, value: Value) -> str:
    expression = expression_of(value)
    if value is Value.WEAK and brief.tells("'s argument is "):
        return f'watch("{name}", {expression})'
    return expression


def _are_made_before(brief: Brief, index: int) -> bool:
    """Whether the arguments are kept, to be named, or since equal adds pass the same ones."""
    task = brief.plan.tasks[index]
    several = brief.is_added_again(index) and bool(task.args or task.kwargs)
    return several or brief.tells(" got ")


def arguments_made_before(brief: Brief) -> list[str]:
    """The arguments that are made before the adds, and what is kept of them."""
    lines: list[str] = []
    for index in brief.used:
        task, name = brief.plan.tasks[index], f"t{index}"
        if _are_made_before(brief, index):
            lines.append(f"{name}_args, {name}_kwargs = {_tuple_and_dict(task)}")
        if brief.tells(" got "):
            lines.append(f'stage["sent"]["{name}"] = {name}_args, {name}_kwargs')
            places = [(f"args[{n}]", f"args[{n}]", value) for n, value in enumerate(task.args)]
            places += [(key, f'kwargs["{key}"]', value) for key, value in task.kwargs]
            lines += [
                f'stage["names"][id({name}_{place})] = '
                f'"{"shared" if value is Value.SHARED else f"{name}.{label}"}"'
                for label, place, value in places
                if value not in ANONYMOUS
            ]
        if brief.tells(" was changed") and (task.args or task.kwargs):
            lines.append(f'stage["fresh"]["{name}"] = lambda: ({_tuple_and_dict(task)})')
    return lines


def _tuple_and_dict(task: Task) -> str:
    args = [expression_of(value) for value in task.args]
    kwargs = [f'"{key}": {expression_of(value)}' for key, value in task.kwargs]
    return f"({', '.join(args)}{',' if len(args) == 1 else ''}), {{{', '.join(kwargs)}}}"
