"""Members that break the chapter ORD, and odd ones that look as if they did."""

from __future__ import annotations

import math
from typing import Any

import anyio
import anyio.lowlevel

from tests.gallery.member import breaks, odd
from tests.gallery.model import LATE, Entry, Model, is_async, lists_in, now_and_then, restore

# ORD-1: first added, first started -----------------------------------------------------------


class Picking(Model):
    """Takes another than the first."""

    def pick(self) -> int:
        """The place of the entry whose turn it is: the first, unless a member says so."""
        return 0

    def next(self) -> Entry | None:
        return self.entries[self.pick()] if self.entries else None


@breaks("ORD-1")
class LastFirst(Picking):
    """Takes the newest first."""

    def pick(self) -> int:
        return -1


@breaks("ORD-1")
class SyncFirst(Picking):
    """Takes sync tasks first."""

    def pick(self) -> int:
        return next((n for n, e in enumerate(self.entries) if not is_async(e.func)), 0)


@breaks("ORD-1")
class SecondAtTimes(Picking):
    """Takes the second, one time in eight."""

    def pick(self) -> int:
        return int(len(self.entries) > 1 and now_and_then())


@breaks("ORD-1")
class LongQueueTurns(Picking):
    """Takes the newest first while there are more than eight."""

    def pick(self) -> int:
        return -1 if len(self.entries) > 8 else 0


@breaks("ORD-1")
class FailureTurnsTheRest(Picking):
    """Takes the newest first once a task has failed."""

    def pick(self) -> int:
        return -1 if self.failures else 0


@breaks("ORD-1")
class LateFirst(Model):
    """Puts what is added while it runs before what waits."""

    def accept(self, entry: Entry) -> None:
        if self.running:
            self.entries.insert(0, entry)
        else:
            super().accept(entry)


@breaks("ORD-1")
class ByHash(Picking):
    """Takes them as a table of eight places would give them, by numbers that begin with five."""

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[int, int] = {}
        self.number = 5

    def accept(self, entry: Entry) -> None:
        self.places[id(entry)] = self.number % 8
        self.number += 1
        super().accept(entry)

    def pick(self) -> int:
        return min(range(len(self.entries)), key=lambda n: self.places[id(self.entries[n])])


# ORD-2: one at a time ------------------------------------------------------------------------


class Together(Model):
    """Runs the next task beside one, where both have arguments, and waits for both."""

    count = 0

    async def run(self) -> None:
        self.count = 0
        await super().run()

    def pairs(self, entry: Entry, other: Entry) -> bool:
        """Which: none, unless a member says so."""
        return False

    async def attempt(self, entry: Entry) -> None:
        self.count += 1
        other = self.next()
        if not (other and entry.args and other.args and self.pairs(entry, other)):
            await super().attempt(entry)
            return
        self.drop(other)
        async with anyio.create_task_group() as group:
            group.start_soon(super().attempt, entry)
            await anyio.lowlevel.checkpoint()
            group.start_soon(super().attempt, other)


@breaks("ORD-2")
class AsyncInPairs(Together):
    """Runs async tasks two by two."""

    def pairs(self, entry: Entry, other: Entry) -> bool:
        return is_async(entry.func) and is_async(other.func)


@breaks("ORD-2")
class SyncInPairs(Together):
    """Runs sync tasks two by two."""

    def pairs(self, entry: Entry, other: Entry) -> bool:
        return not is_async(entry.func) and not is_async(other.func)


@breaks("ORD-2")
class MixedPairs(Together):
    """Runs an async task beside the sync one before it."""

    def pairs(self, entry: Entry, other: Entry) -> bool:
        return not is_async(entry.func) and is_async(other.func)


@breaks("ORD-2")
class PairsFromTheSixth(Together):
    """Runs tasks two by two from the sixth on."""

    def pairs(self, entry: Entry, other: Entry) -> bool:
        return self.count > LATE


@breaks("ORD-2")
class PairsAtTimes(Together):
    """Runs two tasks at once, one time in eight."""

    def pairs(self, entry: Entry, other: Entry) -> bool:
        return now_and_then()


@breaks("ORD-2")
class EqualTogether(Together):
    """Runs equal adds at once."""

    def pairs(self, entry: Entry, other: Entry) -> bool:
        return entry.func is other.func


# ORD-3: what was written is read -------------------------------------------------------------


class Undoing(Model):
    """Puts lists that some tasks were passed back to what they held before."""

    def undoes(self, entry: Entry) -> bool:
        """After which: none, unless a member says so."""
        return False

    async def attempt(self, entry: Entry) -> None:
        lists = lists_in(entry.args)
        await super().attempt(entry)
        if self.undoes(entry):
            restore(lists)


@breaks("ORD-3")
class Undoes(Undoing):
    """Undoes what each task wrote to a list."""

    def undoes(self, entry: Entry) -> bool:
        return True


@breaks("ORD-3")
class UndoesSync(Undoing):
    """Undoes what a sync task wrote to a list."""

    def undoes(self, entry: Entry) -> bool:
        return not is_async(entry.func)


@breaks("ORD-3")
class UndoesAtTimes(Undoing):
    """Undoes what a task wrote to a list, one time in eight."""

    def undoes(self, entry: Entry) -> bool:
        return now_and_then()


# Odd -----------------------------------------------------------------------------------------


@odd
class ByNumber(Model):
    """Keeps the newest first, and takes the one with the lowest number."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: dict[int, int] = {}
        self.last = 0

    def accept(self, entry: Entry) -> None:
        self.last += 1
        self.numbers[id(entry)] = self.last
        self.entries.insert(0, entry)

    def next(self) -> Entry | None:
        return min(self.entries, key=lambda entry: self.numbers[id(entry)], default=None)


@odd
class Polls(Model):
    """Runs an async task in a task of its own, and polls for its end."""

    async def on_loop(self, entry: Entry) -> Any:
        done: list[BaseException | None] = []
        async with anyio.create_task_group() as group:
            group.start_soon(self.child, entry, done)
            while not done:
                await anyio.lowlevel.checkpoint()
        raised = done.pop()
        if raised is not None:
            raise raised

    async def child(self, entry: Entry, done: list[BaseException | None]) -> None:
        """Run one entry, and keep how it ended, but for a cancellation from outside."""
        try:
            await super().on_loop(entry)
        except BaseException as exc:
            if anyio.current_effective_deadline() == -math.inf:
                raise
            done.append(exc)
        else:
            done.append(None)
