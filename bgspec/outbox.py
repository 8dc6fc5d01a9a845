"""The outbox: adds are staged, and a commit hands them to a sink, or a rollback drops them.

It stands between a transaction and the tasks that speak of what the transaction does: a mail about
an order must not leave for an order that was rolled back. It lives in memory and goes with its
process: what a crash between the commit of the transaction and its own loses is lost.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self

from typing_extensions import TypeVar

from bgspec.callables import is_async
from bgspec.errors import SinkFailed
from bgspec.protocols import SupportsAddTask
from bgspec.runner import BY_KEYWORD
from bgspec.task import Task

__all__ = ["Outbox"]

P = ParamSpec("P")
R_contra = TypeVar("R_contra", contravariant=True, default=object)


class Outbox(Generic[R_contra]):
    """Stages adds until the transaction that they belong to has ended.

    As a context manager it is the transaction: leaving the block commits, leaving it by an
    exception rolls back. It can be used again after either. It is a sink itself, so
    ``Outbox(outbox)`` is to it what a savepoint is to a transaction.

    A task gets the context variables as of its staging: the sink's ``add_task`` is called within
    the context that was captured there, and captures that in turn. What a sink sets in context
    variables is therefore not seen by who commits.

    Args:
        sink: what staged adds are handed to; it takes the functions that the outbox takes.

    Example:
        ::

            with Outbox(tasks) as outbox, session.begin():
                session.add(order)
                outbox.add_task(send_mail, order.email, subject="Thank you")
    """

    __slots__ = ("__weakref__", "_sink", "_staged")

    def __init__(self, sink: SupportsAddTask[R_contra]) -> None:
        self._sink = sink
        self._staged: deque[Task] = deque()

    if TYPE_CHECKING:

        def add_task(self, func: Callable[P, R_contra], *args: P.args, **kwargs: P.kwargs) -> None:
            """Stage a call of `func`: what checkers see, see below for what it does."""

    else:

        def add_task(self, func: Any = BY_KEYWORD, /, *args: Any, **kwargs: Any) -> None:
            """Stage a call of ``func(*args, **kwargs)``; the sink is not told of it.

            Args:
                func: any callable, sync or async; also by keyword, ``add_task(func=f)``.
                args: its positional arguments.
                kwargs: its keyword arguments, whatever their names; the sink decides about them.

            Raises:
                TaskRefused: `func` cannot be called, or is a generator function.
            """
            if func is BY_KEYWORD:
                func = kwargs.pop("func", None)
            kind = int(is_async(func))
            adder = sys._getframe().f_back
            origin = adder and (adder.f_code, adder.f_lasti)
            self._staged.append(Task(func, args, kwargs or None, kind, copy_context(), origin))

    def commit(self) -> None:
        """Hand what is staged to the sink, one by one in the order of the adds.

        What is staged meanwhile, as by a task that the sink runs at once, is handed on too.

        Raises:
            SinkFailed: the sink raised an Exception, which is the cause. That task and those after
                it stay staged, so the next commit goes on with it, and hands none twice.
            BaseException: anything else that the sink raised, as it is; what is staged likewise.
        """
        add: Callable[..., None] = self._sink.add_task
        while self._staged:
            # It is taken before it is handed, so no other thread's commit can hand it as well.
            task = self._staged.popleft()
            try:
                task.context.run(add, task.func, *task.args, **(task.kwargs or {}))
            except BaseException as error:
                self._staged.appendleft(task)
                if isinstance(error, Exception):
                    raise SinkFailed(self._why(task, error)) from error
                raise

    def rollback(self) -> None:
        """Drop what is staged."""
        self._staged.clear()

    @property
    def staged(self) -> tuple[Task, ...]:
        """What is staged, in the order of the adds."""
        return tuple(self._staged.copy())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Commit, or roll back if the block raised.

        Raises:
            SinkFailed: as for `commit`.
        """
        if kind is None:
            self.commit()
        else:
            self.rollback()

    def __len__(self) -> int:
        """How many adds are staged."""
        return len(self._staged)

    def __bool__(self) -> bool:
        """Always true, so that ``outbox or tasks`` does not pass an empty one by."""
        return True

    def __repr__(self) -> str:
        staged = self.staged
        first = f", the first {staged[0].name}" if staged else ""
        return f"<{type(self).__name__}: {len(staged)} staged{first}>"

    def _why(self, task: Task, error: Exception) -> str:
        """The message for a sink that raised this at a task, which is staged again."""
        return (
            f"the sink raised {type(error).__name__} at {task.name}, staged at "
            f"{task.where or 'an unknown place'}; {len(self._staged)} are staged, this one first: "
            "commit again to go on with it, or roll back to drop them"
        )
