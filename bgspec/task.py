"""A task: one call that was added, with all that is needed to make it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from types import CodeType
from typing import Final, NamedTuple, TypeAlias

from bgspec.callables import name_of
from bgspec.observer import Observed

__all__ = ["CONTEXT", "KIND", "Origin", "Record", "Task", "noted", "where"]

Origin: TypeAlias = tuple[CodeType, int] | None
"""Where a task was added: the code that did it, and how far that had come."""

Record: TypeAlias = tuple[
    Callable[..., object],
    tuple[object, ...],
    dict[str, object] | None,
    int,
    Context,
    CodeType | None,
    int,
]
"""A `Task` as a container keeps it. A bare tuple takes a tenth of the time to make; with the origin
as two items in it, 30 ns and 60 bytes less than with a tuple within the tuple."""

KIND: Final = 3
CONTEXT: Final = 4
"""Where a record has what its task has by name."""


class Task(NamedTuple):
    """One call that was added and has not started.

    Attributes:
        func: what will be called.
        args: its positional arguments.
        kwargs: its keyword arguments; None where there are none.
        kind: 0 if it goes to a worker thread, and more if it belongs on the loop.
        context: the context variables as of the add, this task's own copy.
        origin: where it was added, for `where`.
    """

    func: Callable[..., object]
    args: tuple[object, ...]
    kwargs: dict[str, object] | None
    kind: int
    context: Context
    origin: Origin

    @classmethod
    def of(cls, record: Record) -> Task:
        """A record as a task, with the function that was added."""
        func, args, kwargs, kind, context, code, instruction = record
        if isinstance(func, Observed):
            func = func.func
        return cls(func, args, kwargs, kind, context, code and (code, instruction))

    @property
    def record(self) -> Record:
        """The task as a container keeps it, with a copy of the context.

        A context can be entered once at a time, and whoever has the task may run it too.
        """
        func, args, kwargs, kind, context, origin = self
        code, instruction = origin or (None, 0)
        return func, args, kwargs, kind, context.copy(), code, instruction

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return name_of(self.func)

    @property
    def is_async(self) -> bool:
        """Whether it belongs on the loop; otherwise it goes to a worker thread."""
        return self.kind > 0

    @property
    def where(self) -> str:
        """The file and the line in which it was added; empty where no Python code did."""
        return where(*self.origin) if self.origin else ""

    def __repr__(self) -> str:
        return f"<Task {self.name}>"


def where(code: CodeType | None, instruction: int) -> str:
    """The file and the line of an add; empty where no Python code made it."""
    if code is None:
        return ""
    lines = (line for start, end, line in code.co_lines() if start <= instruction < end and line)
    return f"{code.co_filename}:{next(lines, code.co_firstlineno)}"


def noted(error: BaseException, task: Record) -> BaseException:
    """The error that a task raised, with a note of which it was, and where that was added."""
    func, *_, code, instruction = task
    at = where(code, instruction)
    with suppress(Exception):  # what an error allows is for its class to say
        error.add_note(
            f"in the background task {name_of(func)}" + (f", added at {at}" if at else "")
        )
    return error
