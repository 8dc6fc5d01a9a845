"""Members that break the chapters RUN and ORD, and odd ones that use their freedoms."""

from __future__ import annotations

import random
from typing import Any, ClassVar

import anyio
import anyio.lowlevel

from tests.gallery.member import breaks, odd
from tests.gallery.model import Entry, Model, is_async


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


@breaks("RUN-4")
class Counts(Model):
    """Gives back how many it ran."""

    async def __call__(self) -> Any:
        count = len(self.entries)
        await super().__call__()
        return count if count > 1 else None


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


@breaks("RUN-6")
class SyncAgain(Model):
    """Runs sync tasks again in a second run, and async ones not."""

    def __init__(self) -> None:
        super().__init__()
        self.again: list[Entry] = []

    async def run(self) -> None:
        again, self.again = self.again, []
        self.entries[:0] = again
        keep = [e for e in self.entries if not is_async(e.func) and not e.args and not e.kwargs]
        await super().run()
        self.again = keep


@breaks("RUN-8")
class OneAtATime(Model):
    """Runs one container at a time, whichever."""

    busy: ClassVar[list[int]] = [0]

    async def run(self) -> None:
        for _ in range(400):
            if not self.busy[0]:
                break
            await anyio.sleep(0.01)
        self.busy[0] += 1
        try:
            await super().run()
        finally:
            self.busy[0] -= 1


@breaks("RUN-9")
class WaitsForItself(Model):
    """Waits for a run in progress to end, though it be its own."""

    async def __call__(self) -> None:
        while self.running:  # noqa: ASYNC110  that it polls is its fault
            await anyio.sleep(0.01)
        await super().__call__()


@breaks("RUN-10")
class KeepsAll(Model):
    """Keeps every entry, for the record."""

    def __init__(self) -> None:
        super().__init__()
        self.record: list[Entry] = []

    def accept(self, entry: Entry) -> None:
        self.record.append(entry)
        super().accept(entry)


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
