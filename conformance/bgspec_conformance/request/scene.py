"""The scene: what an application is watched with, and the client that sends it requests.

It stands alone, on anyio and the standard library, for a witness quotes it whole: what the program
shows is what the suite saw. Every event becomes a row in ``log``.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from math import inf
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread

__all__ = ["Scene"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

REQUEST: ContextVar[int] = ContextVar("REQUEST", default=-1)
"""The number of the request that is served."""
TURNS = 4
"""Turns of the loop that a ``send`` is held back, and as many trips to a worker thread."""
AT_ONCE = 3
"""Requests that are sent before one has its response, where they are in flight together."""
LATE = 25
"""How often as long is waited for what was added and has not started, on a busy machine too."""
GZIPPED = b"\x1f\x8b"
"""What a packed body begins with."""
LONG = 200
"""Characters of a body that are written down; of a longer one, its length and a checksum."""


class Scene:
    """One application being watched.

    Args:
        log: where events go, in their order.
    """

    def __init__(self, log: list[tuple[Any, ...]] | None = None) -> None:
        self.log: list[tuple[Any, ...]] = [] if log is None else log
        self.containers: list[object] = []
        self.active = 0
        self.own_threads = anyio.CapacityLimiter(inf)

    # What the application calls -----------------------------------------------------------------

    @property
    def request(self) -> int:
        """The number of the request in whose course this is asked."""
        return REQUEST.get()

    def number(self, container: object) -> int:
        """A container's number, by identity."""
        for number, known in enumerate(self.containers):
            if known is container:
                return number
        self.containers.append(container)
        return len(self.containers) - 1

    def called(self, function: str, *containers: object) -> None:
        """A function of the application was called."""
        numbers = tuple(self.number(container) for container in containers)
        self.log.append(("called", self.request, function, numbers))

    def closing(self, function: str) -> None:
        """A yielding dependency has come to its closing part."""
        self.log.append(("closing", self.request, function))

    def add(self, function: str, tasks: Any, work: Callable[[int], object]) -> None:
        """Add a work to a container, and write down how that went."""
        request, name = self.request, work.__name__
        try:
            tasks.add_task(work, request)
        except Exception as exc:
            self.log.append(("refused", request, name, function, type(exc).__name__))
        else:
            self.log.append(("added", request, name, function, self.number(tasks)))

    def added(
        self, work: Callable[[int], object], function: str = "the response", tasks: object = None
    ) -> int:
        """A work is handed over otherwise than by ``add_task``; gives its argument.

        Without a container, that is to the response's own background.
        """
        number = -1 if tasks is None else self.number(tasks)
        self.log.append(("added", self.request, work.__name__, function, number))
        return self.request

    @contextmanager
    def work(self, name: str, request: int) -> Generator[None, None, None]:
        """A work is called; ``request`` is the one that it was added for."""
        self.active += 1
        self.log.append(("started", request, name))
        try:
            yield
        except BaseException as exc:
            self.log.append(("failed", request, name, type(exc).__name__))
            raise
        else:
            self.log.append(("ended", request, name))
        finally:
            self.active -= 1

    # The client -----------------------------------------------------------------------------------

    async def exchange(
        self,
        app: App,
        request: int,
        over: anyio.Event,
        method: str = "GET",
        loses: str = "",
        kind: str = "http",
    ) -> None:
        """Send a request, and take the response.

        Args:
            app: the application.
            request: its number.
            over: is set when the response has come, or will not come any more.
            method: its method.
            loses: the part of the response whose ``send`` raises OSError.
            kind: ``"http"`` or ``"websocket"``.
        """
        REQUEST.set(request)
        self.log.append(("began", request))
        asked = False
        status, body = 0, b""
        headers: tuple[tuple[str, str], ...] = ()

        async def receive() -> Message:
            nonlocal asked
            if not asked:
                asked = True
                if kind == "websocket":
                    return {"type": "websocket.connect"}
                return {"type": "http.request", "body": b"", "more_body": False}
            await over.wait()
            return {"type": f"{kind}.disconnect", "code": 1000}

        async def send(message: Message) -> None:
            nonlocal status, headers, body
            part = message["type"].rpartition(".")[2]
            last = part == "body" and not message.get("more_body", False)
            self.log.append(("sending", request, part, last))
            await self.hold()
            if part == loses or (last and loses == "end"):
                over.set()
                self.log.append(("lost", request, part))
                raise OSError("the client has gone")
            if part == "start":
                status, headers = message["status"], _text(message.get("headers", ()))
            body += message.get("body", b"") if part == "body" else b""
            self.log.append(("sent", request, part, last))
            if last or part == "close":
                over.set()

        try:
            await app(_scope(kind, method), receive, send)
        except Exception as exc:
            self.log.append(("broke", request, type(exc).__name__))
        else:
            self.log.append(("returned", request))
        over.set()
        self.log.append(("answered", request, status, headers, _brief(body)))

    async def serve(
        self,
        app: App,
        requests: Iterable[Mapping[str, str]],
        *,
        together: bool = False,
        stopped: bool = False,
    ) -> None:
        """Start an application up, send it requests, wait until all is over, and shut it down.

        Args:
            app: the application.
            requests: what `exchange` takes, for each request.
            together: some are in flight at once, and not one after the other: each comes when one
                that was sent so many before it has its response, and maybe not its tasks.
            stopped: of no meaning here.
        """

        async def all_of_them() -> None:
            responses: list[anyio.Event] = []
            async with anyio.create_task_group() as group:
                for number, request in enumerate(requests):
                    responses.append(anyio.Event())
                    exchange = partial(self.exchange, app, number, responses[-1], **request)
                    if together:
                        group.start_soon(exchange)
                    else:
                        await exchange()
                    if together and number + 1 >= AT_ONCE:
                        await responses[number + 1 - AT_ONCE].wait()
            await self.settle()

        await self.lifespan(app, all_of_them)
        await self.settle()

    def give_up(self) -> None:
        """Release whoever waits for a sign; here nobody does."""

    async def settle(self) -> None:
        """Wait until nothing is at work, and what was added had the time to start."""
        for _ in range(LATE):
            await self.hold()
            kinds = [row[0] for row in self.log]
            if kinds.count("started") >= kinds.count("added"):
                break
        while self.active:
            await self.hold()

    async def hold(self) -> None:
        """Give whatever waits for its turn, on the loop or in a thread, the time to take it."""
        for _ in range(TURNS):
            await anyio.lowlevel.checkpoint()
            await anyio.to_thread.run_sync(int, limiter=self.own_threads)

    async def lifespan(self, app: App, serve: Callable[[], Awaitable[None]]) -> None:
        """Start an application up, have it serve, and shut it down; not every one knows of it."""
        started, ending, ended = anyio.Event(), anyio.Event(), anyio.Event()
        asked = False

        async def receive() -> Message:
            nonlocal asked
            if asked:
                await ending.wait()
                return {"type": "lifespan.shutdown"}
            asked = True
            return {"type": "lifespan.startup"}

        async def send(message: Message) -> None:
            (started if "startup" in message["type"] else ended).set()

        async def live() -> None:
            try:
                await app({**SCOPE, "type": "lifespan", "state": {}}, receive, send)
            except Exception:
                if ending.is_set():
                    raise
            finally:
                started.set()
                ended.set()

        async with anyio.create_task_group() as group:
            group.start_soon(live)
            await started.wait()
            try:
                await serve()
            finally:
                ending.set()
            await ended.wait()


SCOPE: Message = {"asgi": {"version": "3.0", "spec_version": "2.3"}}


def _scope(kind: str, method: str) -> Message:
    more: Message = {"subprotocols": []} if kind == "websocket" else {"method": method}
    return {
        **SCOPE,
        "type": kind,
        "http_version": "1.1",
        "scheme": "ws" if kind == "websocket" else "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"testserver"), (b"accept-encoding", b"gzip")],
        "client": ("127.0.0.1", 50000),
        "server": ("testserver", 80),
        "state": {},
        **more,
    }


def _text(headers: Any) -> tuple[tuple[str, str], ...]:
    return tuple(
        sorted((bytes(k).decode("latin-1"), bytes(v).decode("latin-1")) for k, v in headers)
    )


def _brief(body: bytes) -> str:
    if body.startswith(GZIPPED):  # it holds the time at which it was packed
        body = b"gzip: " + gzip.decompress(body)
    if len(body) > LONG or not body.isascii():
        return f"{len(body)} bytes, crc32 {zlib.crc32(body)}"
    return body.decode()
