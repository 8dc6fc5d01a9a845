"""Has the run been cancelled: told without asking more often than it could have been.

A run is cancelled by a scope around it (anyio's, trio's), or by asyncio's own ``task.cancel()``. A
scope is level-triggered: asking again tells again. ``task.cancel()`` is delivered once, and what
remains of it is the count `asyncio.Task.cancelling`. A task that swallows the error without
``uncancel()`` has so not undone the request, and the run takes the count's word: it starts nothing
more (CAN-6). A request that had been delivered before the run began (clean-up in an ``except
CancelledError``) is none of the run's business.

Asking a scope takes 0.85 us, four times as long as running a small task, and nothing outside can
cancel a run that does not let the loop turn. So the run asks only before async tasks, and only
where the loop had its chance: at the start, after a task that suspended, and after a trip to a
thread. A trip is preceded by a checkpoint of anyio's and asks for itself, in the thread. The count
takes 30 ns and is asked always.
"""

from __future__ import annotations

import math
from asyncio import CancelledError, current_task
from collections.abc import Callable
from typing import Final, NoReturn, cast

from anyio import current_effective_deadline, get_cancelled_exc_class
from anyio.lowlevel import checkpoint

__all__ = ["Watch"]

PAST: Final = -math.inf
"""The deadline of a scope that has been cancelled."""


class Watch:
    """Looks out for a cancellation, for the length of one run.

    Attributes:
        before: how often ``task.cancel()`` had hit the task that awaits the run when that began.
        is_requested: whether it has hit the run since, by truth; from any thread.
    """

    __slots__ = ("before", "is_requested")

    def __init__(self) -> None:
        try:
            host = current_task()
        except RuntimeError:  # no loop of asyncio's is running
            host = None
        # Called with nothing, `int` gives 0, in half the time that a lambda takes.
        count: Callable[[], int] = int if host is None else host.cancelling
        self.before = count()
        self.is_requested = _beyond(self.before, count) if self.before else count

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
        return current_effective_deadline() == PAST

    async def deliver(self) -> NoReturn:
        """Raise the cancellation that was found (CAN-6)."""
        await checkpoint()  # the scope first: anyio's takes back no error but its own
        raise CancelledError("the run was cancelled, and its task swallowed the error")

    def is_cancelling(self) -> bool:
        """Whether asyncio's ``task.cancel()`` may be on its way; a checkpoint delivers it."""
        return self.before > 0 or bool(self.is_requested())


def _beyond(number: int, count: Callable[[], int]) -> Callable[[], int]:
    """Whether the count has gone beyond a number since."""
    return lambda: count() > number
