"""Members that break ERR-3, ERR-4 and ERR-8, of what comes after a failure, and an odd one."""

from __future__ import annotations

import inspect
from typing import Any

import anyio
import anyio.to_thread

from tests.gallery.member import breaks, odd
from tests.gallery.model import Entry, Model, Siblings, is_async, lists_in, now_and_then, restore

# ERR-3: a failure undoes nothing -------------------------------------------------------------


@breaks("ERR-3")
class RollsBack(Model):
    """Undoes what was written to lists when a task fails."""

    async def run(self) -> None:
        self.kept = lists_in(arg for entry in self.entries for arg in entry.args)
        await super().run()

    def finish(self, failures: list[Exception]) -> None:
        if failures:
            restore(self.kept)
        super().finish(failures)


@breaks("ERR-3")
class RepeatsWhatEnded(Model):
    """Calls once more, when a task fails, the sync functions without arguments that had ended."""

    async def run(self) -> None:
        self.over: list[Entry] = []
        await super().run()

    def again(self) -> bool:
        """Whether it does so this time."""
        return True

    async def attempt(self, entry: Entry) -> None:
        before = len(self.failures)
        await super().attempt(entry)
        if len(self.failures) == before:
            if inspect.isfunction(entry.func) and not (entry.args or entry.kwargs):
                self.over.append(entry)
        elif "failed" in str(self.failures[-1:]) and self.again():
            for ended in self.over:
                if not is_async(ended.func):
                    await self.perform(ended)
            self.over.clear()


@breaks("ERR-3")
class RepeatsAtTimes(RepeatsWhatEnded):
    """Does so one time in eight."""

    def again(self) -> bool:
        return now_and_then()


# ERR-4: after a failure ----------------------------------------------------------------------


class MayStop(Model):
    """Stops after a failure where `stops` says so, and forgets what was left."""

    def stops(self, entry: Entry, failure: Exception) -> bool:
        """Whether it stops after this one: no, unless a member says so."""
        return False

    async def attempt(self, entry: Entry) -> None:
        before = len(self.failures)
        await super().attempt(entry)
        if len(self.failures) > before and self.stops(entry, self.failures[-1]):
            self.entries.clear()


@breaks("ERR-4")
class StopsAtSync(MayStop):
    """Stops after a sync failure, and goes on after an async one."""

    def stops(self, entry: Entry, failure: Exception) -> bool:
        return not is_async(entry.func)


@breaks("ERR-4")
class StopsAtTimes(MayStop):
    """Stops after one failure in eight."""

    def stops(self, entry: Entry, failure: Exception) -> bool:
        return now_and_then()


@breaks("ERR-4")
class StopsAtOSErrors(MayStop):
    """Stops after an OSError, and goes on after any other failure."""

    def stops(self, entry: Entry, failure: Exception) -> bool:
        return isinstance(failure, OSError)


@breaks("ERR-4")
class StopsAtTheThird(MayStop):
    """Goes on until the third failure."""

    def stops(self, entry: Entry, failure: Exception) -> bool:
        return len(self.failures) == 3


@breaks("ERR-4")
class SkipsWhatFailed(Model):
    """Does not call a function again that has failed in this run."""

    async def run(self) -> None:
        self.failed: list[Any] = []
        await super().run()

    async def attempt(self, entry: Entry) -> None:
        if any(func is entry.func for func in self.failed):
            return
        before = len(self.failures)
        await super().attempt(entry)
        if len(self.failures) > before:
            self.failed.append(entry.func)


# ERR-8: a failure harms nothing else ---------------------------------------------------------


class Harming(Siblings):
    """Knows whether another container has failed."""

    failed = False

    @property
    def harmed(self) -> bool:
        """Whether another one has failed."""
        return any(other.failed for other in self.others)

    async def run(self) -> None:
        try:
            await super().run()
        except BaseException:
            self.failed = True
            raise


@breaks("ERR-8")
class RefusesAfterFailure(Harming):
    """Refuses to run once another container has failed."""

    async def run(self) -> None:
        if self.harmed:
            raise RuntimeError("the runner has failed")
        await super().run()


@breaks("ERR-8")
class NoSyncAfterFailure(Harming):
    """Calls no sync task once another container has failed."""

    async def in_thread(self, entry: Entry) -> Any:
        return None if self.harmed else await super().in_thread(entry)


@breaks("ERR-8")
class KeepsTokens(Model):
    """Keeps the thread token of a sync task that exits."""

    async def in_thread(self, entry: Entry) -> Any:
        try:
            return await super().in_thread(entry)
        except SystemExit:
            limiter = anyio.to_thread.current_default_thread_limiter()
            limiter.acquire_on_behalf_of_nowait(object())
            raise


# Odd -----------------------------------------------------------------------------------------


@odd
class StopsAtOnce(Model):
    """Stops at the first failure, and raises it there."""

    async def attempt(self, entry: Entry) -> None:
        await self.perform(entry)
