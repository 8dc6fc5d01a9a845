"""Members that break the chapters ERR and CAN, and odd ones that use their freedoms."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

import anyio
import anyio.to_thread

from tests.gallery.member import breaks, odd
from tests.gallery.model import Entry, Model, is_async

logger = logging.getLogger("gallery")


@breaks("ERR-1")
class Swallows(Model):
    """Says nothing of the only failure of a run, where it is a lookup's."""

    def finish(self, failures: list[Any]) -> None:
        if not (len(failures) == 1 and isinstance(failures[0], LookupError)):
            super().finish(failures)


@breaks("ERR-1")
class TakesFalsyForNone(Model):
    """Asks a failure whether it is true."""

    def finish(self, failures: list[Any]) -> None:
        super().finish([f for f in failures if f] if len(failures) == 1 else failures)


@breaks("ERR-2")
class Wraps(Model):
    """Raises an error of its own from the task's."""

    def finish(self, failures: list[Any]) -> None:
        if len(failures) == 1 and isinstance(failures[0], ValueError):
            raise RuntimeError("a task failed") from failures[0]
        super().finish(failures)


@breaks("ERR-2")
class NoTraceback(Model):
    """Takes the traceback away."""

    def finish(self, failures: list[Any]) -> None:
        super().finish([failure.with_traceback(None) for failure in failures])


@breaks("ERR-3")
class RollsBack(Model):
    """Undoes what was written to lists when a task fails."""

    async def run(self) -> None:
        self.kept = [(a, list(a)) for e in self.entries for a in e.args if type(a) is list]
        await super().run()

    def finish(self, failures: list[Any]) -> None:
        if failures:
            for argument, content in self.kept:
                argument[:] = content
        super().finish(failures)


@breaks("ERR-4")
class StopsAtSync(Model):
    """Stops after a sync failure, and goes on after an async one."""

    async def attempt(self, entry: Entry) -> None:
        before = len(self.failures)
        await super().attempt(entry)
        if len(self.failures) > before and not is_async(entry.func):
            self.entries.clear()


@breaks("ERR-5")
class FirstFailureOnly(Model):
    """Raises the first of several failures, and forgets the others."""

    def finish(self, failures: list[Any]) -> None:
        super().finish(failures[:1])


@breaks("ERR-6")
class GoesOnAfterExit(Model):
    """Runs what is left before it passes an exit on."""

    async def attempt(self, entry: Entry) -> None:
        try:
            await super().attempt(entry)
        except SystemExit:
            while (following := self.next()) is not None:
                self.drop(following)
                await super().attempt(following)
            raise


@breaks("ERR-7")
class SwallowsStopAsyncIteration(Model):
    """Takes StopAsyncIteration for an end."""

    async def perform(self, entry: Entry) -> None:
        with suppress(StopAsyncIteration):
            await super().perform(entry)


@breaks("ERR-9", backends=("asyncio",))
class SwallowsOwnCancellation(Model):
    """Takes a task's own cancellation error for nothing."""

    async def perform(self, entry: Entry) -> None:
        try:
            await super().perform(entry)
        except anyio.get_cancelled_exc_class() as exc:
            if "failed" not in str(exc):
                raise


@breaks("CAN-1")
class Shielded(Model):
    """Shields async tasks."""

    async def on_loop(self, entry: Entry) -> Any:
        with anyio.CancelScope(shield=True):
            return await super().on_loop(entry)


@breaks("CAN-5")
class ForgetsTheLast(Model):
    """Does not tell of the last task that never started."""

    @staticmethod
    def pending(container: Model) -> list[Any]:
        return [entry.func for entry in container.entries][:-1]


@breaks("CAN-6")
class LooksNowhere(Model):
    """Does not look for a cancellation before it starts a task."""

    async def look(self) -> None:
        pass


@odd
class StopsAtOnce(Model):
    """Stops at the first failure, and raises it there."""

    async def attempt(self, entry: Entry) -> None:
        await self.perform(entry)


@odd
class AlwaysAGroup(Model):
    """Raises a group, even of one."""

    def finish(self, failures: list[Any]) -> None:
        if failures:
            raise ExceptionGroup("tasks failed", failures)


@odd
class LeavesThreadsBehind(Model):
    """Leaves a sync task behind when it is cancelled."""

    async def thread(self, call: Any) -> Any:
        return await anyio.to_thread.run_sync(call, abandon_on_cancel=True)
