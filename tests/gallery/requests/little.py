"""The little framework: FastAPI's injection with a container of its own, in steps to override.

It is slow and plain on purpose, and shares nothing with `bgspec.adapters`. It keeps every MUST and
SHOULD of RSP and DEP. Its answers: what was added runs however the request ended, once the
application has returned or raised, and so after every closing part; what is added there runs too.
"""

from __future__ import annotations

import inspect
import logging
import random
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any

import anyio.to_thread
from fastapi import Depends, FastAPI, Response
from fastapi.requests import HTTPConnection
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware

from tests.gallery.requests.frames import Asker, asker_of

__all__ = [
    "Answer",
    "BackgroundTasks",
    "Entry",
    "Little",
    "Message",
    "Receive",
    "Send",
    "Tasks",
    "Visit",
    "is_async",
    "now_and_then",
]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Entry = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""An add: the function and its arguments."""

KEY = "little"
"""Where the scope of a request has the way to its container."""

logger = logging.getLogger("gallery")


def now_and_then() -> bool:
    """True one time in eight."""
    return random.random() < 1 / 8


def is_async(entry: Entry) -> bool:
    """Whether a task belongs on the loop: an async function, or another container."""
    func = entry[0]
    return inspect.iscoroutinefunction(func) or inspect.iscoroutinefunction(type(func).__call__)


class Tasks:
    """A container: it gathers, in a list of its own or in one that it is given."""

    def __init__(self, entries: list[Entry] | None = None) -> None:
        self.entries: list[Entry] = [] if entries is None else entries

    def add_task(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Take a task."""
        self.entries.append((func, args, kwargs))


@dataclass(slots=True)
class Answer:
    """What is known of a response as it goes by.

    Attributes:
        status: of the response; 0 until it starts.
        headers: of the response.
        parts: body messages that were sent.
        whole: the last of them was.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    parts: int = 0
    whole: bool = False

    @property
    def streamed(self) -> bool:
        """How long it is was not said beforehand."""
        return "content-length" not in self.headers and self.status != 204

    @property
    def file(self) -> bool:
        """It is a file."""
        return "last-modified" in self.headers


@dataclass(slots=True, eq=False)
class Visit:
    """A request on its way.

    Attributes:
        scope: of the request.
        tasks: its container.
        send: the server's.
        answer: what is known of the response.
        askers: who has asked for the container so far.
        injected: the response that FastAPI injects.
        problem: what the application raised.
    """

    scope: Message
    tasks: Any
    send: Send
    answer: Answer = field(default_factory=Answer)
    askers: list[Asker] = field(default_factory=list[Asker])
    injected: Response | None = None
    problem: Exception | None = None

    @property
    def endpoint_is_async(self) -> bool:
        """Whether the endpoint, if it asks, is async."""
        return any(asker.asynchronous for asker in self.askers if not asker.level)


class Little:
    """A middleware: it gives each request a container, and runs that after it.

    Args:
        app: what it is put around.
    """

    def __init__(self, app: FastAPI) -> None:
        self.app: App = app
        self.overriding = set(app.dependency_overrides.values())
        stack: list[Any] = [middleware.cls for middleware in app.user_middleware]
        self.bases = sum(issubclass(cls, BaseHTTPMiddleware) for cls in stack)
        self.gzips = GZipMiddleware in stack
        self.depth = len(stack)
        self.start_up()

    def start_up(self) -> None:
        """What is done once for an application."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(scope, receive, send)
            return
        visit = Visit(scope, self.make(scope), send)
        scope[KEY] = partial(self.asked, visit)
        await self.serve(visit, receive)

    async def live(self, scope: Message, receive: Receive, send: Send) -> None:
        """Have the application live."""
        await self.app(scope, receive, send)

    async def serve(self, visit: Visit, receive: Receive) -> None:
        """Have the application answer, and see to the tasks."""
        try:
            await self.app(visit.scope, receive, partial(self.passes, visit))
        except Exception as exc:
            visit.problem = exc
            await self.after(visit)
            raise
        await self.after(visit)

    # The container.

    def make(self, scope: Message) -> Any:
        """A container for a request."""
        return Tasks()

    def asked(self, visit: Visit, asker: Asker, response: Response) -> Any:
        """A function asks for the container."""
        visit.askers.append(asker)
        visit.injected = response
        return self.give(visit, asker)

    def give(self, visit: Visit, asker: Asker) -> Any:
        """What it is given."""
        return visit.tasks

    # The response.

    async def passes(self, visit: Visit, message: Message) -> None:
        """Pass a message of the application's on to the server."""
        if message["type"] == "http.response.start":
            visit.answer.status = message["status"]
            headers = message.get("headers", [])
            visit.answer.headers = {k.decode().lower(): v.decode() for k, v in headers}
        last = message["type"] == "http.response.body" and not message.get("more_body", False)
        await self.forward(visit, message, last)
        if message["type"] == "http.response.body":
            visit.answer.parts += 1
            visit.answer.whole = visit.answer.whole or last

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        """Send it."""
        await visit.send(message)

    # The tasks.

    async def after(self, visit: Visit) -> None:
        """The application has returned or raised."""
        own: Any = visit.injected and visit.injected.background
        if own is not None:
            visit.tasks.add_task(own)
        await self.run(visit)

    async def run(self, visit: Visit) -> None:
        """Run what was added and has not run."""
        entries = self.due(visit)
        while entries:
            await self.attempt(visit, entries.pop(self.pick(entries)))

    def due(self, visit: Visit) -> list[Entry]:
        """What was added and has not run; it is taken from here."""
        return visit.tasks.entries  # type: ignore[no-any-return] # members make containers of their own

    def pick(self, entries: list[Entry]) -> int:
        """The place of the one whose turn it is: the first, unless a member says so."""
        return 0

    async def attempt(self, visit: Visit, entry: Entry) -> None:
        """Run one, and go on after a failure."""
        try:
            await self.perform(entry)
        except Exception as exc:
            logger.debug("a task failed", exc_info=exc)
            await self.failed(visit, entry)

    async def perform(self, entry: Entry) -> None:
        """Run one where it belongs."""
        func, args, kwargs = entry
        if is_async(entry):
            await func(*args, **kwargs)
        else:
            await anyio.to_thread.run_sync(partial(func, *args, **kwargs))

    async def failed(self, visit: Visit, entry: Entry) -> None:
        """One has failed."""


async def container(connection: HTTPConnection, response: Response) -> Any:
    """The container of a request, as a dependency; it is called for each function that asks."""
    return connection.scope[KEY](asker_of(inspect.currentframe()), response)


BackgroundTasks = Annotated[Any, Depends(container, use_cache=False)]
"""What a parameter that asks for the container is annotated with."""
