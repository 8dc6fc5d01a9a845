"""A task: one call that was added, with all that is needed to make it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import NamedTuple

from bgspec.callables import name_of

__all__ = ["Task"]


class Task(NamedTuple):
    """One call that was added and has not started.

    One is made for every add, and a frozen dataclass takes half as long again.

    Attributes:
        func: what will be called.
        args: its positional arguments.
        kwargs: its keyword arguments.
        is_async: whether it belongs on the loop; otherwise it goes to a worker thread.
        context: the context variables as of the add, this task's own copy.
    """

    func: Callable[..., object]
    args: tuple[object, ...]
    kwargs: dict[str, object]
    is_async: bool
    context: Context

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return name_of(self.func)

    def __repr__(self) -> str:
        return f"<Task {self.name}>"
