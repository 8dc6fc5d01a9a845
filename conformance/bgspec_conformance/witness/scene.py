"""A scene: one plan as the source of a program, up to its transcript in ``log``.

The program makes only those lines of the transcript that the proof speaks of, and so is as short as
its fault allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bgspec_conformance.implementation import Recipe
from bgspec_conformance.plan import (
    ON_THE_LOOP,
    Action,
    Add,
    Await,
    CallBack,
    Cancel,
    Linger,
    Means,
    Plan,
    Race,
    Raise,
    Run,
    SetVar,
    Shape,
    Step,
    Suspend,
    Suspension,
    Together,
    Value,
    Write,
)
from bgspec_conformance.shapes import BINDS, BUILDERS, UNCALLABLE_OBJECTS
from bgspec_conformance.values import PROBLEMS, VALUES

__all__ = ["Scene"]

INDENT = "    "

SUSPENSIONS = {
    Suspension.CHECKPOINT: ("await anyio.sleep(0)",),
    Suspension.EVENT: (
        "event = anyio.Event()",
        'stage["post"](event.set)',
        "await event.wait()",
    ),
    Suspension.THREAD: ("await anyio.to_thread.run_sync(int)",),
    Suspension.SCOPE: (
        "with anyio.CancelScope() as own:",
        f"{INDENT}own.cancel()",
        f"{INDENT}await anyio.sleep(0)",
    ),
    Suspension.GROUP: (
        "async with anyio.create_task_group() as group:",
        f"{INDENT}group.start_soon(anyio.sleep, 0)",
    ),
}


@dataclass
class Scene:
    """Writes one plan.

    Attributes:
        plan: what is done.
        proof: what is proved by the transcript.
        recipe: how the implementation is used.
        backend: the event loop.
        quotes: names of the quoted functions, builders and classes that the source uses.
    """

    plan: Plan
    proof: str
    recipe: Recipe
    backend: str
    quotes: set[str] = field(default_factory=set[str])

    def source(self) -> list[str]:
        """The lines, from the values to the run of the loop."""
        tasks = [line for index in self._used() for line in (*self._task(index), "")]
        main = list(self._main())
        prologue = list(self._prologue())
        return [*prologue, "", *tasks, *main, "", f'anyio.run(main, backend="{self.backend}")']

    def _tells(self, words: str) -> bool:
        """Whether the proof speaks of such lines."""
        return words in self.proof

    def _used(self) -> list[int]:
        """The tasks that are added or waited for."""
        steps = [step for task in self.plan.tasks for step in task.body]
        used = {add.task for add in self.plan.adds()}
        used |= {step.task for step in steps if isinstance(step, Add)}
        return sorted(used)

    def _quote(self, name: str) -> str:
        self.quotes.add(name)
        return name

    # The beginning --------------------------------------------------------------------------

    def _prologue(self) -> Iterator[str]:
        """The names that tasks and script share."""
        yield "log = []"
        state = [
            f'"{key}": {value}'
            for key, value, needed in (
                ("running", "[]", self._cancels()),
                ("names", "{}", self._tells(" got ")),
                ("sent", "{}", self._tells(" got ")),
                ("fresh", "{}", self._tells(" was changed")),
                ("weak", "{}", self._tells("'s argument is ")),
                ("failures", "{}", self._tells(" carries ") or self._tells(" is t")),
            )
            if needed
        ]
        if state or self.quotes & LOOP_USERS:
            yield f"stage = {{{', '.join(state)}}}"
        if self._uses_var():
            yield 'VAR = contextvars.ContextVar("VAR", default="unset")'
        if self._uses_shared():
            yield "shared = []"
        for container in range(self.plan.containers):
            yield f"c{container} = {self.recipe.make}"

    def _uses_var(self) -> bool:
        steps = [*self.plan.script, *(step for task in self.plan.tasks for step in task.body)]
        return self._tells("VAR = ") or any(isinstance(step, SetVar) for step in steps)

    def _uses_shared(self) -> bool:
        tasks = self.plan.tasks
        return self._tells(" reads ") or any(
            Value.SHARED in task.args
            or Value.SHARED in dict(task.kwargs).values()
            or any(isinstance(step, Write) for step in task.body)
            for task in tasks
        )

    def _cancels(self) -> bool:
        steps = (step for task in self.plan.tasks for step in task.body)
        runs = (action for action in self.plan.script if isinstance(action, Run))
        return any(isinstance(step, Cancel) for step in steps) or any(r.cancelled for r in runs)

    def _by_task(self) -> bool:
        """Whether runs need a task of their own, to be cancelled."""
        steps = (step for task in self.plan.tasks for step in task.body)
        return any(isinstance(s, Cancel) and s.by is Means.TASK for s in steps) or any(
            isinstance(a, Run) and a.cancelled is Means.TASK for a in self.plan.script
        )

    # Tasks ----------------------------------------------------------------------------------

    def _task(self, index: int) -> Iterator[str]:
        """The function of one task."""
        task = self.plan.tasks[index]
        if task.shape in UNCALLABLE_OBJECTS:
            return
        on_loop = task.shape in ON_THE_LOOP or task.shape is Shape.COROUTINE
        has_arguments = bool(task.args or task.kwargs) or self._tells(" got ")
        parameters = ["*args"] if has_arguments else []
        if self._tells(" was made at "):
            parameters += ([] if has_arguments else ["*"]) + ['made="the add"']
        parameters += ["**kwargs"] if has_arguments else []
        name = f"t{index}"
        yield f"{'async ' if on_loop else ''}def {name}({', '.join(parameters)}):"
        lines = [f'log.append("{name} started")', *self._told_at_start(index)]
        body = [line for step in task.body for line in self._step(index, step, on_loop)]
        if body and self._may_be_called_again(index):
            lines.append(f'if log.count("{name} started") == 1:')
            lines += [INDENT + line for line in body]
        else:
            lines += body
        if on_loop and self._tells(f"{name} cancelled"):
            lines = self._watching_cancellation(name, lines)
        lines += self._end(index)
        yield from (INDENT + line for line in lines)

    def _told_at_start(self, index: int) -> Iterator[str]:
        name = f"t{index}"
        task = self.plan.tasks[index]
        if self._tells(" runs on "):
            yield f'log.append(f"{name} runs on {{{self._quote("where")}()}}")'
        if self._tells(" got "):
            self._quote("name_of")
            yield f'{self._quote("tell_arguments")}("{name}", args, kwargs)'
        if self._tells(" was changed") and (task.args or task.kwargs):
            yield f'{self._quote("tell_changes")}("{name}", args, kwargs)'
        if self._tells(" sees VAR"):
            yield f'log.append(f"{name} sees VAR = {{VAR.get()}}")'
        if self._tells(" was made at "):
            yield f'log.append(f"{name} was made at {{made}}")'
        if self._tells(" reads ") and Value.SHARED in task.args:
            yield f'log.append("{name} reads " + ", ".join(shared))'
        if self._tells("'s argument is "):
            yield f'{self._quote("tell_released")}("{name}")'

    def _end(self, index: int) -> Iterator[str]:
        name = f"t{index}"
        match self.plan.tasks[index].outcome:
            case Raise(problem=problem):
                yield f'log.append("{name} raised")'
                expression = self._with_classes(PROBLEMS[problem].format(name=name))
                if self._tells(" carries ") or self._tells(" is t"):
                    expression = f'{self._quote("failure")}("{name}", {expression})'
                yield f"raise {expression}"
            case outcome:
                yield f'log.append("{name} ended")'
                if outcome.value is not Value.NONE:
                    yield f"return {self._value(outcome.value)}"

    def _watching_cancellation(self, name: str, lines: list[str]) -> list[str]:
        return [
            "try:",
            *(INDENT + line for line in lines),
            "except anyio.get_cancelled_exc_class():",
            f'{INDENT}log.append("{name} cancelled")',
            f"{INDENT}raise",
        ]

    def _may_be_called_again(self, index: int) -> bool:
        adds = sum(add.task == index for add in self.plan.adds())
        runs = sum(isinstance(action, Run | Together) for action in self.plan.script)
        nested = any(isinstance(step, Run) for task in self.plan.tasks for step in task.body)
        return adds > 1 or runs > 1 or nested

    def _step(self, index: int, step: Step, on_loop: bool) -> Iterator[str]:
        name = f"t{index}"
        match step:
            case Suspend(by=by, times=times) if on_loop:
                yield from self._suspensions(name, by, times)
            case Linger(turns=turns) if not on_loop:
                yield f'{self._quote("linger")}("{name}", {turns})'
            case Await(task=other):
                waiting = (
                    f"await {self._quote('await_start')}" if on_loop else self._quote("wait_for")
                )
                yield f'{waiting}("{name}", "t{other}")'
            case CallBack() if not on_loop:
                yield f'{self._quote("call_back")}("{name}")'
            case Cancel(by=means, shielded=shielded):
                self._quote("cancel_run")
                if not on_loop:
                    self._quote("linger")
                    yield f'{self._quote("cancel_from_thread")}("{name}", "{means}")'
                elif shielded:
                    yield f'await {self._quote("be_cancelled_shielded")}("{means}")'
                else:
                    yield f'await {self._quote("be_cancelled")}("{name}", "{means}")'
            case SetVar(value=value):
                yield f'VAR.set("{value}")'
            case Write():
                yield f'shared.append("{name}")'
                yield f'log.append("{name} wrote")'
            case Add():
                yield from self._add(step.task, step.container)
            case Run(container=container) if on_loop:
                yield f"await run(c{container})"
            case _:
                pass

    def _suspensions(self, name: str, by: Suspension, times: int) -> Iterator[str]:
        lines = list(SUSPENSIONS[by])
        if by is Suspension.EVENT:
            self._quote("enter_loop")
        if self._tells(" suspended"):
            lines.insert(0, f'log.append("{name} suspended")')
        if self._tells(" resumed"):
            lines.append(f'log.append("{name} resumed")')
        if self._tells(" goes on, on "):
            lines.append(f'log.append(f"{name} goes on, on {{{self._quote("where")}()}}")')
        if times == 1:
            yield from lines
        else:
            yield f"for _ in range({times}):"
            yield from (INDENT + line for line in lines)

    # Arguments and adds ---------------------------------------------------------------------

    def _with_classes(self, expression: str) -> str:
        """An expression, its classes quoted."""
        for name in CLASSES:
            if f"{name}(" in expression:
                self._quote(name)
        return expression

    def _value(self, value: Value) -> str:
        return "shared" if value is Value.SHARED else self._with_classes(VALUES[value])

    def _argument(self, value: Value, name: str, owner: str) -> str:
        expression = self._value(value)
        if value is Value.WEAK and self._tells("'s argument is "):
            return f'{self._quote("watch")}("{owner}", {expression})'
        return expression

    def _arguments(self, index: int) -> tuple[list[str], list[tuple[str, str]]]:
        """The expressions of a task's arguments; names of what was made before where that
        matters.
        """
        task, name = self.plan.tasks[index], f"t{index}"
        if self._tells(" got ") or self._shares_objects(index):
            return (
                [f"{name}_args[{place}]" for place in range(len(task.args))],
                [(key, f'{name}_kwargs["{key}"]') for key, _ in task.kwargs],
            )
        return (
            [self._argument(v, f"{name}.args[{p}]", name) for p, v in enumerate(task.args)],
            [(key, self._argument(v, f"{name}.{key}", name)) for key, v in task.kwargs],
        )

    def _shares_objects(self, index: int) -> bool:
        """Whether equal adds pass the same objects."""
        task = self.plan.tasks[index]
        several = sum(add.task == index for add in self.plan.adds()) > 1
        return several and bool(task.args or task.kwargs)

    def _made_before(self) -> Iterator[str]:
        """The arguments that are made before the adds, and what is kept of them."""
        for index in self._used():
            task, name = self.plan.tasks[index], f"t{index}"
            args = [self._value(value) for value in task.args]
            kwargs = [f'"{key}": {self._value(value)}' for key, value in task.kwargs]
            arguments = (
                f"({', '.join(args)}{',' if len(args) == 1 else ''}), {{{', '.join(kwargs)}}}"
            )
            if self._tells(" got ") or self._shares_objects(index):
                yield f"{name}_args, {name}_kwargs = {arguments}"
            if self._tells(" got "):
                yield f'stage["sent"]["{name}"] = {name}_args, {name}_kwargs'
                for place, value in enumerate(task.args):
                    if value not in ANONYMOUS:
                        label = "shared" if value is Value.SHARED else f"{name}.args[{place}]"
                        yield f'stage["names"][id({name}_args[{place}])] = "{label}"'
                for key, value in task.kwargs:
                    if value not in ANONYMOUS:
                        label = "shared" if value is Value.SHARED else f"{name}.{key}"
                        yield f'stage["names"][id({name}_kwargs["{key}"])] = "{label}"'
            if self._tells(" was changed") and (task.args or task.kwargs):
                yield f'stage["fresh"]["{name}"] = lambda: ({arguments})'

    def _call(self, index: int) -> str:
        """The function and its arguments, as they are handed to ``add_task``."""
        task, name = self.plan.tasks[index], f"t{index}"
        args, kwargs = self._arguments(index)
        shape = task.shape
        if shape in UNCALLABLE_OBJECTS:
            function = UNCALLABLE_OBJECTS[shape]
        elif shape is Shape.COROUTINE:
            return f"{name}()"
        elif shape is Shape.CONTAINER:
            function = f"{self._quote('container_of')}({name})"
        elif shape is Shape.BUILTIN:
            function = f"operator.call, {name}"
        elif shape in BUILDERS:
            binds = BINDS.get(shape, 0)
            builder = self._quote(BUILDERS[shape].__name__)
            function = f"{builder}({', '.join([name, *args[:binds]])})"
            args = args[binds:]
        else:
            function = name
        plain = [f"{key}={value}" for key, value in kwargs if key != "self"]
        special = [f'**{{"{key}": {value}}}' for key, value in kwargs if key == "self"]
        return ", ".join([function, *args, *plain, *special])

    def _add(self, index: int, container: int) -> Iterator[str]:
        """The add of one task, and how it went where the proof asks."""
        add = self.recipe.add.format(container=f"c{container}", call=self._call(index))
        if self._may_be_refused(index):
            yield "try:"
            if self._tells(" added: "):
                yield f"{INDENT}returned = {add}"
            else:
                yield INDENT + add
            yield "except Exception as exc:"
            yield f'{INDENT}log.append(f"t{index} refused: {{{self._quote("refusal")}(exc)}}")'
            yield "else:"
            if self._tells(" added: "):
                yield (
                    f'{INDENT}log.append("t{index} added" + '
                    '("" if returned is None else f": {type(returned).__name__!r}"))'
                )
            else:
                yield f'{INDENT}log.append("t{index} added")'
        else:
            yield add

    def _may_be_refused(self, index: int) -> bool:
        return (
            self._tells(" refused")
            or self._tells(" added")
            or self.plan.tasks[index].shape not in PLAIN
        )

    # The script -----------------------------------------------------------------------------

    def _main(self) -> Iterator[str]:
        yield from self._run_function()
        yield ""
        yield "async def main():"
        assigned = [
            f"c{container}"
            for container in range(self.plan.containers)
            if self.recipe.add.startswith("{container} =")
        ]
        if assigned:
            yield f"{INDENT}global {', '.join(assigned)}"
        lines = [*self._made_before()]
        tells_making, runs = self._tells(" was made at "), 0
        for action in self.plan.script:
            if tells_making and isinstance(action, Run | Together) and not runs:
                lines += [f't{i}.__kwdefaults__["made"] = "the run"' for i in self._functions()]
            runs += isinstance(action, Run | Together)
            lines += self._act(action)
        if self.quotes & LOOP_USERS:
            lines.insert(0, f"{self._quote('enter_loop')}()")
        lines += ["for _ in range(3):", f"{INDENT}await anyio.to_thread.run_sync(int)"]
        if self._tells("in the end the list holds"):
            lines.append('log.append("in the end the list holds " + ", ".join(shared))')
        if self._tells("thread tokens are held"):
            lines.append("limiter = anyio.to_thread.current_default_thread_limiter()")
            lines.append(
                'log.append(f"in the end {int(limiter.borrowed_tokens)} thread tokens are held")'
            )
        yield from (INDENT + line for line in lines)

    def _functions(self) -> list[int]:
        """The tasks that have a function."""
        return [i for i in self._used() if self.plan.tasks[i].shape not in UNCALLABLE_OBJECTS]

    def _run_function(self) -> Iterator[str]:
        """The function that awaits a container and writes down how that ended."""
        run = self.recipe.run.format(container="container")
        tells_end = re.search(r"run \d+ ended", self.proof)
        yield "async def run(container, cancelled=None):"
        yield f'{INDENT}number = sum(line.endswith(" began") for line in log)'
        yield f'{INDENT}log.append(f"run {{number}} began")'
        indent = INDENT
        if self._cancels():
            yield f"{INDENT}with anyio.CancelScope() as scope:"
            indent += INDENT
            host = "asyncio.current_task()" if self._by_task() else "None"
            yield f'{indent}stage["running"].append((number, scope, {host}))'
            yield f"{indent}if cancelled:"
            yield f"{indent}{INDENT}{self._quote('cancel_run')}(cancelled, int)"
        yield f"{indent}try:"
        yield f"{indent}{INDENT}value = await {run}"
        yield f"{indent}except BaseException as exc:"
        if tells_end:
            yield f'{indent}{INDENT}log.append(f"run {{number}} ended")'
        if self._tells(" carries ") or self._tells(" is t"):
            self._quote("found_in")
            yield f"{indent}{INDENT}{self._quote('tell_failures')}(number, exc)"
        how = f"'cancelled' if {self._quote('is_cancelled')}(exc) else f'raised {{type(exc).__name__}}'"
        yield f'{indent}{INDENT}log.append(f"run {{number}} " + ({how}))'
        if self._cancels():
            yield f"{indent}{INDENT}if scope.cancel_called:"
            yield f"{indent}{INDENT}{INDENT}raise"
        yield f"{indent}else:"
        if tells_end:
            yield f'{indent}{INDENT}log.append(f"run {{number}} ended")'
        told = '"" if value is None else f": {type(value).__name__!r}"'
        yield f'{indent}{INDENT}log.append(f"run {{number}} returned" + ({told}))'
        if self._cancels():
            yield f"{indent}finally:"
            yield f'{indent}{INDENT}stage["running"].pop()'
        if self._tells("after run "):
            yield f'{INDENT}log.append(f"after run {{number}} VAR = {{VAR.get()}}")'
        if self._tells("'s argument is "):
            yield f"{INDENT}{self._quote('tell_released')}()"

    def _act(self, action: Action) -> Iterator[str]:
        match action:
            case Add(task=task, container=container, thread=0):
                yield from self._add(task, container)
            case Add(task=task, container=container):
                yield from self._defined(f"add_t{task}", task, container)
                yield f"await {self._quote('in_thread')}(add_t{task})"
            case SetVar(value=value):
                yield f'VAR.set("{value}")'
            case Run(container=container, cancelled=cancelled):
                call = f'run(c{container}, "{cancelled}")' if cancelled else f"run(c{container})"
                yield (
                    f"await {self._quote('in_task')}({call})"
                    if self._by_task()
                    else f"await {call}"
                )
            case Together(containers=containers):
                yield "async with anyio.create_task_group() as group:"
                yield from (f"{INDENT}group.start_soon(run, c{number})" for number in containers)
            case Race(pairs=pairs, pause=pause, container=container):
                self._quote("in_thread")
                for place, (first, second) in enumerate(pairs):
                    yield from self._defined(f"add_t{first}", first, container)
                    yield from self._defined(f"add_t{second}", second, container)
                    yield f"await {self._quote('race')}(add_t{first}, add_t{second}, {pause + place})"

    def _defined(self, name: str, task: int, container: int) -> Iterator[str]:
        """An add as a function, for a thread to call."""
        yield f"def {name}():"
        yield from (INDENT + line for line in self._add(task, container))


ANONYMOUS = frozenset({Value.NONE, Value.TRUE, Value.FALSE, Value.ZERO, Value.STRING, Value.WEAK})
"""Values that cannot be told apart by identity."""
CLASSES = ("Weak", "Hostile", "Uncopyable", "Falsy", "Intricate", "Base")
"""The suite's own classes of values and exceptions."""
LOOP_USERS = frozenset(
    {
        "where",
        "linger",
        "be_cancelled",
        "be_cancelled_shielded",
        "cancel_from_thread",
        "cancel_run",
        "enter_loop",
    }
)
"""Quoted functions that need to know the loop."""
PLAIN = frozenset({Shape.FUNCTION, Shape.ASYNC_FUNCTION})
"""Shapes that no implementation refuses."""
