"""Members that only a real server shows to be wrong (RSP-3, 4, 11 and 12)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import anyio

from tests.gallery.requests.gallery import breaks
from tests.gallery.requests.little import Entry, Little, Message, Receive, Visit

ASYNCIO = ("asyncio",)


@breaks("RSP-3")
class OnTheLoop(Little):
    """Calls sync tasks on the loop, which then sends nothing of what is still to be sent."""

    async def perform(self, entry: Entry) -> None:
        func, args, kwargs = entry
        result = func(*args, **kwargs)
        if result is not None:
            await result


class OneAtATime(Little):
    """Serves the requests of one client one after the other, where a member says so."""

    def start_up(self) -> None:
        self.locks: dict[Any, anyio.Lock] = defaultdict(anyio.Lock)

    async def serve(self, visit: Visit, receive: Receive) -> None:
        async with self.locks[self.key(visit.scope)]:
            await super().serve(visit, receive)

    def key(self, scope: Message) -> Any:
        """What requests have in common that wait for each other."""
        return scope["client"]


@breaks("RSP-4")
class OneAtATimeForAClient(OneAtATime):
    """The next request of a client waits for the tasks of the one before."""


@breaks("RSP-4")
class OneAtATimeForAnAddress(OneAtATime):
    """The next request of a path waits for the tasks of the one before."""

    def key(self, scope: Message) -> Any:
        return scope["path"]


class Detached(Little):
    """Runs the tasks in a task of their own; a member says what becomes of that at the end."""

    def start_up(self) -> None:
        self.detached: set[asyncio.Task[None]] = set()

    async def run(self, visit: Visit) -> None:
        task = asyncio.get_running_loop().create_task(super().run(visit))
        self.detached.add(task)
        task.add_done_callback(self.detached.discard)


@breaks("RSP-11", backends=ASYNCIO)
class AbandonsAtTheEnd(Detached):
    """Leaves what still runs behind when the server stops."""


@breaks("RSP-11", backends=ASYNCIO)
class CancelsAtTheEnd(Detached):
    """Cancels what still runs when the server stops."""

    async def live(self, scope: Message, receive: Receive, send: Any) -> None:
        await super().live(scope, receive, send)
        for task in self.detached:
            task.cancel()


class Watching(Little):
    """Sees when the client leaves."""

    async def serve(self, visit: Visit, receive: Receive) -> None:
        gone = False

        async def watched() -> Message:
            nonlocal gone
            message = await receive()
            gone = gone or (message["type"] == "http.disconnect" and not visit.answer.whole)
            visit.scope["gone"] = gone
            return message

        await super().serve(visit, watched)


@breaks("RSP-12")
class DropsWhereASyncEndpointWasLeft(Watching):
    """Drops the tasks of a client that has left, where the endpoint is sync."""

    async def run(self, visit: Visit) -> None:
        if visit.endpoint_is_async or not visit.scope.get("gone"):
            await super().run(visit)


@breaks("RSP-12", backends=ASYNCIO)
class DropsHalfOfWhatWasLeft(Watching):
    """Runs the first task of a client that has left, and drops the others."""

    async def run(self, visit: Visit) -> None:
        if visit.scope.get("gone"):
            del visit.tasks.entries[1:]
        await super().run(visit)
