"""The wire: an application behind a real server on the loopback, and a client with a socket.

A work of such a plan waits for a sign that only the client gives: once it has the whole response,
or has left, or the server has been told to stop. So what the server keeps back until the work has
ended never comes, and no clock is asked. A witness quotes this whole as well.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
import h11

from bgspec_conformance.request.scene import REQUEST, App, Message, Receive, Scene, Send

__all__ = ["Wire"]

PAUSE = 0.001
"""Seconds between two looks for a sign."""
HEADER = b"x-request"
"""The header in which a request has its number."""


class Wire(Scene):
    """A scene of which a real server is a part.

    Args:
        server: ``"uvicorn"`` or ``"hypercorn"``.
        log: where events go, in their order.
        most: seconds after which a work waits no longer for a sign; None where somebody else sees
            to that, by `give_up`.
    """

    def __init__(
        self, server: str, log: list[tuple[Any, ...]] | None = None, most: float | None = None
    ) -> None:
        super().__init__(log)
        self.server = server
        self.most = most
        self._given = threading.Event()

    # What the application calls -----------------------------------------------------------------

    async def sign(self) -> None:
        """Wait, on the loop, until the client gives the sign."""
        with anyio.move_on_after(self.most):
            while not self._given.is_set():  # noqa: ASYNC110  a thread may have given it
                await anyio.sleep(PAUSE)
        await self.hold()

    def sign_in_thread(self) -> None:
        """Wait, in a worker thread, until the client gives the sign."""
        self._given.wait(self.most)

    def give_up(self) -> None:
        """Release whoever waits for the sign, which nobody will give."""
        self._given.set()

    # The client ---------------------------------------------------------------------------------

    async def serve(
        self,
        app: App,
        requests: Iterable[Mapping[str, str]],
        *,
        together: bool = False,
        stopped: bool = False,
    ) -> None:
        """Send the requests, one after the other on one connection, to a server.

        Args:
            app: the application.
            requests: for each its method, and, as ``leaves``, when the client closes.
            together: of no meaning here.
            stopped: the server is told to stop while the works wait.
        """

        async def numbered(scope: Message, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                REQUEST.set(int(dict(scope["headers"])[HEADER]))
            await app(scope, receive, send)

        listener = socket.create_server(("127.0.0.1", 0))
        address = listener.getsockname()[:2]
        stop = anyio.Event()
        talk = partial(self._talk, address, [*requests], stop if stopped else None)
        async with anyio.create_task_group() as group:
            group.start_soon(self._run, numbered, listener, stop)
            await anyio.to_thread.run_sync(talk, limiter=self.own_threads, abandon_on_cancel=True)
            await self.settle()
            stop.set()

    async def _run(self, app: App, listener: socket.socket, stop: anyio.Event) -> None:
        """Have the server serve until it is told to stop, and has stopped."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await SERVERS[self.server](app, listener, stop)
        self.log.append(("stopped", self.active))

    def _talk(
        self, address: tuple[str, int], requests: list[Mapping[str, str]], stop: anyio.Event | None
    ) -> None:
        """Be the client, in a thread: a loop that is blocked is not the client's."""
        with socket.create_connection(address) as stream:
            client = h11.Connection(h11.CLIENT)
            for number, request in enumerate(requests):
                head = [("host", "testserver"), (HEADER.decode(), str(number))]
                ask = h11.Request(method=request["method"], target="/", headers=head)
                stream.sendall((client.send(ask) or b"") + (client.send(h11.EndOfMessage()) or b""))
                self._take(stream, client, number, request.get("leaves", ""))
                if client.our_state is h11.DONE and client.their_state is h11.DONE:
                    client.start_next_cycle()
            if stop is not None:
                anyio.from_thread.run_sync(stop.set)
                self._wait_until_refused(address)
        self._given.set()

    def _take(
        self, stream: socket.socket, client: h11.Connection, number: int, leaves: str
    ) -> None:
        """Take a response, and close the connection where the client leaves."""
        status = 0
        while True:
            event: Any = client.next_event()
            if event is h11.NEED_DATA:
                with suppress(OSError):
                    client.receive_data(stream.recv(1 << 20))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data) and leaves == "amid":
                break
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                self.log.append(("received", number, status))
                break
        if leaves:
            stream.close()
            self.log.append(("left", number))

    def _wait_until_refused(self, address: tuple[str, int]) -> None:
        """Wait until a server that stops takes no more connections."""
        while not self._given.wait(PAUSE):
            try:
                socket.create_connection(address).close()
            except OSError:
                return


async def _uvicorn(app: App, listener: socket.socket, stop: anyio.Event) -> None:
    import signal

    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="auto"))

    async def end() -> None:
        await stop.wait()
        server.handle_exit(signal.SIGTERM, None)

    # The server hands on what it caught of SIGTERM when it has stopped.
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(end)
            await server.serve([listener])
    finally:
        signal.signal(signal.SIGTERM, before)


async def _hypercorn(app: Any, listener: socket.socket, stop: anyio.Event) -> None:
    import sniffio
    from hypercorn.config import Config

    backend = import_module(f"hypercorn.{sniffio.current_async_library()}")
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.errorlog = None
    await backend.serve(app, config, shutdown_trigger=stop.wait)


SERVERS: dict[str, Callable[[App, socket.socket, anyio.Event], Awaitable[None]]] = {
    "uvicorn": _uvicorn,
    "hypercorn": _hypercorn,
}
