"""Members with two answers to what a closing part has to do with the tasks (DEP-5 and DEP-6)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import anyio

from tests.gallery.requests.gallery import breaks
from tests.gallery.requests.little import Little, Message, Tasks, Visit, now_and_then

# DEP-5: before the application has returned, and so before closing parts, or after --------------


class Inside(Little):
    """Runs what was added as soon as the response is out, where a member says so; else later."""

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        await super().forward(visit, message, last)
        if last and self.is_inside(visit):
            with anyio.CancelScope(shield=True):  # Starlette cancels what is left of a stream
                await self.run(visit)

    def is_inside(self, visit: Visit) -> bool:
        """Where: nowhere, unless a member says so."""
        return False


@breaks("DEP-5")
class InsideWhenSync(Inside):
    """Runs them before the closing parts where the endpoint is sync."""

    def is_inside(self, visit: Visit) -> bool:
        return not visit.endpoint_is_async


@breaks("DEP-5")
class InsideWhenAsyncYields(Inside):
    """Runs them before the closing part of an async generator, and after that of another."""

    def is_inside(self, visit: Visit) -> bool:
        return any(asker.yields and asker.asynchronous for asker in visit.askers)


@breaks("DEP-5")
class InsideWhenDeclared(Inside):
    """Runs them before the closing parts of what the router or the application declares."""

    def is_inside(self, visit: Visit) -> bool:
        return any(asker.declared for asker in visit.askers)


@breaks("DEP-5")
class InsideWhenStreamed(Inside):
    """Runs them before the closing parts where the response is a stream."""

    def is_inside(self, visit: Visit) -> bool:
        return visit.answer.streamed


@breaks("DEP-5")
class InsideTheFirst(Inside):
    """Runs the first task before the closing parts, and the others after them."""

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        await Little.forward(self, visit, message, last)
        if last and visit.tasks.entries:
            with anyio.CancelScope(shield=True):
                await self.attempt(visit, visit.tasks.entries.pop(0))


@breaks("DEP-5")
class InsideAtTimes(Inside):
    """Runs them before the closing parts, one time in eight."""

    def is_inside(self, visit: Visit) -> bool:
        return now_and_then()


# DEP-6: what is added after the response --------------------------------------------------------


class Late(Tasks):
    """A container that is told when the response is out."""

    def __init__(self) -> None:
        super().__init__()
        self.out = False
        self.loop = threading.get_ident()
        self.taken = 0

    def add_task(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        if not self.out or self.takes():
            super().add_task(func, *args, **kwargs)
            self.taken += self.out

    def takes(self) -> bool:
        """Whether it takes what comes late."""
        return True


class Telling(Little):
    """Tells the container when the response is out."""

    container: type[Late] = Late

    def make(self, scope: Message) -> Any:
        return self.container()

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        await super().forward(visit, message, last)
        visit.tasks.out = visit.tasks.out or (last and self.tells(visit))

    def tells(self, visit: Visit) -> bool:
        """Whether it tells: always, unless a member says otherwise."""
        return True

    async def after(self, visit: Visit) -> None:
        visit.tasks.out = False
        await super().after(visit)


class InTheLoop(Late):
    """Drops what comes late from a thread."""

    def takes(self) -> bool:
        return threading.get_ident() == self.loop


@breaks("DEP-6")
class LateFromThreadsLost(Telling):
    """Drops what comes late from a thread."""

    container = InTheLoop


class OneMore(Late):
    """Takes one that comes late."""

    def takes(self) -> bool:
        return not self.taken


@breaks("DEP-6")
class SecondLateLost(Telling):
    """Takes one late task, and drops the second."""

    container = OneMore


class Closed(Late):
    """Refuses what comes late."""

    def takes(self) -> bool:
        raise RuntimeError("the response is out")


class Dropped(Late):
    """Drops what comes late."""

    def takes(self) -> bool:
        return False


@breaks("DEP-6")
class LateRefusedWhenSync(Telling):
    """Refuses what comes late where the endpoint is sync, and runs it else."""

    container = Closed

    def tells(self, visit: Visit) -> bool:
        return not visit.endpoint_is_async


@breaks("DEP-6")
class LateOfTheDeclaredLost(Telling):
    """Drops what comes late where the router or the application declares a dependency."""

    container = Dropped

    def tells(self, visit: Visit) -> bool:
        return any(asker.declared for asker in visit.askers)


@breaks("DEP-6")
class LateLostWhenStreamed(Telling):
    """Drops what comes late after a stream."""

    container = Dropped

    def tells(self, visit: Visit) -> bool:
        return visit.answer.streamed


@breaks("DEP-6")
class LateLostWhenDeep(Telling):
    """Drops what comes late where a dependency has dependencies."""

    container = Dropped

    def tells(self, visit: Visit) -> bool:
        return any(asker.level > 1 for asker in visit.askers)


@breaks("DEP-6")
class LateLostAtTimes(Telling):
    """Drops what comes late, one time in eight."""

    container = Dropped

    def tells(self, visit: Visit) -> bool:
        return now_and_then()
