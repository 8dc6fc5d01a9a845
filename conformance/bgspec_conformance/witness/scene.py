"""A scene: one plan as the source of a program, up to its transcript in ``log``.

The program makes only those lines of the transcript that the proof speaks of, and so is as short as
its fault allows.
"""

from __future__ import annotations

import re

from bgspec_conformance.plan import Action, Add, Race, Run, SetVar, Together
from bgspec_conformance.vocabulary import Means
from bgspec_conformance.witness.adds import add, arguments_made_before
from bgspec_conformance.witness.brief import INDENT, Brief, indented
from bgspec_conformance.witness.quoting import quotes, state
from bgspec_conformance.witness.tasks import has_function, task_function

__all__ = ["scene"]

PATIENCE = 5
"""Seconds after which a run, in which nothing takes any time, counts as one that hangs."""


def scene(brief: Brief) -> list[str]:
    """The lines, from the containers to the run of the loop."""
    lines = ["shared = []"] if brief.shares else []
    lines += [f"c{container} = {brief.recipe.make}" for container in range(brief.plan.containers)]
    for index in brief.used:
        if has_function(brief, index):
            lines += ["", *task_function(brief, index)]
    lines += ["", *_run_function(brief), ""]
    main = _main(brief)
    code = "\n".join((*lines, *main))
    if brief.tells(" logged"):
        main.insert(0, "logging.getLogger().addHandler(TellLogged())")
    if state("\n".join((code, *quotes(code, brief.recipe).values()))) & {"post", "thread"}:
        main.insert(0, "enter_loop()")
    if brief.recipe.add.startswith("{container} ="):
        names = ", ".join(f"c{container}" for container in range(brief.plan.containers))
        main.insert(0, f"global {names}")
    lines += ["async def main():", *indented(main)]
    return [*lines, "", f'anyio.run(main, backend="{brief.backend}")']


def _run_function(brief: Brief) -> list[str]:
    """The function that awaits a container and writes down how that ended."""
    cancels = bool(brief.means)
    ended = (
        ['log.append(f"run {number} ended")'] if re.search(r"run \d+ ended", brief.proof) else []
    )
    raised = [*ended]
    if brief.tells_failures:
        raised.append("tell_failures(number, exc)")
    raised.append('log.append(f"run {number} {how_it_ended(exc)}")')
    if cancels:
        kind = "anyio.get_cancelled_exc_class()"
        raised += [f"if scope.cancel_called and isinstance(exc, {kind}):", f"{INDENT}raise"]
    value = '("" if value is None else f": {type(value).__name__!r}")'
    returned = f'log.append(f"run {{number}} returned" + {value})'
    lines = [
        "try:",
        f"{INDENT}value = await {brief.recipe.run.format(container='container')}",
        "except BaseException as exc:",
        *indented(raised),
        "else:",
        *indented([*ended, returned]),
    ]
    if cancels:
        host = "asyncio.current_task()" if Means.TASK in brief.means else "None"
        lines = [
            "with anyio.CancelScope() as scope:",
            f'{INDENT}stage["running"].append((number, scope, {host}))',
            f"{INDENT}if cancelled:",
            f"{INDENT}{INDENT}cancel_run(cancelled, int)",
            *indented(lines),
            f"{INDENT}finally:",
            f'{INDENT}{INDENT}stage["running"].pop()',
        ]
    if brief.tells("in vain for the end of the run"):
        lines = [
            f"with anyio.move_on_after({PATIENCE}) as patience:",
            *indented(lines),
            "if patience.cancel_called:",
            f'{INDENT}log.append(f"run {{number}} waited in vain for the end of the run")',
        ]
    if brief.tells(" pending: "):
        pending = brief.recipe.pending.format(container="container")
        lines.append(f"tell_pending(number, {pending})")
    if re.search(r"after run \d+ VAR", brief.proof):
        lines.append('log.append(f"after run {number} VAR = {VAR.get()}")')
    if brief.tells("'s argument is "):
        lines.append("tell_released()")
    return [
        f"async def run(container{', cancelled=None' if cancels else ''}):",
        f'{INDENT}number = sum(line.endswith(" began") for line in log)',
        f'{INDENT}log.append(f"run {{number}} began")',
        *indented(lines),
    ]


def _main(brief: Brief) -> list[str]:
    """The script, and what is asked once it is over."""
    lines = arguments_made_before(brief)
    tells_making = brief.tells(" was made at ")
    for action in brief.plan.script:
        if tells_making and isinstance(action, Run | Together):
            functions = [index for index in brief.used if has_function(brief, index)]
            lines += [f't{index}.__kwdefaults__["made"] = "the run"' for index in functions]
            tells_making = False
        lines += _act(brief, action)
    lines += ["for _ in range(3):", f"{INDENT}await anyio.to_thread.run_sync(int)"]
    if brief.tells("in the end the list holds"):
        lines.append('log.append("in the end the list holds " + ", ".join(shared))')
    if brief.tells("thread tokens are held"):
        lines.append("held = anyio.to_thread.current_default_thread_limiter().borrowed_tokens")
        lines.append('log.append(f"in the end {int(held)} thread tokens are held")')
    return lines


def _act(brief: Brief, action: Action) -> list[str]:
    match action:
        case Add(task=task, container=container, thread=0):
            return add(brief, task, container)
        case Add(task=task, container=container):
            return [*_add_function(brief, task, container), f"await in_thread(add_t{task})"]
        case SetVar(value=value):
            return [f'VAR.set("{value}")']
        case Run(container=container, cancelled=cancelled):
            call = f'run(c{container}, "{cancelled}")' if cancelled else f"run(c{container})"
            if Means.TASK in brief.means:
                call = f"in_task({call})"
            return [f"await {call}"]
        case Together(containers=containers):
            starts = [f"{INDENT}group.start_soon(run, c{number})" for number in containers]
            return ["async with anyio.create_task_group() as group:", *starts]
        case Race(pairs=pairs, pause=pause, container=container):
            lines: list[str] = []
            for place, (first, second) in enumerate(pairs):
                lines += _add_function(brief, first, container)
                lines += _add_function(brief, second, container)
                lines.append(f"await race(add_t{first}, add_t{second}, {pause + place})")
            return lines


def _add_function(brief: Brief, task: int, container: int) -> list[str]:
    """An add as a function, for a thread to call."""
    return [f"def add_t{task}():", *indented(add(brief, task, container))]
