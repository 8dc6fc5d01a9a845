"""Has the run been cancelled: told without asking more often than it could have been.

A run is cancelled by a scope around it (anyio's, trio's), or by asyncio's own ``task.cancel()``. A
scope is level-triggered: asking again tells again. ``task.cancel()`` is delivered once, and what
remains of it is the count `asyncio.Task.cancelling`. A task that swallows the error without
``uncancel()`` has so not undone the request, and the run takes the count's word: it starts nothing
more (CAN-6). A request that had been delivered before the run began (clean-up in an ``except
CancelledError``) is none of the run's business.

Asking a scope takes four times as long as running a small task, and nothing outside can cancel a
run that does not let the loop turn. So it is asked only where the loop had its chance: at the
start, after a task that suspended, and after one on a thread. The count takes 30 ns and is asked
always.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import NoReturn, cast

from anyio import current_effective_deadline, get_cancelled_exc_class
from anyio.lowlevel import checkpoint

__all__ = ["Watch"]


class Watch:
    """Looks out for a cancellation, for the length of one run.

    Attributes:
        before: how often ``task.cancel()`` had hit the task that awaits the run when that began.
        is_requested: whether it has hit the run since; from any thread.
        loop_turned: whether the loop may have turned since a scope was last asked.
    """

    __slots__ = ("before", "is_requested", "loop_turned")

    def __init__(self) -> None:
        self.loop_turned = True
        self.is_requested: Callable[[], bool] = _never
        before = 0
        try:
            host = asyncio.current_task()
        except RuntimeError:  # no loop of asyncio's is running
            host = None
        if host is not None:
            before = host.cancelling()
            since = (lambda: host.cancelling() > before) if before else host.cancelling
            self.is_requested = cast("Callable[[], bool]", since)
        self.before = before

    def is_final(self, error: BaseException) -> bool:
        """Whether a task's error ends the run at once: an exit (ERR-6), or a cancellation (CAN-3).

        A cancellation error counts as cancellation wherever it came from (ERR-9): what one means is
        the loop's to say, and a task that raises one by itself says it to whoever awaits the run. A
        group is final where it holds one of these, for that is how task groups hand them on.
        """
        final = (KeyboardInterrupt, SystemExit, get_cancelled_exc_class())
        if isinstance(error, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", error)
            return group.subgroup(final) is not None
        return isinstance(error, final)

    def is_scope_cancelled(self) -> bool:
        """Whether a scope around the run has been cancelled; asked where the loop has turned."""
        self.loop_turned = False
        return current_effective_deadline() == -math.inf

    async def deliver(self) -> NoReturn:
        """Raise the cancellation that was found (CAN-6)."""
        await checkpoint()  # the scope first: anyio's takes back no error but its own
        raise asyncio.CancelledError("the run was cancelled, and its task swallowed the error")

    def is_cancelling(self) -> bool:
        """Whether asyncio's ``task.cancel()`` may be on its way; a checkpoint delivers it."""
        return self.before > 0 or self.is_requested()


def _never() -> bool:
    return False
