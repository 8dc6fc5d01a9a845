"""Tasks, as source: the function at the heart of each."""

from __future__ import annotations

from collections.abc import Iterator

from bgspec_conformance.plan import (
    Add,
    Await,
    CallBack,
    Cancel,
    Linger,
    Raise,
    Run,
    SetVar,
    Step,
    Suspend,
    Write,
)
from bgspec_conformance.shapes import UNCALLABLE_OBJECTS
from bgspec_conformance.values import PROBLEMS
from bgspec_conformance.vocabulary import ON_THE_LOOP, Shape, Suspension, Value
from bgspec_conformance.witness.adds import add, expression_of
from bgspec_conformance.witness.brief import INDENT, Brief, indented

__all__ = ["has_function", "task_function"]

SUSPENSIONS = {
    Suspension.CHECKPOINT: ["await anyio.sleep(0)"],
    Suspension.EVENT: [
        "event = anyio.Event()",
        'stage["post"](event.set)',
        "await event.wait()",
    ],
    Suspension.THREAD: ["await anyio.to_thread.run_sync(int)"],
    Suspension.SCOPE: [
        "with anyio.CancelScope() as own:",
        f"{INDENT}own.cancel()",
        f"{INDENT}await anyio.sleep(0)",
    ],
    Suspension.GROUP: [
        "async with anyio.create_task_group() as group:",
        f"{INDENT}group.start_soon(anyio.sleep, 0)",
    ],
}


def has_function(brief: Brief, index: int) -> bool:
    """Whether there is a function to write for a task."""
    shape = brief.plan.tasks[index].shape
    return shape is Shape.COROUTINE or shape not in UNCALLABLE_OBJECTS


def task_function(brief: Brief, index: int) -> list[str]:
    """The function of one task."""
    name, task = f"t{index}", brief.plan.tasks[index]
    on_loop = task.shape in ON_THE_LOOP or task.shape is Shape.COROUTINE
    lines = [f'log.append("{name} started")', *_told_at_start(brief, index)]
    body = [line for step in task.body for line in _step(brief, index, step, on_loop)]
    if body and brief.may_be_called_again(index):
        lines.append(f'if log.count("{name} started") == 1:')
        lines += indented(body)
    else:
        lines += body
    lines += _end(brief, index)
    if on_loop and brief.tells(f"{name} cancelled"):
        lines = [
            "try:",
            *indented(lines),
            "except anyio.get_cancelled_exc_class():",
            f'{INDENT}log.append("{name} cancelled")',
            f"{INDENT}raise",
        ]
    kind = "async def" if on_loop else "def"
    return [f"{kind} {name}({_parameters(brief, index)}):", *indented(lines)]


def _parameters(brief: Brief, index: int) -> str:
    task = brief.plan.tasks[index]
    takes = bool(task.args or task.kwargs) or brief.tells(" got ")
    parameters = ["*args"] if takes else []
    if brief.tells(" was made at "):
        parameters += [*([] if takes else ["*"]), 'made="the add"']
    return ", ".join([*parameters, *(["**kwargs"] if takes else [])])


def _told_at_start(brief: Brief, index: int) -> Iterator[str]:
    name, task = f"t{index}", brief.plan.tasks[index]
    if brief.tells(" runs on "):
        yield f'log.append(f"{name} runs on {{where()}}")'
    if brief.tells(" got "):
        yield f'tell_arguments("{name}", args, kwargs)'
    if brief.tells(" was changed") and (task.args or task.kwargs):
        yield f'tell_changes("{name}", args, kwargs)'
    if brief.tells(" sees "):
        yield f'log.append(f"{name} sees VAR = {{VAR.get()}}")'
    if brief.tells(" was made at "):
        yield f'log.append(f"{name} was made at {{made}}")'
    if brief.tells(" reads ") and Value.SHARED in task.args:
        yield f'log.append("{name} reads " + ", ".join(shared))'
    if brief.tells("'s argument is "):
        yield f'tell_released("{name}")'


def _end(brief: Brief, index: int) -> Iterator[str]:
    name = f"t{index}"
    match brief.plan.tasks[index].outcome:
        case Raise(problem=problem):
            yield f'log.append("{name} raised")'
            expression = PROBLEMS[problem].format(name=name)
            if brief.tells_failures:
                expression = f'failure("{name}", {expression})'
            yield f"raise {expression}"
        case outcome:
            yield f'log.append("{name} ended")'
            if outcome.value is not Value.NONE:
                yield f"return {expression_of(outcome.value)}"


def _step(brief: Brief, index: int, step: Step, on_loop: bool) -> list[str]:
    name = f"t{index}"
    match step:
        case Suspend(by=by, times=times) if on_loop:
            return _suspensions(brief, name, by, times)
        case Linger(turns=turns) if not on_loop:
            return [f'linger("{name}", {turns})']
        case Await(task=other) if on_loop:
            return [f'await await_start("{name}", "t{other}")']
        case Await(task=other):
            return [f'wait_for("{name}", "t{other}")']
        case CallBack() if not on_loop:
            return [f'call_back("{name}")']
        case Cancel(by=means) if not on_loop:
            return [f'cancel_from_thread("{name}", "{means}")']
        case Cancel(by=means, shielded=True):
            return [f'await be_cancelled_shielded("{means}")']
        case Cancel(by=means):
            return [f'await be_cancelled("{name}", "{means}")']
        case SetVar(value=value):
            return [f'VAR.set("{value}")']
        case Write():
            return [f'shared.append("{name}")', f'log.append("{name} wrote")']
        case Add():
            return add(brief, step.task, step.container)
        case Run(container=container) if on_loop:
            return [f"await run(c{container})"]
        case _:
            return []


def _suspensions(brief: Brief, name: str, by: Suspension, times: int) -> list[str]:
    lines = [*SUSPENSIONS[by]]
    if brief.tells(" suspended"):
        lines.insert(0, f'log.append("{name} suspended")')
    if brief.tells(" resumed"):
        lines.append(f'log.append("{name} resumed")')
    if brief.tells(" goes on, on "):
        lines.append(f'log.append(f"{name} goes on, on {{where()}}")')
    return lines if times == 1 else [f"for _ in range({times}):", *indented(lines)]
