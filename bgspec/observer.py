"""Observers: who is told that a task started, ended or failed, and how long it waited and ran.

A container that has one wraps the function of each task at its add, so that a container without one
pays nothing. An observer's methods are called where the task itself runs: within its context
variables, and for a sync task in its worker thread.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter
from typing import Any, cast

from bgspec.callables import name_of

__all__ = ["Observed", "Observer", "TaskRun"]

logger = logging.getLogger(__name__)


class TaskRun:
    """What an observer is told of: one task, once it has started. The same object each time.

    Attributes:
        name: the name of its function.
        where: the file and the line in which it was added; empty where no Python code did.
        waited: the seconds from its add to its start.
        ran: the seconds from its start to its end; 0.0 as long as it runs.
    """

    __slots__ = ("__weakref__", "_started", "name", "ran", "waited", "where")

    def __init__(self, name: str, where: str, added: float) -> None:
        self.name = name
        self.where = where
        self.ran = 0.0
        self._started = perf_counter()
        self.waited = self._started - added

    def end(self) -> None:
        """Take the time."""
        self.ran = perf_counter() - self._started

    def __repr__(self) -> str:
        return f"<TaskRun {self.name}: waited {self.waited:.6f} s, ran {self.ran:.6f} s>"


class Observer:
    """Told of each task of the containers that it is given to; override what is of interest.

    An Exception that a method raises is logged, and disturbs neither the task nor the run.
    """

    def started(self, run: TaskRun) -> None:
        """A task starts."""

    def ended(self, run: TaskRun) -> None:
        """A task has ended well."""

    def failed(self, run: TaskRun, error: BaseException) -> None:
        """A task has ended by raising this; a cancellation that it let through is one as well."""


class Observed(partial[object]):
    """A function whose calls an observer is told of.

    It is a partial, without arguments, so that whatever looks through partials sees the function.

    Args:
        func: the function.
    """

    observer: Observer
    where: Callable[[], str]
    added: float

    @classmethod
    def of(
        cls, func: Callable[..., object], observer: Observer, where: Callable[[], str]
    ) -> Observed:
        """Wrap a function that is added now.

        Args:
            func: the function.
            observer: who is told.
            where: gives the file and the line of the add.
        """
        observed = cls(func)
        observed.observer, observed.where, observed.added = observer, where, perf_counter()
        return observed

    def __call__(self, *args: Any, **kwargs: Any) -> object:
        """Call the function, and tell the observer; what it returns to await is watched as well."""
        run = TaskRun(name_of(self.func), self.where(), self.added)
        self._tell(self.observer.started, run)
        try:
            result = self.func(*args, **kwargs)
        except BaseException as error:
            self._failed(run, error)
            raise
        if inspect.isawaitable(result):
            return self._awaited(run, cast("Awaitable[object]", result))
        self._ended(run)
        return None

    async def _awaited(self, run: TaskRun, awaitable: Awaitable[object]) -> None:
        try:
            await awaitable
        except BaseException as error:
            self._failed(run, error)
            raise
        self._ended(run)

    def _ended(self, run: TaskRun) -> None:
        run.end()
        self._tell(self.observer.ended, run)

    def _failed(self, run: TaskRun, error: BaseException) -> None:
        run.end()
        self._tell(self.observer.failed, run, error)

    def _tell(self, method: Callable[..., None], *told: object) -> None:
        try:
            method(*told)
        except Exception:
            logger.exception("an observer of background tasks raised")
