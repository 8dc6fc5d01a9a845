"""Members that break the chapter RUN, and odd ones that use its freedoms."""

from __future__ import annotations

import functools
import math
import random
from collections import deque
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread

from tests.gallery.member import breaks, odd
from tests.gallery.model import Entry, Model, Siblings, is_async

# RUN-1: each task once -----------------------------------------------------------------------


@breaks("RUN-1")
class Twice(Model):
    """Calls a sync function a second time, one time in eight."""

    async def in_thread(self, entry: Entry) -> Any:
        result = await super().in_thread(entry)
        if random.random() < 1 / 8:
            await super().in_thread(entry)
        return result


@breaks("RUN-1")
class Retries(Model):
    """Tries a failed task once more."""

    async def attempt(self, entry: Entry) -> None:
        before = len(self.failures)
        await super().attempt(entry)
        if len(self.failures) > before and type(self.failures[-1]) is ValueError:
            self.failures.pop()
            await super().attempt(entry)


@breaks("RUN-1")
class LeavesOut(Model):
    """Leaves out one task in eight."""

    async def attempt(self, entry: Entry) -> None:
        if random.random() >= 1 / 8:
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
        if self.count != 6 or is_async(entry.func):
            await super().attempt(entry)


@breaks("RUN-1")
class LeavesOutAsync(Model):
    """Leaves out an async task that comes last, after a sync one."""

    was_sync = False

    async def attempt(self, entry: Entry) -> None:
        if not (self.was_sync and is_async(entry.func) and not self.entries):
            await super().attempt(entry)
        self.was_sync = not is_async(entry.func)


# RUN-2: to the end of the last ---------------------------------------------------------------


class LeavesLast(Model):
    """Runs the last of several tasks later."""

    count = 0

    async def run(self) -> None:
        self.count = 0
        await super().run()

    def leaves(self, entry: Entry) -> bool:
        """Which."""
        raise NotImplementedError

    async def attempt(self, entry: Entry) -> None:
        self.count += 1
        if self.entries or self.count == 1 or not self.leaves(entry):
            await super().attempt(entry)
        else:
            behind(self, super().attempt, entry)


def behind(owner: object, function: Callable[[Entry], Any], entry: Entry) -> None:
    """Have the loop run this some time."""
    token = anyio.lowlevel.current_token()
    backend = token.backend_class.__name__
    if "Trio" in backend:
        import trio

        trio.lowlevel.spawn_system_task(function, entry)
    else:
        import asyncio

        task = asyncio.get_running_loop().create_task(function(entry))
        vars(owner).setdefault("behind", []).append(task)


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
        return random.random() < 1 / 8


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
        """What it does about it."""
        raise NotImplementedError

    async def in_thread(self, entry: Entry) -> Any:
        result = await super().in_thread(entry)
        self.judge(result)
        return result

    async def on_loop(self, entry: Entry) -> Any:
        result = await super().on_loop(entry)
        self.judge(result)
        return result


@breaks("RUN-4")
class Counts(Model):
    """Gives back how many it ran."""

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


# RUN-5: adds while running -------------------------------------------------------------------


@breaks("RUN-5")
class LosesLateAdds(Model):
    """Forgets what is added while it runs."""

    def accept(self, entry: Entry) -> None:
        if not self.running:
            super().accept(entry)


@breaks("RUN-5")
class LateBySync(Model):
    """Runs now what async tasks add, and later what sync ones add."""

    async def run(self) -> None:
        self.late: list[Entry] = []
        self.busy = False
        await super().run()
        self.entries.extend(self.late)

    async def in_thread(self, entry: Entry) -> Any:
        self.busy = True
        try:
            return await super().in_thread(entry)
        finally:
            self.busy = False

    def accept(self, entry: Entry) -> None:
        if self.running and self.busy:
            self.late.append(entry)
        else:
            super().accept(entry)


@breaks("RUN-5")
class TooLateForTheLast(Model):
    """Forgets what is added while the last task runs."""

    def accept(self, entry: Entry) -> None:
        if not self.running or self.entries:
            super().accept(entry)


@breaks("RUN-5")
class LateAtTimes(Model):
    """Refuses an add while it runs, one time in eight."""

    def accept(self, entry: Entry) -> None:
        if self.running and random.random() < 1 / 8:
            raise RuntimeError("this container is running")
        super().accept(entry)


# RUN-6: a second run -------------------------------------------------------------------------


def holds_arguments(entry: Entry) -> bool:
    """Whether it keeps any argument alive."""
    return bool(entry.args or entry.kwargs or isinstance(entry.func, functools.partial))


class Again(Model):
    """Keeps what it has run, and runs some of it again."""

    def __init__(self) -> None:
        super().__init__()
        self.had: list[Entry] = []

    def again(self, entry: Entry) -> bool:
        """Which."""
        raise NotImplementedError

    async def run(self) -> None:
        old, self.had = self.had, []
        self.entries[:0] = [entry for entry in old if self.again(entry)]
        had = [entry for entry in self.entries if not holds_arguments(entry)]
        await super().run()
        self.had = had


@breaks("RUN-6")
class SyncAgain(Again):
    """Runs sync tasks again in a second run, and async ones not."""

    def again(self, entry: Entry) -> bool:
        return not is_async(entry.func)


@breaks("RUN-6")
class AgainAtTimes(Again):
    """Runs seven in eight tasks again in a second run."""

    def again(self, entry: Entry) -> bool:
        return random.random() < 7 / 8


@breaks("RUN-6")
class ThirdIsRefused(Model):
    """Does nothing in a second run, and refuses a third where nothing was added."""

    idle = 0

    async def run(self) -> None:
        self.idle = 0 if self.entries else self.idle + 1
        if self.idle > 1:
            raise RuntimeError("this container has run")
        await super().run()

    async def __call__(self) -> None:
        if self.entries or hasattr(self, "used"):
            self.used = True
            await super().__call__()


# RUN-7: adds after a run ---------------------------------------------------------------------


class Deaf(Model):
    """Forgets adds once something has happened."""

    deaf = False

    def accept(self, entry: Entry) -> None:
        if self.running or not self.deaf:
            super().accept(entry)


@breaks("RUN-7")
class RunsOnce(Deaf):
    """Forgets what is added after a run."""

    async def run(self) -> None:
        await super().run()
        self.deaf = True


@breaks("RUN-7")
class DeafAfterFailure(Deaf):
    """Forgets what is added after a run that failed."""

    def finish(self, failures: list[Exception]) -> None:
        self.deaf = bool(failures)
        super().finish(failures)


@breaks("RUN-7")
class DeafAfterNothing(Deaf):
    """Forgets what is added after a run with nothing in it."""

    async def run(self) -> None:
        self.deaf = self.deaf or not self.entries
        await super().run()


@breaks("RUN-7")
class ThirdRunIsDeaf(Deaf):
    """Forgets what is added after a second run."""

    runs = 0

    async def run(self) -> None:
        await super().run()
        self.runs += 1
        self.deaf = self.runs > 1


# RUN-8: beside another -----------------------------------------------------------------------


LOCK: anyio.lowlevel.RunVar[anyio.Lock] = anyio.lowlevel.RunVar("gallery lock")


def lock_of_the_loop() -> anyio.Lock:
    """The lock that all containers of a loop share."""
    try:
        return LOCK.get()
    except LookupError:
        LOCK.set(lock := anyio.Lock())
        return lock


@breaks("RUN-8")
class OneAtATime(Model):
    """Runs one container at a time, whichever, but for one that another one runs."""

    async def run(self) -> None:
        lock = lock_of_the_loop()
        owner = lock.statistics().owner
        if owner is not None and owner.id == anyio.get_current_task().id:
            await super().run()
            return
        async with lock:
            await super().run()


@breaks("RUN-8")
class OneSyncAtATime(Model):
    """Runs one sync task at a time, of whichever container."""

    async def in_thread(self, entry: Entry) -> Any:
        async with lock_of_the_loop():
            return await super().in_thread(entry)


LIMITER: anyio.lowlevel.RunVar[anyio.CapacityLimiter] = anyio.lowlevel.RunVar("gallery limiter")


@breaks("RUN-8")
class OneThread(Model):
    """Has one worker thread for all containers of a loop."""

    async def thread(self, call: Callable[[], Any]) -> Any:
        try:
            limiter = LIMITER.get()
        except LookupError:
            LIMITER.set(limiter := anyio.CapacityLimiter(1))
        return await anyio.to_thread.run_sync(call, limiter=limiter)


# RUN-9: within itself, and twice at once -----------------------------------------------------


@breaks("RUN-9")
class WaitsForItself(Model):
    """Waits for a run in progress to end, though it be its own."""

    async def __call__(self) -> None:
        while self.running:  # noqa: ASYNC110  that it polls is its fault
            await anyio.sleep(0.01)
        await super().__call__()


@breaks("RUN-9")
class RefusesAtTimes(Model):
    """Joins a run in progress, and refuses to one time in eight."""

    async def __call__(self) -> None:
        if not self.running or random.random() < 1 / 8:
            await super().__call__()


@breaks("RUN-9")
class LosesTheRest(Model):
    """Forgets what has not started where it is awaited while it runs."""

    async def __call__(self) -> None:
        if self.running:
            self.entries.clear()
        else:
            await super().__call__()


# RUN-10: arguments ---------------------------------------------------------------------------


@breaks("RUN-10")
class KeepsAll(Model):
    """Keeps every entry, for the record."""

    def __init__(self) -> None:
        super().__init__()
        self.record: list[Entry] = []

    def accept(self, entry: Entry) -> None:
        self.record.append(entry)
        super().accept(entry)


@breaks("RUN-10")
class KeepsUntilTheEnd(Model):
    """Keeps every entry until the run ends."""

    def __init__(self) -> None:
        super().__init__()
        self.record: list[Entry] = []

    def drop(self, entry: Entry) -> None:
        self.record.append(entry)
        super().drop(entry)

    async def run(self) -> None:
        await super().run()
        self.record.clear()


@breaks("RUN-10")
class KeepsKeywords(Model):
    """Keeps the keyword arguments of async tasks."""

    def __init__(self) -> None:
        super().__init__()
        self.record: list[dict[str, Any]] = []

    def accept(self, entry: Entry) -> None:
        if is_async(entry.func):
            self.record.append(entry.kwargs)
        super().accept(entry)


@breaks("RUN-10")
class KeepsSomeAtTimes(Model):
    """Keeps one entry in eight."""

    def __init__(self) -> None:
        super().__init__()
        self.record: list[Entry] = []

    def drop(self, entry: Entry) -> None:
        if random.random() < 1 / 8:
            self.record.append(entry)
        super().drop(entry)


# Odd -----------------------------------------------------------------------------------------


@odd
class Refusing(Model):
    """Refuses whatever comes after the first run has begun."""

    began = False

    async def __call__(self) -> None:
        if self.began:
            raise RuntimeError("a container runs once")
        self.began = True
        await super().__call__()

    def accept(self, entry: Entry) -> None:
        if self.began:
            raise RuntimeError("this container has run")
        super().accept(entry)


@odd
class NextTime(Model):
    """Keeps for the next run what is added while it runs."""

    async def run(self) -> None:
        self.left = len(self.entries)
        await super().run()

    def next(self) -> Entry | None:
        self.left -= 1
        return super().next() if self.left >= 0 else None


@odd
class Dawdles(Model):
    """Gives the loop many turns before each task."""

    async def look(self) -> None:
        for _ in range(20):
            await anyio.lowlevel.checkpoint()


@odd
class Joins(Model):
    """Leaves to the run in progress what there is to do."""

    async def __call__(self) -> None:
        if not self.running:
            await super().__call__()


@odd
class TakesTurns(Model):
    """Awaited twice at once, runs what is left when the first run has ended; refuses within itself."""

    lock: anyio.Lock | None = None

    async def __call__(self) -> None:
        if self.lock is None:
            self.lock = anyio.Lock()
        owner = self.lock.statistics().owner
        if owner is not None and owner.id == anyio.get_current_task().id:
            raise RuntimeError("this container is running in this very task")
        async with self.lock:
            await super().__call__()


@odd
class TakesOver(Model):
    """Awaited while it runs, runs what has not started yet."""

    async def __call__(self) -> None:
        before, self.running = self.running, True
        failures = self.failures
        try:
            await self.run()
        finally:
            self.running, self.failures = before, failures

    def next(self) -> Entry | None:
        return self.entries.pop(0) if self.entries else None

    def drop(self, entry: Entry) -> None:
        pass


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
