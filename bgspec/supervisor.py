"""The supervisor: background work that outlives a request, bounded, ended in order, and told of.

Theory of operation
-------------------
A task that is taken gets a *place*, of which there are as many as may run and wait, and gives it up
when it has ended. They are counted by a semaphore, so back-pressure is the semaphore's: `submit`
waits for a place, in turn, and `add_task` takes one that is free, or is refused.

Pending tasks are started from the left as far as the bound allows, whenever one was added or has
ended (`_go_on`). Each is a `BackgroundTasks` of its own, in a child of the task group, within a
cancel scope of its own: a drain whose time is up cancels these, and not the group's, which is
around the application too. Children are started in the supervisor's context, not in that of
whoever came last, or one request's variables would live as long as the next task.

What a task raises is a value to its child, and is logged there, and so is a cancellation that came
from elsewhere: a child that let it out would cancel the group, and thus all others. Only
KeyboardInterrupt and SystemExit are let out.

All this happens in the thread of the supervisor's loop. `add_task` goes there from any other, by
the loop's token, and comes back with the answer.
"""

from __future__ import annotations

import logging
import sys
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from contextvars import copy_context
from dataclasses import dataclass
from enum import Enum
from threading import get_ident
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, ParamSpec, Self

from anyio import (
    CancelScope,
    Event,
    Semaphore,
    WouldBlock,
    create_task_group,
    from_thread,
    get_cancelled_exc_class,
    get_current_task,
    move_on_after,
)
from anyio.lowlevel import current_token

from bgspec.callables import is_async
from bgspec.errors import SupervisorFull, SupervisorRefused
from bgspec.runner import BY_KEYWORD, BackgroundTasks
from bgspec.task import Task

__all__ = ["Supervisor", "Unfinished"]

P = ParamSpec("P")

WhenFull = Literal["wait", "refuse", "drop"]

EXITS: Final = (KeyboardInterrupt, SystemExit)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A task that had not ended when a drain's time was up.

    Attributes:
        task: the task; where a whole container was added, ``task.func`` is the container.
        started: whether it was in progress, and was cancelled; otherwise it never started, and
            ``BackgroundTasks([unfinished.task])`` would run it.
    """

    task: Task
    started: bool


class State(Enum):
    """How far a supervisor has come, in words for a message."""

    NEW = "has not been started, which `async with supervisor:` does"
    OPEN = "is open"
    CLOSED = "is closed: it was drained, or its block was left"


@dataclass(slots=True, eq=False)
class Job:
    """A task that has a place.

    Attributes:
        task: what was added.
        container: it alone, to run it.
        scope: what cancels it, once a child is there to run it.
        host: the id of that child.
        is_cut: whether the supervisor has given it up, and said so.
    """

    task: Task
    container: BackgroundTasks
    scope: CancelScope | None = None
    host: int | None = None
    is_cut: bool = False

    @property
    def has_started(self) -> bool:
        """Whether the task has been called."""
        return not len(self.container)


class Supervisor:
    """Runs tasks, and whole containers, side by side with whatever added them.

    It is an asynchronous context manager, on asyncio and trio: an application's lifespan enters it.
    Each task runs as in a `BackgroundTasks` of its own, with the context variables as of its add. A
    container is a task too: ``supervisor.add_task(container)`` runs it, bgspec's or any other.

    Leaving the block drains, for `grace` seconds; by an exception it cancels at once what is in
    progress. Either way it waits until everything has ended that was cancelled, a sync task in its
    thread too, for a thread cannot be interrupted. The block's exception comes out as it is.

    A task's failure is logged, and touches no other task. KeyboardInterrupt and SystemExit leave a
    task as they leave any task of the loop: asyncio's loop ends with them at once, and on trio the
    block does, which they leave in a group.

    Args:
        running: how many tasks run at once, at most.
        waiting: how many more wait for their turn, at most; None is for any number.
        when_full: what becomes of a task that comes when so many run and wait. ``"wait"``: `submit`
            waits, and `add_task`, which cannot, raises. ``"refuse"``: both raise. ``"drop"``: both
            drop the task, log that as a warning, and count it.
        grace: for how many seconds leaving the block waits before it cancels; None is for ever.

    Attributes:
        dropped: how many tasks have been dropped for want of room.
        grace: as given.

    Raises:
        ValueError: one of these is something else.

    Example:
        ::

            async with Supervisor(running=4, waiting=100, grace=10) as supervisor:
                supervisor.add_task(send_mail, "someone@example.org", subject="Welcome")
    """

    def __init__(
        self,
        *,
        running: int = 100,
        waiting: int | None = None,
        when_full: WhenFull = "wait",
        grace: float | None = None,
    ) -> None:
        if running < 1:
            raise ValueError(f"running is how many tasks run at once, 1 or more, not {running!r}")
        if waiting is not None and waiting < 0:
            raise ValueError(f"waiting is how many tasks wait, 0 or more, or None, not {waiting!r}")
        if when_full not in ("wait", "refuse", "drop"):
            raise ValueError(f'when_full is "wait", "refuse" or "drop", not {when_full!r}')
        _check_seconds("grace", grace)
        self._running = running
        self._waiting = waiting
        self._when_full = when_full
        self.grace = grace
        self._state = State.NEW
        self._pending: deque[Job] = deque()
        self._in_progress: dict[Job, None] = {}
        self._submitters: set[CancelScope] = set()
        self.dropped = 0

    async def __aenter__(self) -> Self:
        """Start taking tasks.

        Raises:
            SupervisorRefused: it has been started before.
        """
        if self._state is not State.NEW:
            raise SupervisorRefused("this supervisor was started before; make another")
        places = sys.maxsize if self._waiting is None else self._running + self._waiting
        self._places = Semaphore(places)
        self._all_ended = Event()
        self._token = current_token()
        self._thread = get_ident()
        self._context = copy_context()
        self._stack = AsyncExitStack()
        self._group = await self._stack.enter_async_context(create_task_group())
        self._stack.callback(self._cut_short)
        self._state = State.OPEN
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        """Drain, or after an exception cancel what is in progress, and wait for its end."""
        if error is None:
            self._stack.push_async_callback(self.drain, self.grace)
        elif isinstance(error, (Exception, *EXITS)):
            await self._stack.aclose()  # not told of the error, which the group would wrap
            return None
        return await self._stack.__aexit__(kind, error, traceback)

    if TYPE_CHECKING:

        def add_task(self, func: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
            """Add a call of `func`: what checkers see, see below for what it does."""

        async def submit(
            self, func: Callable[P, object], *args: P.args, **kwargs: P.kwargs
        ) -> None:
            """Add a call of `func`, and wait for a place: what checkers see, see below."""

    else:

        def add_task(self, func: Any = BY_KEYWORD, /, *args: Any, **kwargs: Any) -> None:
            """Add a call of ``func(*args, **kwargs)``, to be made as soon as there is room.

            It never waits for a place. It may be called from any thread: from another than the
            loop's it waits until the loop has taken the task, so the loop must be turning.

            Args:
                func: any callable, sync or async, or a whole container; also by keyword.
                args: its positional arguments.
                kwargs: its keyword arguments, whatever their names.

            Raises:
                TaskRefused: `func` cannot be called, or is a generator function.
                SupervisorFull: all places are taken (but for ``when_full="drop"``).
                SupervisorRefused: the supervisor has not been started, or is closed.
            """
            task = _task(func, args, kwargs, sys._getframe().f_back)
            self._check_open(task)
            if get_ident() == self._thread:
                self._take(task)
            else:
                from_thread.run_sync(self._take, task, token=self._token)

        async def submit(self, func: Any = BY_KEYWORD, /, *args: Any, **kwargs: Any) -> None:
            """Add a call of ``func(*args, **kwargs)``, and with ``when_full="wait"`` wait for room.

            Those who wait get their places in turn. If it returns, the task was added; if it is
            cancelled, it was not. It does not wait for the task to end. A task that submits to its
            own supervisor can wait for ever, when all that run do so.

            Args:
                func: as for `add_task`, and likewise the others.
                args: its positional arguments.
                kwargs: its keyword arguments, whatever their names.

            Raises:
                TaskRefused: `func` cannot be called, or is a generator function.
                SupervisorFull: with ``when_full="refuse"``, all places are taken.
                SupervisorRefused: the supervisor has not been started, is or was closed meanwhile,
                    or runs on another thread's loop.
            """
            task = _task(func, args, kwargs, sys._getframe().f_back)
            self._check_open(task)
            self._check_here("submit")
            if self._when_full != "wait":
                self._take(task)
                return
            with CancelScope() as scope:
                self._submitters.add(scope)
                try:
                    await self._places.acquire()
                finally:
                    self._submitters.discard(scope)
            self._check_open(task)
            self._accept(task)

    async def drain(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - what is left is told, not cancelled alone
    ) -> tuple[Unfinished, ...]:
        """Take nothing more, wait for what was taken, and after a time cancel what has not ended.

        Pending tasks still get their turn. Who waits in `submit` is refused at once. What was
        cancelled may still be about to end; leaving the supervisor's block waits for that. A drain
        that is itself cancelled cancels nothing, and can be repeated.

        Args:
            timeout: for how many seconds to wait; None is for ever.

        Returns:
            What had not ended when the time was up; empty if everything had.

        Raises:
            SupervisorRefused: the supervisor has not been started, runs on another thread's loop,
                or would wait for the very task that calls this.
            ValueError: `timeout` is negative.
        """
        _check_seconds("timeout", timeout)
        self._check_here("drain")
        here = get_current_task().id
        if any(job.host == here for job in self._in_progress):
            raise self._refusal("cannot be drained by a task of its own, which would not end")
        self._close()
        self._go_on()
        with move_on_after(timeout):
            await self._all_ended.wait()
        return self._cut_short()

    @property
    def in_progress(self) -> tuple[Task, ...]:
        """What runs, in the order of the starts."""
        return tuple(job.task for job in tuple(self._in_progress))

    @property
    def pending(self) -> tuple[Task, ...]:
        """What waits for its turn, in the order of the adds."""
        return tuple(job.task for job in self._pending.copy())

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__}, {self._state.name.lower()}: {len(self._in_progress)} in "
            f"progress, {len(self._pending)} pending>"
        )

    def _take(self, task: Task) -> None:
        """Accept a task if there is a place, or do as `when_full` says."""
        self._check_open(task)
        try:
            self._places.acquire_nowait()
        except WouldBlock:
            full = f"is full: {self._running} run, and {self._waiting} wait"
            if self._when_full == "wait":
                full += " (`await supervisor.submit(...)` would wait for room)"
            if self._when_full != "drop":
                raise self._refusal(full, task, SupervisorFull) from None
            self.dropped += 1
            logger.warning("dropped %s: this supervisor %s", _described(task), full)
        else:
            self._accept(task)

    def _accept(self, task: Task) -> None:
        """Line up a task, a place having been acquired for it."""
        self._pending.append(Job(task, BackgroundTasks([task])))
        self._go_on()

    def _go_on(self) -> None:
        """Start what there is room for; if there is nothing left, tell those who drain."""
        while self._pending and len(self._in_progress) < self._running:
            job = self._pending.popleft()
            self._in_progress[job] = None
            # A copy, for a context cannot be entered twice, and a child may be what goes on.
            self._context.copy().run(self._start, job)
        if self._state is State.CLOSED and not self._in_progress:
            self._all_ended.set()

    def _start(self, job: Job) -> None:
        """Start a child to run a task."""
        self._group.start_soon(self._run, job, name=job.task.name)

    async def _run(self, job: Job) -> None:
        """Run a task to its end, in a child of its own."""
        job.host = get_current_task().id
        error: BaseException | None = None
        with CancelScope() as job.scope:
            if not job.is_cut:
                error = await _what_it_raised(job.container)
        del self._in_progress[job]
        self._places.release()
        if error is not None:
            raised = BaseExceptionGroup("it, or what it is a group of", [error])
            if raised.subgroup(EXITS) is not None:
                self._cut_short()
                raise error
            name = _described(job.task)
            if raised.split(get_cancelled_exc_class())[1] is not None:
                logger.error("the background task %s failed", name, exc_info=error)
            elif not job.is_cut:
                logger.warning("the background task %s was cancelled from elsewhere", name)
        self._go_on()

    def _close(self) -> None:
        """Take nothing more."""
        self._state = State.CLOSED
        for scope in self._submitters:
            scope.cancel()

    def _cut_short(self) -> tuple[Unfinished, ...]:
        """Cancel what is in progress, drop what is pending, and say of each which it was."""
        self._close()
        left = (*self._in_progress, *self._pending)
        self._pending.clear()
        for job in left:
            if not job.is_cut:
                job.is_cut = True
                if job.scope is not None:
                    job.scope.cancel()
                how = "was cancelled in progress" if job.has_started else "never started"
                logger.warning("the background task %s %s", _described(job.task), how)
        self._go_on()
        return tuple(Unfinished(job.task, job.has_started) for job in left)

    def _check_open(self, task: Task) -> None:
        """Refuse a task that comes too early or too late."""
        if self._state is not State.OPEN:
            raise self._refusal(self._state.value, task)

    def _check_here(self, what: str) -> None:
        """Refuse what is awaited before the start, or on another thread's loop."""
        if self._state is State.NEW:
            raise self._refusal(State.NEW.value)
        if get_ident() != self._thread:
            raise self._refusal(
                f"runs on another thread's event loop, where `{what}` is to be awaited: a worker "
                f"thread has anyio.from_thread.run(supervisor.{what}, ...) for that"
            )

    def _refusal(
        self, why: str, task: Task | None = None, kind: type[SupervisorRefused] = SupervisorRefused
    ) -> SupervisorRefused:
        """The error for something that is not done, and maybe a task that was not taken."""
        return kind(f"this supervisor {why}" + (f"; {task.name} was not taken" if task else ""))


def _task(
    func: Any, args: tuple[object, ...], kwargs: dict[str, object], adder: FrameType | None
) -> Task:
    """The task that was added in this frame, with the context variables as they are now."""
    if func is BY_KEYWORD:
        func = kwargs.pop("func", None)
    origin = adder and (adder.f_code, adder.f_lasti)
    return Task(func, args, kwargs or None, int(is_async(func)), copy_context(), origin)


def _described(task: Task) -> str:
    """A task's name, and where it was added."""
    return f"{task.name}, added at {task.where}" if task.where else task.name


def _check_seconds(name: str, seconds: float | None) -> None:
    """Refuse what is no length of time."""
    if seconds is not None and not seconds >= 0:
        raise ValueError(f"{name} is a number of seconds, 0 or more, or None, not {seconds!r}")


async def _what_it_raised(container: BackgroundTasks) -> BaseException | None:
    """Run a container, and give back what the run raised."""
    try:
        await container()
    except BaseException as error:  # the caller logs or raises it
        return error
    return None
