"""Odd but legal ones: they use the freedom that the contract leaves."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread

from tests.gallery.requests.closing import Closed, Inside, Telling
from tests.gallery.requests.early import HoldsItBack
from tests.gallery.requests.flight import Counting
from tests.gallery.requests.frames import Asker, adder_of, response_of
from tests.gallery.requests.gallery import odd
from tests.gallery.requests.little import (
    Entry,
    Little,
    Message,
    Receive,
    Send,
    Tasks,
    Visit,
    is_async,
)
from tests.gallery.requests.merging import Watched, Watching

BODY = "http.response.body"
PARTS = 3


# What becomes of tasks ------------------------------------------------------------------------


@odd
class Strict(Little):
    """Drops what was added wherever the request did not end well, and for websockets."""

    async def after(self, visit: Visit) -> None:
        well = visit.answer.whole and visit.answer.status < 400
        if well:
            await super().after(visit)


@odd
class DropsAfterHTTPExceptions(Little):
    """Drops what was added where the response says so, and nowhere else."""

    async def after(self, visit: Visit) -> None:
        if visit.answer.status != 409:
            await super().after(visit)


@odd
class StopsAtAFailure(Little):
    """Raises what a task raised, out of the application, and leaves the rest."""

    async def attempt(self, visit: Visit, entry: Entry) -> None:
        await self.perform(entry)


@odd
class InsideAlways(Inside):
    """Runs the tasks before it closes anything, and drops what is added later."""

    def is_inside(self, visit: Visit) -> bool:
        return True

    async def after(self, visit: Visit) -> None:
        if visit.answer.whole:
            visit.tasks.entries.clear()
        await super().after(visit)


@odd
class InsideAndAgain(Inside):
    """Runs the tasks before it closes anything, and once more for what is added later."""

    def is_inside(self, visit: Visit) -> bool:
        return True


@odd
class LateRefused(Telling):
    """Refuses what is added after the response."""

    container = Closed


# When, and where, tasks run -------------------------------------------------------------------


class Living(Little):
    """Has a task group as long as the application lives."""

    async def live(self, scope: Message, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as stack:
            self.group = await stack.enter_async_context(anyio.create_task_group())
            await super().live(scope, receive, send)


@odd
class Detached(Living):
    """Runs the tasks in a task of the application's, and ends the request at once."""

    async def run(self, visit: Visit) -> None:
        self.group.start_soon(super().run, visit)


@odd
class Queued(Living):
    """Runs the tasks of all requests one after the other, in the order in which those ended."""

    async def live(self, scope: Message, receive: Receive, send: Send) -> None:
        self.give_in, self.take_out = anyio.create_memory_object_stream[Visit](float("inf"))
        async with anyio.create_task_group() as group:
            group.start_soon(self.work)
            with self.give_in:
                await super().live(scope, receive, send)

    async def work(self) -> None:
        """Run what comes."""
        with self.take_out:
            async for visit in self.take_out:
                await super().run(visit)

    async def run(self, visit: Visit) -> None:
        await self.give_in.send(visit)


@odd
class AtShutdown(Little):
    """Runs everything when the application is shut down."""

    def start_up(self) -> None:
        self.visits: list[Visit] = []

    async def run(self, visit: Visit) -> None:
        self.visits.append(visit)

    async def live(self, scope: Message, receive: Receive, send: Send) -> None:
        async def told() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                for visit in self.visits:
                    await super(AtShutdown, self).run(visit)
            return message

        await super().live(scope, told, send)


@odd
class AfterTheDisconnect(Little):
    """Waits until the server says that the client has gone."""

    async def serve(self, visit: Visit, receive: Receive) -> None:
        visit.scope["receive"] = receive
        await super().serve(visit, receive)

    async def run(self, visit: Visit) -> None:
        if visit.answer.whole:
            while (await visit.scope["receive"]())["type"] == "http.request":
                pass
        await super().run(visit)


@odd
class InAThread(Little):
    """Runs the list in a thread, from which async tasks are called back into the loop."""

    async def run(self, visit: Visit) -> None:
        await anyio.to_thread.run_sync(self.run_there, visit)

    def run_there(self, visit: Visit) -> None:
        """Run it in this thread."""
        while visit.tasks.entries:
            func, args, kwargs = entry = visit.tasks.entries.pop(0)
            try:
                if is_async(entry):
                    anyio.from_thread.run(partial(func, *args, **kwargs))
                else:
                    func(*args, **kwargs)
            except Exception:  # noqa: S112  tasks that fail touch nothing here
                continue


@odd
class Hesitating(Little):
    """Gives the loop many turns before each task, and before each part of the response."""

    async def attempt(self, visit: Visit, entry: Entry) -> None:
        await self.hesitate()
        await super().attempt(visit, entry)

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        await self.hesitate()
        await super().forward(visit, message, last)
        await self.hesitate()

    async def hesitate(self) -> None:
        """Give the loop some turns."""
        for _ in range(20):
            await anyio.lowlevel.checkpoint()


# The response ---------------------------------------------------------------------------------


@odd
class InParts(Little):
    """Sends each part of a body in smaller ones."""

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        if message["type"] != BODY:
            await super().forward(visit, message, last)
            return
        body = message.get("body", b"")
        size = -(-len(body) // PARTS) or 1
        for start in range(0, size * PARTS, size):
            part = body[start : start + size]
            more = not last or start + size < size * PARTS
            await super().forward(visit, {**message, "body": part, "more_body": more}, not more)


@odd
class EmptyLast(Little):
    """Ends each body by an empty part."""

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        if last:
            await super().forward(visit, {**message, "more_body": True}, False)
            message = {"type": BODY}
        await super().forward(visit, message, last)


@odd
class HeldBack(HoldsItBack):
    """Gathers the whole response, but keeps the response's own tasks for later too."""

    def hold(self, visit: Visit) -> None:
        response = response_of(inspect.currentframe())
        if response is not None and response.background is not None:
            visit.tasks.add_task(response.background)
            response.background = None


@odd
class CountsInAHeader(Little):
    """Tells in a header how many tasks the client has caused."""

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        if message["type"] == "http.response.start":
            count = str(len(visit.tasks.entries)).encode()
            message = {**message, "headers": [*message["headers"], (b"x-tasks", count)]}
        await super().forward(visit, message, last)


# The container --------------------------------------------------------------------------------


@odd
class OnDemand(Little):
    """Makes the container when it is first asked for."""

    def make(self, scope: Message) -> Any:
        return None

    def give(self, visit: Visit, asker: Asker) -> Any:
        if visit.tasks is None:
            visit.tasks = Tasks()
        return visit.tasks

    async def after(self, visit: Visit) -> None:
        if visit.tasks is not None:
            await super().after(visit)


@odd
class Pooled(Counting):
    """Uses a container again once the request that had it is over."""

    def start_up(self) -> None:
        super().start_up()
        self.pool: list[Any] = []

    def make(self, scope: Message) -> Any:
        return None

    def give(self, visit: Visit, asker: Asker) -> Any:
        if visit.tasks is None:
            visit.tasks = self.pool.pop() if self.pool else Tasks()
        return visit.tasks

    async def after(self, visit: Visit) -> None:
        if visit.tasks is not None:
            await super().after(visit)
            self.pool.append(visit.tasks)


@odd
class OneStore(Little):
    """Keeps the tasks of all requests in one store, of which each container is a view."""

    def start_up(self) -> None:
        self.store: dict[int, list[Entry]] = {}

    def make(self, scope: Message) -> Any:
        return Tasks(self.store.setdefault(id(scope), []))

    async def after(self, visit: Visit) -> None:
        await super().after(visit)
        del self.store[id(visit.scope)]


class Strange(Tasks):
    """A container that is false, equal to nothing, no key, and tells nothing of itself."""

    __hash__ = None  # type: ignore[assignment] # it is no key

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        raise TypeError("there is no telling")

    def __repr__(self) -> str:
        raise TypeError("there is no telling")


class Likewise(Tasks):
    """A container that is equal to everything."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return True


class Empty(Tasks):
    """A container that says how much is in it, and so is false in the beginning."""

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Any:
        return iter([*self.entries])


class Unthreaded(Watched):
    """A container that refuses what a sync endpoint adds, as Quart 0.22.0 does."""

    def add_task(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        adder = adder_of(inspect.currentframe(), self.askers)
        if adder is not None and not adder.level and not adder.asynchronous:
            raise RuntimeError("there is no event loop in this thread")
        super().add_task(func, *args, **kwargs)


@odd
class UnthreadedContainers(Watching):
    """Has containers that take nothing from sync endpoints."""

    def make(self, scope: Message) -> Any:
        return Unthreaded()


@odd
class StrangeContainers(Little):
    """Has containers that are false, equal to nothing, and no keys."""

    def make(self, scope: Message) -> Any:
        return Strange()


@odd
class EqualContainers(Little):
    """Has containers that are equal to each other."""

    def make(self, scope: Message) -> Any:
        return Likewise()


@odd
class CountedContainers(Little):
    """Has containers with a length."""

    def make(self, scope: Message) -> Any:
        return Empty()


class Slotted:
    """A container of its own kind: no attributes, a method that is looked up each time."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name != "add_task":
            raise AttributeError(name)
        return self._add

    def _add(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self.entries.append((func, args, kwargs))


@odd
class SlottedContainers(Little):
    """Has containers that make their method when it is looked for."""

    def make(self, scope: Message) -> Any:
        return Slotted()
