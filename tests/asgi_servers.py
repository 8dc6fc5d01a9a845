"""Real servers on 127.0.0.1 in the test's own loop, and a client that owns its connection."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Self

import anyio
import h11
import hypercorn.asyncio
import hypercorn.trio
import uvicorn
from anyio.abc import TaskStatus

from tests.asgi_client import PATIENCE

__all__ = ["Connection", "hypercorn_serving", "uvicorn_serving"]


class Quiet(uvicorn.Server):
    """uvicorn without its signal handlers, for it runs in a test's loop; it says when it is up."""

    def __init__(self, config: uvicorn.Config, started: TaskStatus[None]) -> None:
        super().__init__(config)
        self._started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self._started.started()


@asynccontextmanager
async def uvicorn_serving(app: Any, **settings: Any) -> AsyncGenerator[int]:
    """The port at which uvicorn serves the application; leaving the block shuts it down."""
    options: dict[str, Any] = {"log_config": None, "ws": "websockets-sansio", **settings}
    config = uvicorn.Config(app, **options)
    with anyio.fail_after(PATIENCE), socket.create_server(("127.0.0.1", 0)) as listener:
        async with anyio.create_task_group() as group:
            server: Quiet | None = None

            async def run(*, task_status: TaskStatus[None]) -> None:
                nonlocal server
                server = Quiet(config, task_status)
                await server._serve([listener])  # pyright: ignore[reportPrivateUsage] # `serve` takes the signals

            await group.start(run)
            try:
                yield listener.getsockname()[1]
            finally:
                assert server is not None
                server.should_exit = True


@asynccontextmanager
async def hypercorn_serving(app: Any, **settings: Any) -> AsyncGenerator[int]:
    """The port at which hypercorn serves the application; leaving the block shuts it down."""
    from sniffio import current_async_library

    config = hypercorn.Config()
    config.graceful_timeout = PATIENCE
    for name, value in settings.items():
        setattr(config, name, value)
    end = anyio.Event()
    library: Any = hypercorn.trio if current_async_library() == "trio" else hypercorn.asyncio
    listener = socket.create_server(("127.0.0.1", 0))
    config.bind = [f"fd://{listener.fileno()}"]
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(_serve_hypercorn, library, app, config, end)
            try:
                yield listener.getsockname()[1]
            finally:
                end.set()
    listener.detach()


async def _serve_hypercorn(library: Any, app: Any, config: Any, end: anyio.Event) -> None:
    await library.serve(app, config, shutdown_trigger=end.wait, mode="asgi")


class Connection:
    """One connection to a server on this machine, kept for several requests.

    Args:
        port: where the server is.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._wire = h11.Connection(h11.CLIENT)

    async def __aenter__(self) -> Self:
        self._stream = await anyio.connect_tcp("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave."""
        await self._stream.aclose()

    async def start(self, path: str = "/", method: str = "GET") -> None:
        """Send a request."""
        if self._wire.our_state is h11.DONE:
            self._wire.start_next_cycle()
        request = h11.Request(method=method, target=path, headers=[("host", "app")])
        await self._stream.send(self._wire.send(request) or b"")
        await self._stream.send(self._wire.send(h11.EndOfMessage()) or b"")

    async def next(self) -> Any:
        """The next part of the response."""
        while (event := self._wire.next_event()) is h11.NEED_DATA:
            try:
                data = await self._stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                data = b""
            self._wire.receive_data(data)
        return event

    async def whole(self) -> tuple[int, bytes]:
        """The status and the body of the response, when all of it is there."""
        start = await self.next()
        assert isinstance(start, h11.Response), start
        body = b""
        while not isinstance(event := await self.next(), h11.EndOfMessage):
            assert isinstance(event, h11.Data), event
            body += bytes(event.data)
        return start.status_code, body

    async def get(self, path: str = "/", method: str = "GET") -> tuple[int, bytes]:
        """Send a request, and wait for the whole response."""
        await self.start(path, method)
        return await self.whole()
