"""The reference runner: `BackgroundTasks`, which keeps every MUST and SHOULD of the contract.

Theory of operation
-------------------
An add makes a record of the function, its arguments, what kind of callable it is, a copy of the
context variables as they are now, and where in the program it happens. The record is appended to a
deque, which is all that adding threads share, and nothing else happens before the run.

A run takes one task after the other from the left end of the deque, until none is left. So the
order is that of the adds (ORD), what is added meanwhile runs in this run (RUN-5), what has been
taken is never run again (RUN-6), and what a run leaves over because it was cancelled or stopped is
still there, where `tasks` tells it (CAN-5) and a later run takes it.

*Async tasks* run within the task that awaits the run, so the current task, cancel scopes and
time-outs are as if the caller had awaited the function itself, each in a context of its own all the
same. Neighbours that do not suspend are stepped in one go (`bgspec.steps`).

*Sync tasks* make a trip to a worker thread, neighbours together, each in its context
(`bgspec.threads`). If a call returned an awaitable, it is then awaited as an async task is.

*Errors* of tasks are values here: each way to run a task returns what it raised. So a failure
cannot be mistaken for something that happened to the run itself, nothing is caught twice, and the
run goes on. At its end, one failure is raised as itself, that handlers written for Starlette
still match, and several as one group in the order of the adds. KeyboardInterrupt, SystemExit and
the backend's cancellation error are final: the run raises them as they are, at once, and earlier
failures go to the far end of their ``__context__`` chain, and to the log as well, since a cancel
scope swallows what it takes for its own, chain and all.

*Cancellation* is looked for before each start, where it can have come (`Watch`). That is most of
what a run costs beside its tasks, 1.5 us in 2.

*Nothing is held* longer than needed (RUN-10): no frame of the run has a name for a task, its
coroutine or its failure while the next one runs, and none that an error is raised through has a
name for the error, which would make a cycle of error, traceback and frame.
"""

from __future__ import annotations

import logging
import sys
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import copy_context
from functools import partial
from inspect import CO_COROUTINE
from types import FunctionType
from typing import TYPE_CHECKING, Any, Literal, NoReturn, ParamSpec

from anyio import CapacityLimiter
from anyio.lowlevel import checkpoint

from bgspec.callables import COROUTINE, LAZY, is_async
from bgspec.cancellation import Watch
from bgspec.errors import RunInProgress
from bgspec.observer import Observed, Observer
from bgspec.steps import begin
from bgspec.task import KIND, Record, Task, where
from bgspec.threads import Trip

__all__ = ["BackgroundTasks"]

P = ParamSpec("P")

OnError = Literal["continue", "stop"]

# Stands for a function that is not there by position.
BY_KEYWORD = object()

# What the flags of a function's code tell of its kind: nothing, for most.
TELLING = COROUTINE | LAZY

# How many names a repr or a message gives before it only counts.
NAMES_SHOWN = 5

logger = logging.getLogger(__name__)


class BackgroundTasks:
    """A container of tasks: ``add_task`` gathers, and awaiting the container runs.

    It has the interface of Starlette's class of that name and runs on asyncio and trio. An async
    task runs on the loop, a sync one in a worker thread, one after the other, in the order of the
    adds, each with the context variables as of its add. A task is run once, ever. Neighbouring sync
    tasks share a trip to a thread, so what one of them posts to the loop without waiting for it
    (``call_soon_threadsafe``) may run after the next has started.

    Args:
        tasks: what to add at the start: callables without arguments, Starlette's
            ``BackgroundTask`` among them, or what another container's `tasks` gave.
        on_error: whether the tasks after a failed one are run: ``"continue"``, and every failure
            is raised at the end, or ``"stop"``, which is Starlette's way, and leaves them pending.
        limiter: bounds the worker threads that sync tasks run in; by default anyio's own, which the
            whole application shares. A trip takes one token, for as long as it lasts.
        observer: is told when each task starts, ends and fails.

    Raises:
        TaskRefused: one of `tasks` cannot be run.
        ValueError: `on_error` is something else.

    Example:
        ::

            tasks = BackgroundTasks()
            tasks.add_task(send_mail, "someone@example.org", subject="Welcome")
            await tasks()
    """

    __slots__ = ("__weakref__", "_idle", "_limiter", "_observer", "_on_error", "_pending")

    def __init__(
        self,
        tasks: Iterable[Callable[[], object] | Task] | None = None,
        *,
        on_error: OnError = "continue",
        limiter: CapacityLimiter | None = None,
        observer: Observer | None = None,
    ) -> None:
        if on_error not in ("continue", "stop"):
            raise ValueError(f'on_error is "continue" or "stop", not {on_error!r}')
        self._on_error = on_error
        self._limiter = limiter
        self._observer = observer
        self._pending: deque[Record] = deque()
        # Empty while a run has what was in it. Whoever pops it is the only one, on any thread: a
        # lock that nobody waits for, for 70 ns less to make and 0.2 us less to take and give back.
        self._idle = [True]
        for task in tasks or ():
            if isinstance(task, Task):
                self._pending.append(task.record)
            else:
                self.add_task(task)

    if TYPE_CHECKING:

        def add_task(self, func: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
            """Add a call of `func`: what checkers see, see below for what it does."""

    else:

        def add_task(self, func: Any = BY_KEYWORD, /, *args: Any, **kwargs: Any) -> None:
            """Add a call of ``func(*args, **kwargs)``, to be made by the run.

            It may be called from any thread, and while the container runs.

            Args:
                func: any callable, sync or async; also by keyword, ``add_task(func=f)``.
                args: its positional arguments.
                kwargs: its keyword arguments, whatever their names: where `func` is given by
                    position, ``func=`` and ``self=`` go to the task as well (ADD-6).

            Raises:
                TaskRefused: `func` cannot be called, or is a generator function.
            """
            if type(func) is FunctionType:
                kind = func.__code__.co_flags & TELLING
            else:
                kind = LAZY
                if func is BY_KEYWORD:
                    func = kwargs.pop("func", None)
            if kind != CO_COROUTINE and (kind or func.__dict__):
                kind = int(is_async(func))
            try:
                adder = sys._getframe(1)
            except ValueError:  # no Python code did it
                code, instruction = None, 0
            else:
                code, instruction = adder.f_code, adder.f_lasti
            if self._observer is not None:
                func = Observed.of(func, self._observer, partial(where, code, instruction))
            self._pending.append(
                (func, args, kwargs or None, kind, copy_context(), code, instruction)
            )

    @property
    def tasks(self) -> tuple[Task, ...]:
        """What is pending: not yet started, or never, if the run has ended without it."""
        return tuple(map(Task.of, self._pending.copy()))

    def __len__(self) -> int:
        """How many tasks are pending."""
        return len(self._pending)

    def __bool__(self) -> bool:
        """Always true, so that ``tasks or BackgroundTasks()`` does not drop an empty one."""
        return True

    def __repr__(self) -> str:
        running = "" if self._idle else ", running"
        return f"<{type(self).__name__}: {self._told()}{running}>"

    async def __call__(self) -> None:
        """Run what is pending, and what is added meanwhile, and return after the last has ended.

        Raises:
            RunInProgress: it is running already.
            BaseException: what a task raised, or one group of what several raised; at once what
                ends a run: KeyboardInterrupt, SystemExit, the backend's cancellation error.
        """
        try:
            self._idle.pop()
        except IndexError:
            raise RunInProgress(
                "this container is running; add to it while it runs, or await another container"
            ) from None
        failures: list[BaseException] = []
        try:
            if self._pending:
                await self._run(failures)
        except BaseException as end:
            self._tell_never_started()
            _hang_on(end, failures)
            raise
        finally:
            self._idle.append(True)
        if failures:
            if self._on_error == "stop":
                self._tell_never_started()
            _raise(failures)

    async def _run(self, failures: list[BaseException]) -> None:
        """Run one task after the other, and put into `failures` what they raise."""
        pending = self._pending
        watch = Watch()
        is_requested = watch.is_requested
        if watch.before:
            await checkpoint()
        unsure = pending[0][KIND] > 0  # a trip begins with a question of its own
        while pending:
            if is_requested() or (unsure and watch.is_scope_cancelled()):
                await watch.deliver()
            if pending[0][KIND]:
                begun = begin(pending, is_requested)
            else:
                begun = Trip(pending, is_requested).make(self._limiter)
            if begun is None:
                unsure = False
                continue
            unsure = True
            failure = begun if isinstance(begun, BaseException) else await begun
            if failure is None:
                continue
            failures.append(failure)
            del begun, failure
            if watch.is_final(failures[-1]):
                _raise([failures.pop()])
            if self._on_error == "stop":
                break
        if watch.before or is_requested():
            # It would strike whatever comes next, though a time-out may have taken it back.
            await checkpoint()

    def _told(self) -> str:
        """How many tasks are pending, and the names of the first."""
        pending = self.tasks
        names = ", ".join(task.name for task in pending[:NAMES_SHOWN])
        more = f" and {len(pending) - NAMES_SHOWN} more" if len(pending) > NAMES_SHOWN else ""
        return f"{len(pending)} pending" + (f" ({names}{more})" if pending else "")

    def _tell_never_started(self) -> None:
        """Log what a run that was cut short leaves pending (CAN-5)."""
        if self._pending:
            logger.warning("a run of background tasks was cut short: %s", self._told())


def _raise(errors: list[BaseException]) -> NoReturn:
    """Raise the error in the list as it is, or all of them as one group, and empty the list."""
    error = _joined(errors)
    errors.clear()
    context = error.__context__
    try:
        raise error
    finally:
        # Python has put there what the caller of the run was handling, if anything.
        error.__context__ = context
        del error, context


def _joined(errors: list[BaseException]) -> BaseException:
    """One error for all of them: itself, or a group."""
    if len(errors) == 1:
        return errors[0]
    return BaseExceptionGroup(f"{len(errors)} background tasks failed", errors)


def _hang_on(end: BaseException, failures: list[BaseException]) -> None:
    """Tell the failures before a run's early end: at the end of its context chain, and by log."""
    if not failures:
        return
    earlier = _joined(failures)
    logger.error("background tasks failed before their run was cut short", exc_info=earlier)
    seen = {id(end)}
    while end.__context__ is not None and id(end.__context__) not in seen:
        end = end.__context__
        seen.add(id(end))
    if id(earlier) not in seen:
        end.__context__ = earlier
