"""Members that break CALL-1, CALL-2 and CALL-8 of sync tasks in threads, and an odd one."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any

import anyio
import anyio.to_thread

from tests.gallery.member import breaks, odd
from tests.gallery.model import LATE, Box, Counting, Entry, heart, is_async, now_and_then, stepped

# CALL-1: a sync task runs off the loop's thread ----------------------------------------------


class OnLoop(Counting):
    """Calls some sync tasks on the loop."""

    def on_loop_instead(self, entry: Entry) -> bool:
        """Which: none, unless a member says so."""
        return False

    async def in_thread(self, entry: Entry) -> Any:
        """Call a sync task, and await what it gives back."""
        if not self.on_loop_instead(entry):
            return await super().in_thread(entry)
        result = entry.call()
        return await stepped(result, entry.context) if inspect.isawaitable(result) else result


@breaks("CALL-1")
class SyncOnLoop(OnLoop):
    """Calls sync tasks on the loop."""

    def on_loop_instead(self, entry: Entry) -> bool:
        return True


@breaks("CALL-1")
class SyncOnLoopLate(OnLoop):
    """Calls sync tasks on the loop from the sixth task on."""

    def on_loop_instead(self, entry: Entry) -> bool:
        return self.begun > LATE


@breaks("CALL-1")
class SyncOnLoopAtTimes(OnLoop):
    """Calls one sync task in eight on the loop."""

    def on_loop_instead(self, entry: Entry) -> bool:
        return now_and_then()


@breaks("CALL-1")
class SyncOnLoopAfterFailure(OnLoop):
    """Calls sync tasks on the loop once a task has failed."""

    def on_loop_instead(self, entry: Entry) -> bool:
        return bool(self.failures)


@breaks("CALL-1")
class PartialsOnLoop(OnLoop):
    """Calls partials of sync functions on the loop, for a partial is no function."""

    def on_loop_instead(self, entry: Entry) -> bool:
        return isinstance(entry.func, functools.partial)


@breaks("CALL-1")
class FollowsWrapped(OnLoop):
    """Takes a sync wrapper for the async function that it wraps."""

    def on_loop_instead(self, entry: Entry) -> bool:
        return inspect.iscoroutinefunction(inspect.unwrap(heart(entry.func)))


@breaks("CALL-1")
class SyncOnLoopAfterAsync(OnLoop):
    """Calls a sync task on the loop where the task before it was async."""

    came_from_loop = False

    def on_loop_instead(self, entry: Entry) -> bool:
        return self.came_from_loop

    async def perform(self, entry: Entry) -> None:
        try:
            await super().perform(entry)
        finally:
            self.came_from_loop = is_async(entry.func)


# CALL-2: the loop keeps turning --------------------------------------------------------------


class Joining(Counting):
    """Blocks the loop while some sync tasks run."""

    def blocks(self) -> bool:
        """Whether this time: never, unless a member says so."""
        return False

    async def thread(self, call: Callable[[], Any]) -> Any:
        """Call in a thread, and wait for it."""
        if not self.blocks():
            return await super().thread(call)
        box = Box(call)
        worker = threading.Thread(target=box)
        worker.start()
        worker.join()
        return box.open()


@breaks("CALL-2")
class JoinsThread(Joining):
    """Starts a thread for a sync task, and joins it on the loop."""

    def blocks(self) -> bool:
        return True


@breaks("CALL-2")
class JoinsThreadLate(Joining):
    """Joins the threads of sync tasks on the loop from the sixth task on."""

    def blocks(self) -> bool:
        return self.begun > LATE


@breaks("CALL-2")
class JoinsThreadAtTimes(Joining):
    """Joins one thread in eight on the loop."""

    def blocks(self) -> bool:
        return now_and_then()


# CALL-8: back into the loop ------------------------------------------------------------------


class OwnThreads(Counting):
    """Calls some sync tasks in threads that no event loop knows of."""

    def own(self) -> bool:
        """Whether this time."""
        return True

    async def thread(self, call: Callable[[], Any]) -> Any:
        if not self.own():
            return await super().thread(call)
        box = Box(call)
        worker = threading.Thread(target=box, daemon=True)
        worker.start()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(worker.join)
        return box.open()


@breaks("CALL-8")
class OwnThreadsLate(OwnThreads):
    """Lets sync tasks call back into the loop up to the fifth, and not from the sixth on."""

    def own(self) -> bool:
        return self.begun > LATE


@breaks("CALL-8")
class OwnThreadsAtTimes(OwnThreads):
    """Lets sync tasks call back into the loop, but for one in eight."""

    def own(self) -> bool:
        return now_and_then()


# Odd -----------------------------------------------------------------------------------------


@odd
class BareThreads(OwnThreads):
    """Gives every sync task a thread of its own, from which nothing leads back to the loop."""
