"""Members that lose, repeat or turn round what is added on several levels (DEP-2 and DEP-3)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel

from tests.gallery.requests.frames import Asker, adder_of
from tests.gallery.requests.gallery import breaks
from tests.gallery.requests.little import (
    Entry,
    Little,
    Message,
    Tasks,
    Visit,
    is_async,
    now_and_then,
)

MANY = 8
"""Tasks that are treated well by a member that goes wrong from the ninth on."""


class Watched(Tasks):
    """A container that knows who adds."""

    def __init__(self) -> None:
        super().__init__()
        self.askers: list[Asker] = []
        self.adders: list[Asker | None] = []

    def add_task(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self.adders.append(adder_of(inspect.currentframe(), self.askers))
        super().add_task(func, *args, **kwargs)


class Watching(Little):
    """Knows who added what."""

    def make(self, scope: Message) -> Any:
        return Watched()

    def give(self, visit: Visit, asker: Asker) -> Any:
        visit.tasks.askers = visit.askers
        return super().give(visit, asker)

    def by(self, visit: Visit) -> list[tuple[Entry, Asker | None]]:
        """What was added, and by whom; the framework's own adds are nobody's."""
        return list(zip(visit.tasks.entries, visit.tasks.adders, strict=True))


class Losing(Watching):
    """Loses some of what was added before it runs the rest."""

    async def run(self, visit: Visit) -> None:
        kept = [e for e, by in self.by(visit) if by is None or not self.loses(visit, e, by)]
        visit.tasks.entries[:] = kept
        await super().run(visit)

    def loses(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        """What: nothing, unless a member says so."""
        return False


# DEP-2: lost --------------------------------------------------------------------------------------


@breaks("DEP-2")
class LosesOfUncached(Losing):
    """Loses what an uncached dependency adds."""

    def loses(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return not asker.cached


@breaks("DEP-2")
class LosesOfDeclared(Losing):
    """Loses what a dependency of the router or the application adds."""

    def loses(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return asker.declared


@breaks("DEP-2")
class LosesOfObjects(Losing):
    """Loses what classes and instances add."""

    def loses(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return asker.an_object


@breaks("DEP-2")
class LosesOfSecurity(Losing):
    """Loses what a security dependency adds."""

    def loses(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return asker.security


@breaks("DEP-2")
class LosesOfTheDeep(Losing):
    """Loses what is added from the fifth level on."""

    def loses(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return asker.level >= 5


@breaks("DEP-2")
class LosesWithoutTheEndpoint(Losing):
    """Loses everything where the endpoint does not ask for the container."""

    def loses(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return visit.problem is None and all(asker.level for asker in visit.askers)


@breaks("DEP-2")
class LosesEquals(Losing):
    """Takes equal adds for one."""

    async def run(self, visit: Visit) -> None:
        seen: list[Entry] = []
        for entry in visit.tasks.entries:
            if entry not in seen:
                seen.append(entry)
        visit.tasks.entries[:] = seen
        await Little.run(self, visit)


@breaks("DEP-2")
class LosesWhatIsMany(Losing):
    """Keeps so many tasks and no more."""

    async def run(self, visit: Visit) -> None:
        del visit.tasks.entries[MANY:]
        await Little.run(self, visit)


@breaks("DEP-2")
class RunsOneContainerOnly(Losing):
    """Believes from the second request on that it has run."""

    def start_up(self) -> None:
        self.ran = False

    async def run(self, visit: Visit) -> None:
        if self.ran and visit.problem is None:
            return
        self.ran = self.ran or visit.problem is None
        await Little.run(self, visit)


@breaks("DEP-2")
class LosesBehindMiddleware(Losing):
    """Loses what dependencies add where there is a middleware."""

    def loses(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return self.depth > 1 and asker.level > 0


@breaks("DEP-2")
class LosesOneAtTimes(Losing):
    """Loses a task, one time in eight."""

    def loses(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return visit.problem is None and now_and_then()


# DEP-2: repeated ----------------------------------------------------------------------------------


@breaks("DEP-2")
class OnceForEachThatAsks(Little):
    """Runs the container for each function that asked for it."""

    async def run(self, visit: Visit) -> None:
        entries = [*visit.tasks.entries]
        await super().run(visit)
        for _ in {asker.level for asker in visit.askers if asker.level}:
            visit.tasks.entries[:] = entries
            await super().run(visit)


@breaks("DEP-2")
class TwiceWhenShared(Watching):
    """Runs twice what a dependency adds that two others need."""

    async def run(self, visit: Visit) -> None:
        again = [entry for entry, by in self.by(visit) if by and self.shared(visit, by)]
        visit.tasks.entries += again
        await super().run(visit)

    def shared(self, visit: Visit, asker: Asker) -> bool:
        """Whether it was called for one, and is needed by another as well."""
        return sum(asker.function == other.function for other in visit.askers) > 1


@breaks("DEP-2")
class AgainAfterAFile(Little):
    """Runs the container once more where the response was a file."""

    async def run(self, visit: Visit) -> None:
        again = [*visit.tasks.entries] if visit.answer.file else []
        await super().run(visit)
        visit.tasks.entries[:] = again
        await super().run(visit)


@breaks("DEP-2")
class CancelledAmidAStream(Little):
    """Runs them within the last ``send``, which Starlette cancels in a stream: the client is done.

    Starlette 1.10.0 waits for the disconnect beside a stream, and a server tells of one as soon as
    the response is out.
    """

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        await super().forward(visit, message, last)
        if last:
            await self.run(visit)

    async def attempt(self, visit: Visit, entry: Entry) -> None:
        await anyio.lowlevel.checkpoint()
        await super().attempt(visit, entry)


# DEP-3 --------------------------------------------------------------------------------------------


class Sorting(Watching):
    """Sorts what was added before it runs it."""

    async def run(self, visit: Visit) -> None:
        found = [(entry, by) for entry, by in self.by(visit) if by is not None]
        own = [entry for entry, by in self.by(visit) if by is None]
        found.sort(key=lambda entry_and_asker: self.rank(*entry_and_asker))
        visit.tasks.entries[:] = [*(entry for entry, _ in found), *own]
        await super().run(visit)

    def rank(self, entry: Entry, asker: Asker) -> Any:
        """By what: by nothing, unless a member says so."""
        return 0


@breaks("DEP-3")
class ByDepth(Sorting):
    """Runs the endpoint's first, and the deepest last."""

    def rank(self, entry: Entry, asker: Asker) -> Any:
        return asker.level


@breaks("DEP-3")
class DeepestFirst(Sorting):
    """Runs the deepest first, and the endpoint's last."""

    def rank(self, entry: Entry, asker: Asker) -> Any:
        return -asker.level


@breaks("DEP-3")
class DeclaredLast(Sorting):
    """Runs last what the router or the application declares."""

    def rank(self, entry: Entry, asker: Asker) -> Any:
        return asker.declared


@breaks("DEP-3")
class SyncTasksFirst(Sorting):
    """Runs sync tasks first."""

    def rank(self, entry: Entry, asker: Asker) -> Any:
        return is_async(entry)


@breaks("DEP-3")
class ByName(Sorting):
    """Runs them by the names of their functions."""

    def rank(self, entry: Entry, asker: Asker) -> Any:
        return entry[0].__name__


@breaks("DEP-3")
class YieldingLast(Sorting):
    """Runs last what those that yield have added."""

    def rank(self, entry: Entry, asker: Asker) -> Any:
        return asker.yields


@breaks("DEP-3")
class LastAddedFirst(Little):
    """Runs the newest first."""

    def pick(self, entries: list[Entry]) -> int:
        return -1


@breaks("DEP-3")
class ManyTurned(Little):
    """Runs the newest first while there are many."""

    def pick(self, entries: list[Entry]) -> int:
        return -1 if len(entries) > MANY else 0


@breaks("DEP-3")
class SecondFirstAtTimes(Little):
    """Runs the second first, one time in eight."""

    def pick(self, entries: list[Entry]) -> int:
        return int(len(entries) > 1 and now_and_then())


@breaks("DEP-3")
class TurnedInTheSecondRequest(Little):
    """Runs the newest first from the second request on."""

    def start_up(self) -> None:
        self.runs = 0

    async def run(self, visit: Visit) -> None:
        self.runs += 1
        await super().run(visit)

    def pick(self, entries: list[Entry]) -> int:
        return -1 if self.runs > 1 else 0


@breaks("DEP-3")
class ClosingFirst(Little):
    """Runs first what was added in a closing part, after the response."""

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        await super().forward(visit, message, last)
        if last:
            visit.scope["before"] = len(visit.tasks.entries)

    async def run(self, visit: Visit) -> None:
        entries = visit.tasks.entries
        before = visit.scope.get("before", len(entries))
        entries[:] = [*entries[before:], *entries[:before]]
        await super().run(visit)
