"""Trips to a worker thread: sync neighbours go together, each started at most once, none lost.

anyio lends the threads, which is why `anyio.from_thread` works in a sync task (CALL-8). To hand
work to one and to hear back takes some 60 us, and a small task less than one, so a trip does not
end with the first task: the thread takes the next from the left end of the container's deque, where
the loop would have taken it, for as long as that is a sync one. It comes back earlier where the
loop has something to do (a failure to look at, an awaitable to await), where a cancellation was
asked for, and after `BUDGET`, so that whoever else waits for a thread gets one.

What anyio leaves open is settled by one state, which loop and thread move on under a lock:

    WAITING -> STARTED -> ENDED     tasks ran; what is left to do is in `failure` or `rest`
    WAITING -> GIVEN_UP             a cancellation came first; the thread will start nothing
    STARTED -> LEFT                 the run ended without the trip; what comes of it is logged

A scope that is cancelled meanwhile does not end the wait (CAN-4), for anyio shields it. asyncio's
``task.cancel()`` goes through every shield, so the first one is held back until the task in
progress has ended, and only then delivered; the second leaves the task behind (CAN-7). The thread
asks for either before each start (CAN-6): for the scope that takes 0.3 us, for the other 0.05.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from enum import Enum, auto
from time import monotonic
from typing import Final

from anyio import CancelScope, CapacityLimiter, from_thread, to_thread

from bgspec.callables import Rest, name_of, out_of_a_call, rest_of
from bgspec.steps import Begun, begin_rest
from bgspec.task import KIND, Record, noted

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

BUDGET: Final = 0.01
"""Seconds after which a trip starts no further task."""


class State(Enum):
    """How far a trip has come."""

    WAITING = auto()
    STARTED = auto()
    ENDED = auto()
    GIVEN_UP = auto()
    LEFT = auto()


# By name of the class they take ten times as long to look up on Python 3.11, 60 ns.
WAITING, STARTED, ENDED, GIVEN_UP, LEFT = State


class Trip:
    """Sync tasks, one after the other, in a worker thread.

    Args:
        pending: the container's tasks; those that are started are taken from its left end.
        is_cancelled: whether ``task.cancel()`` has hit the run, by truth; asked from the thread.

    Attributes:
        last: the task in progress, or the one that the trip came back for.
    """

    __slots__ = (
        "_bell",
        "_failure",
        "_is_cancelled",
        "_lock",
        "_pending",
        "_rest",
        "_state",
        "last",
    )

    def __init__(self, pending: deque[Record], is_cancelled: Callable[[], int]) -> None:
        self._pending = pending
        self._is_cancelled = is_cancelled
        self._lock = threading.Lock()
        self._state = WAITING
        self._bell: concurrent.futures.Future[None] | None = None
        self._failure: BaseException | None = None
        self._rest: Rest | None = None
        self.last: Record | None = None

    async def make(self, limiter: CapacityLimiter | None = None) -> BaseException | None:
        """Have tasks called in a worker thread, and wait until the last of them has ended.

        It may return with no task started, when a scope was cancelled on the way: the next
        checkpoint then raises the cancellation.

        Args:
            limiter: what bounds the threads; anyio's own by default.

        Returns:
            What the last task raised, the others having ended well.

        Raises:
            BaseException: the backend's cancellation error, and never one of a task's.
        """
        try:
            await to_thread.run_sync(self._run, limiter=limiter)
        except asyncio.CancelledError as cancellation:
            if self._move(WAITING, GIVEN_UP):
                raise
            await self._outlast(cancellation)
        except BaseException:
            self._leave()
            raise
        begun = None if self.last is None else self._outcome(self.last)
        return begun if begun is None or isinstance(begun, BaseException) else await begun

    def _outcome(self, task: Record) -> Begun:
        """What became of the task that the trip came back for: it failed, or has a rest."""
        if (failure := self._take_failure()) is not None:
            return noted(failure, task)
        return None if self._rest is None else begin_rest(task, self._rest)

    def _take_failure(self) -> BaseException | None:
        """What the last task raised; kept no longer, for its traceback leads back to this trip."""
        failure, self._failure = self._failure, None
        return failure

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
            if self._state is ENDED:
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
        """Let the run end without the trip: it will not start, or its task runs on behind."""
        if self._move(WAITING, GIVEN_UP):
            return
        if self._move(STARTED, LEFT):
            if self.last is not None:
                name = name_of(self.last[0])
                logger.warning("%s was left behind, and runs on in its thread", name)
        else:
            self._tell_failure()

    def _run(self) -> None:
        """Call one task after the other, in the worker thread, until the loop has work to do."""
        pending = self._pending
        end = monotonic() + BUDGET
        while (task := self._start()) is not None:
            func, args, kwargs, _, context, _, _ = task
            try:
                if LIBRARY is not None and context.get(LIBRARY) is not None:
                    # No loop runs in this thread, though the context of the add says so.
                    context.run(LIBRARY.set, None)
                result = context.run(func, *args, **kwargs) if kwargs else context.run(func, *args)
                if result is not None:
                    self._rest = rest_of(result)
                    if self._rest is not None:
                        break
                    result = None  # it may be an argument, and the next task runs soon
            except BaseException as error:  # it is the run that raises it
                self._failure = out_of_a_call(error)
                break
            if not pending or pending[0][KIND] or monotonic() > end:
                self.last = None
                break
        self._end()

    def _start(self) -> Record | None:
        """Take the next task, unless somebody has asked for the run to end.

        The one before is let go: the worker holds on to this trip for a moment after it ended, and
        the task's arguments must not last as long (RUN-10).
        """
        self.last = None
        if self._is_cancelled():
            return None
        try:
            from_thread.check_cancelled()
        except BaseException:  # the backend's cancellation error; the loop raises its own
            return None
        self._lock.acquire()  # `with` takes 60 ns more
        try:
            if self._state is STARTED or self._state is WAITING:
                self._state = STARTED
                self.last = self._pending.popleft()
        finally:
            self._lock.release()
        return self.last

    def _end(self) -> None:
        """Say that the trip has ended, or tell what came of it if nobody waits any more."""
        if not self._move(STARTED, ENDED):
            self._tell_failure()
        if self._bell is not None:
            self._bell.set_result(None)

    def _tell_failure(self) -> None:
        """Log the failure of a task whose run has ended without it, and cannot raise it."""
        failure = self._take_failure()
        if failure is not None:
            logger.error("a background task that was left behind failed", exc_info=failure)
