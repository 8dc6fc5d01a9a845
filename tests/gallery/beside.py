"""Members that break RUN-8 and RUN-9, of runs at the same time, and odd ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread

from tests.gallery.member import breaks, odd
from tests.gallery.model import Entry, Model, now_and_then

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
        if not self.running or now_and_then():
            await super().__call__()


@breaks("RUN-9")
class LosesTheRest(Model):
    """Forgets what has not started where it is awaited while it runs."""

    async def __call__(self) -> None:
        if self.running:
            self.entries.clear()
        else:
            await super().__call__()


# Odd -----------------------------------------------------------------------------------------


@odd
class Joins(Model):
    """Leaves to the run in progress what there is to do."""

    async def __call__(self) -> None:
        if not self.running:
            await super().__call__()


@odd
class TakesTurns(Model):
    """Awaited twice at once, runs what is left when the first run ends; refuses within itself."""

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
