"""Members that break RUN-5, RUN-6 and RUN-7, of late adds and further runs, and odd ones."""

from __future__ import annotations

import functools
import random
from typing import Any

from tests.gallery.member import breaks, odd
from tests.gallery.model import Entry, Model, is_async, now_and_then

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
class RefusesLateAddsAtTimes(Model):
    """Refuses an add while it runs, one time in eight."""

    def accept(self, entry: Entry) -> None:
        if self.running and now_and_then():
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
        """Which: none, unless a member says so."""
        return False

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
class DeafAfterRun(Deaf):
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
