"""Members that break ERR-6, ERR-7 and ERR-9, of exits and their kin, and odd ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import anyio

from tests.gallery.member import breaks, odd
from tests.gallery.model import Box, Entry, Model, now_and_then, on_asyncio

# ERR-6: KeyboardInterrupt and SystemExit pass ------------------------------------------------


@breaks("ERR-6")
class GoesOnAfterSystemExit(Model):
    """Runs what is left before it passes a SystemExit on."""

    async def attempt(self, entry: Entry) -> None:
        try:
            await super().attempt(entry)
        except SystemExit:
            while (following := self.next()) is not None:
                self.drop(following)
                await super().attempt(following)
            raise


@breaks("ERR-6")
class GroupsExits(Model):
    """Raises an exit in a group."""

    async def attempt(self, entry: Entry) -> None:
        try:
            await super().attempt(entry)
        except (KeyboardInterrupt, SystemExit) as exc:
            raise BaseExceptionGroup("a task failed", [exc]) from None


@breaks("ERR-6")
class ExitsAnew(Model):
    """Raises another SystemExit in place of a sync task's."""

    async def in_thread(self, entry: Entry) -> Any:
        try:
            return await super().in_thread(entry)
        except SystemExit as exc:
            raise SystemExit(*exc.args) from exc


@breaks("ERR-6")
class InterruptIsAFailure(Model):
    """Files the KeyboardInterrupt of an async task with the failures, one time in eight."""

    async def on_loop(self, entry: Entry) -> Any:
        try:
            return await super().on_loop(entry)
        except KeyboardInterrupt as exc:
            if not now_and_then():
                raise
            raise RuntimeError("a task was interrupted") from exc


# ERR-7: StopIteration and its kin surface ----------------------------------------------------


@breaks("ERR-7")
class SwallowsStopAsyncIteration(Model):
    """Takes StopAsyncIteration for an end."""

    async def perform(self, entry: Entry) -> None:
        try:
            await super().perform(entry)
        except StopAsyncIteration:
            return


@breaks("ERR-7")
class StopIterationIsAnEnd(Model):
    """Takes a sync task's StopIteration for an end."""

    async def in_thread(self, entry: Entry) -> Any:
        try:
            return await super().in_thread(entry)
        except RuntimeError as exc:
            if not isinstance(exc.__cause__, StopIteration):
                raise


@breaks("ERR-7")
class GeneratorExitIsAnEnd(Model):
    """Takes an async task's GeneratorExit for an end, one time in eight."""

    async def on_loop(self, entry: Entry) -> Any:
        try:
            return await super().on_loop(entry)
        except GeneratorExit:
            if not now_and_then():
                raise


@breaks("ERR-7")
class HangsAtStopIteration(Model):
    """Waits for ever where a sync task raises StopIteration, as a plain future does."""

    async def thread(self, call: Callable[[], Any]) -> Any:
        def guarded() -> Any:
            try:
                return call()
            except StopIteration:
                return None

        result = await super().thread(guarded)
        if result is None:
            await anyio.sleep_forever()
        return result


# ERR-9: a cancellation error of the task's own -----------------------------------------------


@breaks("ERR-9", backends=("asyncio",))
class SwallowsOwnCancellation(Model):
    """Takes a task's own cancellation error for nothing."""

    async def perform(self, entry: Entry) -> None:
        try:
            await super().perform(entry)
        except anyio.get_cancelled_exc_class() as exc:
            if "failed" not in str(exc):
                raise


@breaks("ERR-9", backends=("asyncio",))
class CancelsAtTimes(Model):
    """Counts a task's own cancellation error as a cancellation, one time in eight."""

    def counts(self) -> bool:
        """Whether it does so this time."""
        return now_and_then()

    async def attempt(self, entry: Entry) -> None:
        own = False
        try:
            await super().attempt(entry)
        except asyncio.CancelledError as exc:
            own = bool(exc.args) and self.counts()
            if not own:
                raise
        if own:
            raise asyncio.CancelledError


# Odd -----------------------------------------------------------------------------------------


@odd
class OwnLoopTasks(Model):
    """On asyncio runs each async task in a loop task of its own, so that exits end the loop."""

    async def on_loop(self, entry: Entry) -> Any:
        if not on_asyncio():
            return await super().on_loop(entry)
        task = asyncio.create_task(entry.call(), context=entry.context)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            raise
        return task.result()


@odd
class OwnCancellationCounts(CancelsAtTimes):
    """Counts a task's own cancellation error as a cancellation, on asyncio."""

    def counts(self) -> bool:
        return True


@odd
class BringsValuesBack(Model):
    """Brings what a sync task gives or raises back from its thread as a value."""

    async def thread(self, call: Callable[[], Any]) -> Any:
        box = Box(call)
        await super().thread(box)
        return box.open()
