"""Members that break the chapter CAN, and odd ones that use its freedoms."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread

from tests.gallery.member import breaks, odd
from tests.gallery.model import Entry, Model, is_async, logger, now_and_then, on_asyncio

# CAN-1: it reaches the task in progress ------------------------------------------------------


@breaks("CAN-1")
class Shielded(Model):
    """Shields async tasks."""

    async def on_loop(self, entry: Entry) -> Any:
        with anyio.CancelScope(shield=True):
            return await super().on_loop(entry)


@breaks("CAN-1")
class ShieldsPartials(Model):
    """Shields the partial of an async function."""

    async def on_loop(self, entry: Entry) -> Any:
        with anyio.CancelScope(shield=isinstance(entry.func, functools.partial)):
            return await super().on_loop(entry)


@breaks("CAN-1")
class ShieldsAtTimes(Model):
    """Shields one async task in eight."""

    async def on_loop(self, entry: Entry) -> Any:
        with anyio.CancelScope(shield=now_and_then()):
            return await super().on_loop(entry)


# CAN-2: no task starts after it --------------------------------------------------------------


@breaks("CAN-2")
class GoesOnWhenCancelled(Model):
    """Runs what is left, out of the cancellation's reach, before it lets it pass."""

    def goes_on(self) -> bool:
        """Whether it does so this time."""
        return True

    async def attempt(self, entry: Entry) -> None:
        try:
            await super().attempt(entry)
        except anyio.get_cancelled_exc_class():
            if not is_async(entry.func):  # its thread may go on
                raise
            with anyio.CancelScope(shield=True):
                while self.goes_on() and (following := self.next()) is not None:
                    self.drop(following)
                    await super().attempt(following)
            raise


@breaks("CAN-2")
class GoesOnAtTimes(GoesOnWhenCancelled):
    """Runs one more of them, one time in eight."""

    def goes_on(self) -> bool:
        return now_and_then()


# CAN-3: it leaves the run --------------------------------------------------------------------


@breaks("CAN-3")
class EndsQuietly(Model):
    """Takes a cancellation that left a task for the end of the run."""

    def quiet(self) -> bool:
        """Whether it does so this time."""
        return True

    async def attempt(self, entry: Entry) -> None:
        try:
            await super().attempt(entry)
        except anyio.get_cancelled_exc_class() as exc:
            if not self.quiet() or "failed" in str(exc):
                raise
            self.entries.clear()


@breaks("CAN-3")
class EndsQuietlyAtTimes(EndsQuietly):
    """Does so one time in eight."""

    def quiet(self) -> bool:
        return now_and_then()


@breaks("CAN-3")
class MakesItAnError(Model):
    """Turns a cancellation that left a task into an error."""

    async def attempt(self, entry: Entry) -> None:
        try:
            await super().attempt(entry)
        except anyio.get_cancelled_exc_class() as exc:
            if "failed" in str(exc):
                raise
            raise RuntimeError("the run was cancelled") from exc


# CAN-4: a sync task under a cancelled scope --------------------------------------------------


@breaks("CAN-4")
class LeavesBehindAtTimes(Model):
    """Leaves one sync task in eight behind when a scope is cancelled."""

    async def thread(self, call: Callable[[], Any]) -> Any:
        return await anyio.to_thread.run_sync(call, abandon_on_cancel=now_and_then())


# CAN-5: what never started can be told -------------------------------------------------------


@odd
class Tells(Model):
    """Tells what it holds."""

    @staticmethod
    def pending(container: Model) -> list[Any]:
        """The functions that have not started."""
        return [entry.func for entry in container.entries]


@breaks("CAN-5")
class ForgetsTheLast(Model):
    """Does not tell of the last task that never started."""

    @staticmethod
    def pending(container: Model) -> list[Any]:
        return [entry.func for entry in container.entries][:-1]


@breaks("CAN-5")
class TellsBackwards(Model):
    """Tells what it holds, the last first."""

    @staticmethod
    def pending(container: Model) -> list[Any]:
        return [entry.func for entry in reversed(container.entries)]


@breaks("CAN-5")
class TellsEqualsOnce(Model):
    """Tells of equal adds once."""

    @staticmethod
    def pending(container: Model) -> list[Any]:
        return list({id(entry.func): entry.func for entry in container.entries}.values())


@breaks("CAN-5")
class TellsTheOneInProgress(Tells):
    """Counts the task that was cancelled as one that never started."""

    async def attempt(self, entry: Entry) -> None:
        try:
            await super().attempt(entry)
        except anyio.get_cancelled_exc_class():
            self.entries.insert(0, entry)
            raise


@breaks("CAN-5")
class LosesTheNext(Tells):
    """Takes a task out before it looks for a cancellation."""

    async def look(self) -> None:
        entry = self.entries.pop(0)
        await super().look()
        self.entries.insert(0, entry)


# CAN-6: nothing starts once it was cancelled -------------------------------------------------


@breaks("CAN-6")
class LooksNowhere(Model):
    """Does not look for a cancellation before it starts a task."""

    async def look(self) -> None:
        pass


@breaks("CAN-6")
class LooksOnce(Model):
    """Looks for a cancellation before the first task only."""

    looked = False

    async def look(self) -> None:
        if not self.looked:
            self.looked = True
            await super().look()


@breaks("CAN-6")
class LooksBetween(Model):
    """Looks for a cancellation before each task but the first."""

    async def run(self) -> None:
        self.begun = False
        await super().run()

    async def look(self) -> None:
        if self.begun:
            await super().look()
        self.begun = True


@breaks("CAN-6")
class LooksAwayAtTimes(Model):
    """Does not look one time in eight."""

    async def look(self) -> None:
        if not now_and_then():
            await super().look()


@breaks("CAN-6")
class LooksAfterThreads(Model):
    """Looks for a cancellation after a sync task only, and before the run."""

    due = True

    async def look(self) -> None:
        if self.due:
            await super().look()

    async def perform(self, entry: Entry) -> None:
        self.due = not is_async(entry.func)
        await super().perform(entry)


# CAN-7: a sync task under asyncio's Task.cancel() --------------------------------------------


@breaks("CAN-7", backends=("asyncio",))
class WaitsAtTimes(Model):
    """Waits for one sync task in eight when its loop task is cancelled."""

    def waits(self) -> bool:
        """Whether it does so this time."""
        return now_and_then()

    async def thread(self, call: Callable[[], Any]) -> Any:
        if not on_asyncio() or not self.waits():
            return await super().thread(call)
        task = asyncio.create_task(super().thread(call))
        with anyio.CancelScope(shield=True):
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                await asyncio.wait([task])
                if (failure := task.exception()) is not None:
                    logger.error("a task failed while it was waited for", exc_info=failure)
                raise
        return task.result()


# Odd -----------------------------------------------------------------------------------------


@odd
class LeavesThreadsBehind(Model):
    """Leaves a sync task behind when it is cancelled."""

    async def thread(self, call: Any) -> Any:
        return await anyio.to_thread.run_sync(call, abandon_on_cancel=True)


@odd
class WaitsForThreads(WaitsAtTimes):
    """Waits for a sync task whoever cancels the run."""

    def waits(self) -> bool:
        return True


@odd
class AloneInAGroup(Model):
    """Runs each async task alone in a task group, and takes its exception out of the group."""

    async def on_loop(self, entry: Entry) -> Any:
        raised: list[BaseException] = []

        async def child() -> None:
            try:
                await Model.on_loop(self, entry)
            except BaseException as exc:
                own = "failed" in str(exc)
                if isinstance(exc, anyio.get_cancelled_exc_class()) and not own:
                    raise
                raised.append(exc)

        async with anyio.create_task_group() as group:
            await anyio.lowlevel.checkpoint_if_cancelled()
            group.start_soon(child)
        if raised:
            raise raised[0]
