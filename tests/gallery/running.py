"""Members that break RUN-1 to RUN-4, of a single run, and odd ones."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import anyio.lowlevel
import trio

from tests.gallery.member import breaks, odd
from tests.gallery.model import LATE, Entry, Model, Siblings, is_async, now_and_then, on_asyncio

# RUN-1: each task once -----------------------------------------------------------------------


@breaks("RUN-1")
class TwiceAtTimes(Model):
    """Calls a sync task a second time, one time in eight."""

    async def in_thread(self, entry: Entry) -> Any:
        result = await super().in_thread(entry)
        if now_and_then():
            await super().in_thread(entry)
        return result


@breaks("RUN-1")
class RetriesValueErrors(Model):
    """Tries a task that raised ValueError once more."""

    async def attempt(self, entry: Entry) -> None:
        before = len(self.failures)
        await super().attempt(entry)
        if len(self.failures) > before and type(self.failures[-1]) is ValueError:
            self.failures.pop()
            await super().attempt(entry)


@breaks("RUN-1")
class LeavesOutAtTimes(Model):
    """Leaves out one task in eight."""

    async def attempt(self, entry: Entry) -> None:
        if not now_and_then():
            await super().attempt(entry)


@breaks("RUN-1")
class LeavesOutTheSixth(Model):
    """Leaves out the sixth task of a run, where that is sync."""

    count = 0

    async def run(self) -> None:
        self.count = 0
        await super().run()

    async def attempt(self, entry: Entry) -> None:
        self.count += 1
        if self.count != LATE + 1 or is_async(entry.func):
            await super().attempt(entry)


@breaks("RUN-1")
class SkipsTheLastAsync(Model):
    """Leaves out an async task that comes last, after a sync one."""

    was_sync = False

    async def attempt(self, entry: Entry) -> None:
        if not (self.was_sync and is_async(entry.func) and not self.entries):
            await super().attempt(entry)
        self.was_sync = not is_async(entry.func)


# RUN-2: to the end of the last ---------------------------------------------------------------


class LeavesLast(Model):
    """Runs the last of several tasks later."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.behind: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        self.count = 0
        await super().run()

    def leaves(self, entry: Entry) -> bool:
        """Which: none, unless a member says so."""
        return False

    async def attempt(self, entry: Entry) -> None:
        self.count += 1
        if self.entries or self.count == 1 or not self.leaves(entry):
            await super().attempt(entry)
        else:
            self.leave(super().attempt, entry)

    def leave(self, attempt: Callable[[Entry], Coroutine[Any, Any, None]], entry: Entry) -> None:
        """Have the loop run it some time."""
        if on_asyncio():
            self.behind.append(asyncio.create_task(attempt(entry)))
        else:
            trio.lowlevel.spawn_system_task(attempt, entry)


@breaks("RUN-2")
class LeavesLastAsync(LeavesLast):
    """Returns without waiting for a last task that is async."""

    def leaves(self, entry: Entry) -> bool:
        return is_async(entry.func)


@breaks("RUN-2")
class LeavesLastSync(LeavesLast):
    """Returns without waiting for a last task that is sync."""

    def leaves(self, entry: Entry) -> bool:
        return not is_async(entry.func)


@breaks("RUN-2")
class LeavesLastAtTimes(LeavesLast):
    """Returns without waiting for the last task, one time in eight."""

    def leaves(self, entry: Entry) -> bool:
        return now_and_then()


# RUN-3: an empty run -------------------------------------------------------------------------


@breaks("RUN-3")
class EmptyIsAnError(Model):
    """Takes an empty run for a mistake."""

    used = False

    def accept(self, entry: Entry) -> None:
        self.used = True
        super().accept(entry)

    async def run(self) -> None:
        if not self.used:
            raise RuntimeError("there is nothing to run")
        await super().run()


@breaks("RUN-3")
class EmptyAfterAnother(Siblings):
    """Takes an empty run for a mistake, once another container has had a task."""

    async def run(self) -> None:
        if not self.used and any(other.used for other in self.others):
            raise RuntimeError("there is nothing to run here")
        await super().run()


# RUN-4: results ------------------------------------------------------------------------------


class Judging(Model):
    """Looks at what a task gives back."""

    def judge(self, result: Any) -> None:
        """What it does about it: nothing, unless a member says so."""

    async def in_thread(self, entry: Entry) -> Any:
        result = await super().in_thread(entry)
        self.judge(result)
        return result

    async def on_loop(self, entry: Entry) -> Any:
        result = await super().on_loop(entry)
        self.judge(result)
        return result


@breaks("RUN-4")
class GivesTheCount(Model):
    """Gives back how many it ran, where they were several."""

    async def __call__(self) -> Any:
        count = len(self.entries)
        await super().__call__()
        return count if count > 1 else None


@breaks("RUN-4")
class GivesResults(Judging):
    """Gives back the last result that was not None."""

    result: Any = None

    def judge(self, result: Any) -> None:
        self.result = result if result is not None else self.result

    async def __call__(self) -> Any:
        self.result = None
        await super().__call__()
        return self.result


@breaks("RUN-4")
class StopsAtFalse(Judging):
    """Stops at a task that gives back False."""

    def judge(self, result: Any) -> None:
        if result is False:
            self.entries.clear()


@breaks("RUN-4")
class RaisesResults(Judging):
    """Raises an exception that a task gives back."""

    def judge(self, result: Any) -> None:
        if isinstance(result, Exception):
            raise result


@breaks("RUN-4")
class AsksResults(Judging):
    """Asks whether what a task gives back is true."""

    succeeded = 0

    def judge(self, result: Any) -> None:
        self.succeeded += bool(result)


@breaks("RUN-4")
class HashesResults(Judging):
    """Puts what tasks give back into a set."""

    def judge(self, result: Any) -> None:
        _ = {result}


@breaks("RUN-4")
class RepeatsFalse(Judging):
    """Calls a sync task again that gave back False."""

    again = False

    def judge(self, result: Any) -> None:
        self.again = result is False and not self.again

    async def in_thread(self, entry: Entry) -> Any:
        result = await super().in_thread(entry)
        return await super().in_thread(entry) if self.again else result


# Odd -----------------------------------------------------------------------------------------


@odd
class Dawdles(Model):
    """Gives the loop many turns before each task."""

    async def look(self) -> None:
        for _ in range(20):
            await anyio.lowlevel.checkpoint()


@odd
class ChildTasks(Model):
    """Runs each task in a task of its own, and waits for that."""

    async def perform(self, entry: Entry) -> None:
        raised: list[BaseException] = []
        async with anyio.create_task_group() as group:
            group.start_soon(self.child, entry, raised)
        if raised:
            raise raised.pop()

    async def child(self, entry: Entry, raised: list[BaseException]) -> None:
        """Perform one entry, and keep what it raises, if it is not a cancellation from outside."""
        try:
            await super().perform(entry)
        except BaseException as exc:
            if anyio.current_effective_deadline() == -math.inf:
                raise
            raised.append(exc)


@odd
class Relay(Model):
    """Takes entries from a deque, and waits for its turn by an event before each."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: Any = deque()

    async def look(self) -> None:
        turn = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(self.give, turn)
            await turn.wait()

    async def give(self, turn: anyio.Event) -> None:
        """Give the turn."""
        await anyio.lowlevel.checkpoint()
        turn.set()
