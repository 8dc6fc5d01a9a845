"""A sync task's trip to a worker thread: started at most once, waited for, and never lost.

anyio lends the threads, which is why `anyio.from_thread` works in a sync task (CALL-8). What it
leaves open is settled here by one state, which loop and thread move on under a lock:

    WAITING -> STARTED -> ENDED     the task ran, and what came of it is in `failure` and `rest`
    WAITING -> GIVEN_UP             a cancellation came first; the thread will not start it
    STARTED -> LEFT                 the run ended without it; what comes of it is logged

A scope that is cancelled meanwhile does not end the wait (CAN-4), for anyio shields it. asyncio's
``task.cancel()`` goes through every shield, so the first one is held back until the task has ended,
and only then delivered; the second leaves the task behind (CAN-7).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from contextvars import ContextVar
from enum import Enum, auto

from anyio import CancelScope, from_thread, to_thread

from bgspec.callables import Rest, call
from bgspec.task import Task

__all__ = ["Trip"]

logger = logging.getLogger(__name__)


def _library_variable() -> ContextVar[str | None] | None:
    """Where sniffio, if it is installed, has what is running in this context."""
    try:
        from sniffio import current_async_library_cvar
    except ImportError:
        return None
    return current_async_library_cvar


LIBRARY = _library_variable()


class State(Enum):
    """How far a trip has come."""

    WAITING = auto()
    STARTED = auto()
    ENDED = auto()
    GIVEN_UP = auto()
    LEFT = auto()


class Trip:
    """One sync task, to be started in a worker thread or given back.

    Attributes:
        rest: what is left to await, once the call has ended (CALL-6).
    """

    __slots__ = ("_bell", "_failure", "_lock", "_state", "_task", "rest")

    def __init__(self, task: Task) -> None:
        self._task: Task | None = task
        self._lock = threading.Lock()
        self._state = State.WAITING
        self._bell: concurrent.futures.Future[None] | None = None
        self._failure: BaseException | None = None
        self.rest: Rest | None = None

    @property
    def has_started(self) -> bool:
        """Whether the task was called."""
        return self._state not in (State.WAITING, State.GIVEN_UP)

    def take_failure(self) -> BaseException | None:
        """What the task raised; kept here no longer, for its traceback leads back to this trip."""
        failure, self._failure = self._failure, None
        return failure

    async def make(self) -> None:
        """Have the task called in a worker thread, and wait until it has ended.

        It may return with the task not started, when a scope was cancelled on the way: the next
        checkpoint then raises the cancellation.

        Raises:
            BaseException: the backend's cancellation error, and never one of the task's.
        """
        try:
            await to_thread.run_sync(self._run)
        except asyncio.CancelledError as cancellation:
            if self._move(State.WAITING, State.GIVEN_UP):
                raise
            await self._outlast(cancellation)
        except BaseException:
            self._leave()
            raise

    async def _outlast(self, cancellation: asyncio.CancelledError) -> None:
        """Wait for the end in spite of one ``task.cancel()``, and then renew it."""
        try:
            with CancelScope(shield=True):
                await self._ended()
        except BaseException:
            self._leave()
            raise
        host = asyncio.current_task()
        if host is not None:
            host.uncancel()
            host.cancel(*cancellation.args)

    async def _ended(self) -> None:
        """Wait for the thread, the future that anyio waits on having been cancelled."""
        bell: concurrent.futures.Future[None] = concurrent.futures.Future()
        # A running future cannot be cancelled from here, so the thread can always set it.
        bell.set_running_or_notify_cancel()
        with self._lock:
            if self._state is State.ENDED:
                return
            self._bell = bell
        await asyncio.wrap_future(bell)

    def _move(self, before: State, after: State) -> bool:
        """Change the state if it is still `before`; whether it was."""
        with self._lock:
            if self._state is not before:
                return False
            self._state = after
            return True

    def _leave(self) -> None:
        """Let the run end without the task: it will not start, or runs on behind."""
        if not self._move(State.WAITING, State.GIVEN_UP) and not self._move(
            State.STARTED, State.LEFT
        ):
            self._tell_failure()

    def _run(self) -> None:
        """Call the task, in the worker thread, unless a cancellation was quicker."""
        try:
            from_thread.check_cancelled()
        except BaseException:  # the backend's cancellation error; the loop raises its own
            return
        task = self._task
        if task is None or not self._move(State.WAITING, State.STARTED):
            return
        # The worker holds on to this trip for a moment after it ended: the arguments must not
        # last as long (RUN-10).
        self._task = None
        try:
            if LIBRARY is not None:
                # No loop runs in this thread, though the context of the add may say so.
                task.context.run(LIBRARY.set, None)
            self.rest = call(task.context, task.func, task.args, task.kwargs)
        except BaseException as error:  # it is the run that raises it
            self._failure = error
        self._end()

    def _end(self) -> None:
        """Say that the task has ended, or tell what came of it if nobody waits any more."""
        if not self._move(State.STARTED, State.ENDED):
            self._tell_failure()
        if self._bell is not None:
            self._bell.set_result(None)

    def _tell_failure(self) -> None:
        """Log the failure of a task whose run has ended without it, and cannot raise it."""
        failure = self.take_failure()
        if failure is not None:
            logger.error("a background task that was left behind failed", exc_info=failure)
