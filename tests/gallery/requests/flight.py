"""Members whose requests in flight at once share something (DEP-4)."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.gallery.requests.frames import Asker
from tests.gallery.requests.gallery import breaks
from tests.gallery.requests.little import (
    Entry,
    Little,
    Message,
    Receive,
    Tasks,
    Visit,
    now_and_then,
)


class Counting(Little):
    """Knows the requests in flight."""

    def start_up(self) -> None:
        self.visits: list[Visit] = []

    async def serve(self, visit: Visit, receive: Receive) -> None:
        self.visits.append(visit)
        try:
            await super().serve(visit, receive)
        finally:
            self.visits.remove(visit)

    @property
    def together(self) -> bool:
        """There are several."""
        return len(self.visits) > 1


@breaks("DEP-4")
class OneForAll(Counting):
    """Has one container for the application."""

    def make(self, scope: Message) -> Any:
        return self.visits[0].tasks if self.visits else super().make(scope)


@breaks("DEP-4")
class OneListForAll(Little):
    """Gathers the tasks of all requests in one list, of which the first that ends runs all."""

    entries: ClassVar[list[Entry]] = []

    def make(self, scope: Message) -> Any:
        return Tasks(self.entries)


@breaks("DEP-4")
class ClearsOnArrival(Little):
    """Gathers in one list too, which it empties for each request that comes."""

    entries: ClassVar[list[Entry]] = []

    def make(self, scope: Message) -> Any:
        self.entries.clear()
        return Tasks(self.entries)


@breaks("DEP-4")
class ByPath(Little):
    """Finds containers by the path of the request."""

    def start_up(self) -> None:
        self.by_path: dict[str, Any] = {}

    def make(self, scope: Message) -> Any:
        return self.by_path.setdefault(scope["path"], Tasks())

    async def after(self, visit: Visit) -> None:
        self.by_path.pop(visit.scope["path"], None)
        await super().after(visit)


@breaks("DEP-4")
class CurrentOnTheApp(Counting):
    """Keeps the request that came last on the application, where each function finds it."""

    def give(self, visit: Visit, asker: Asker) -> Any:
        return self.visits[-1].tasks


@breaks("DEP-4")
class CurrentForSyncEndpoints(Counting):
    """As `CurrentOnTheApp`, for sync endpoints alone: they are in another thread."""

    def give(self, visit: Visit, asker: Asker) -> Any:
        in_thread = not asker.level and not asker.asynchronous
        return self.visits[-1].tasks if in_thread else super().give(visit, asker)


@breaks("DEP-4")
class PooledTooSoon(Little):
    """Takes the container back when the response is out, before its tasks have run."""

    def start_up(self) -> None:
        self.pool: list[Any] = []

    def give(self, visit: Visit, asker: Asker) -> Any:
        if visit.tasks is None:
            visit.tasks = self.pool.pop() if self.pool else Tasks()
        return visit.tasks

    def make(self, scope: Message) -> Any:
        return None

    async def after(self, visit: Visit) -> None:
        if visit.tasks is not None:
            self.pool.append(visit.tasks)
            await super().after(visit)


@breaks("DEP-4")
class SkipsWhileAnotherRuns(Little):
    """Does not run a container while it runs another."""

    def start_up(self) -> None:
        self.running = False

    async def run(self, visit: Visit) -> None:
        if not self.running:
            self.running = True
            await super().run(visit)
            self.running = False


@breaks("DEP-4")
class RunsAll(Counting):
    """Runs what all requests in flight have added, when one of them ends."""

    async def run(self, visit: Visit) -> None:
        for other in self.visits:
            await super().run(other)


@breaks("DEP-4")
class LosesWhenMany(Counting):
    """Loses the tasks of a request that came while three others were in flight."""

    def make(self, scope: Message) -> Any:
        return Lost() if len(self.visits) == 3 else super().make(scope)


class Lost(Tasks):
    """Takes, and keeps nothing."""

    def add_task(self, *args: Any, **kwargs: Any) -> None:
        """Take a task."""


@breaks("DEP-4")
class TurnedWhenTogether(Counting):
    """Runs the newest task first where another request is in flight."""

    def pick(self, entries: list[Entry]) -> int:
        return -1 if self.together else 0


@breaks("DEP-4")
class OneForTwoAtTimes(Counting):
    """Gives a request the container of another, one time in eight."""

    def make(self, scope: Message) -> Any:
        return self.visits[0].tasks if self.visits and now_and_then() else super().make(scope)


@breaks("DEP-4")
class OneForWhatYields(Counting):
    """Gives dependencies that yield the container of the request that came first."""

    def give(self, visit: Visit, asker: Asker) -> Any:
        return self.visits[0].tasks if asker.yields else super().give(visit, asker)
