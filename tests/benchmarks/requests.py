"""Whole requests: an application behind uvicorn, until all of its background work is done.

Each request adds an async task and two sync ones. The server runs in a thread of this process, on a
loop of its own; its clients are sockets on this loop, which keep their connection and send the next
request when they have the answer. The clock stops when the last task has ended.
"""

from __future__ import annotations

import asyncio
import socket
import statistics
import threading
import time
from collections.abc import Callable

import uvicorn
from starlette.background import BackgroundTask
from starlette.background import BackgroundTasks as Starlettes
from starlette.types import Receive, Scope, Send

from bgspec import BackgroundTasks
from tests.benchmarks.subjects import Container

__all__ = ["CONNECTIONS", "rates"]

CONNECTIONS = (1, 16)
REQUESTS = 800
"""In each round, over all connections."""
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
ANSWER = b"ok"

_done = threading.Semaphore(0)


async def on_loop(_: int) -> None: ...


def in_thread(_: int) -> None: ...


def last(_: int) -> None:
    _done.release()


def _application(make: Callable[[], Container]) -> Callable[[Scope, Receive, Send], object]:
    from starlette.responses import PlainTextResponse

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        tasks = make()
        tasks.add_task(on_loop, 1)
        tasks.add_task(in_thread, 2)
        tasks.add_task(last, 3)
        response = PlainTextResponse(ANSWER, background=BackgroundTask(tasks))
        await response(scope, receive, send)

    return application


def rates(loop: str, rounds: int) -> dict[int, dict[str, float]]:
    """By number of connections and subject: the median of requests a second.

    Args:
        loop: ``asyncio`` or ``uvloop``, for the server.
        rounds: how often each is measured, in turn.
    """
    made: dict[str, Callable[[], Container]] = {"bgspec": BackgroundTasks, "Starlette": Starlettes}
    found: dict[int, dict[str, list[float]]] = {
        connections: {name: [] for name in made} for connections in CONNECTIONS
    }
    for number in range(-1, rounds):
        for name, make in made.items():
            with _Served(_application(make), loop) as port:
                for connections in CONNECTIONS:
                    rate = asyncio.run(_rate(port, connections))
                    if number >= 0:
                        found[connections][name].append(rate)
    return {
        connections: {name: statistics.median(seen) for name, seen in by_name.items()}
        for connections, by_name in found.items()
    }


async def _rate(port: int, connections: int) -> float:
    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_client(port, REQUESTS // connections))
    for _ in range(REQUESTS // connections * connections):
        await asyncio.to_thread(_done.acquire) if not _done.acquire(blocking=False) else None
    return REQUESTS / (time.perf_counter() - start)


async def _client(port: int, requests: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(requests):
        writer.write(REQUEST)
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(len(ANSWER))
    writer.close()
    await writer.wait_closed()


class _Served:
    """A server in a thread, for as long as the block lasts; gives its port."""

    def __init__(self, application: Callable[[Scope, Receive, Send], object], loop: str) -> None:
        # asyncio turns Nagle's algorithm off for sockets that say they are TCP's.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen()
        self._server = uvicorn.Server(
            uvicorn.Config(application, loop=loop, lifespan="off", log_level="error")  # pyright: ignore[reportArgumentType]
        )
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))

    def __enter__(self) -> int:
        self._thread.start()
        port: int = self._socket.getsockname()[1]
        return port

    def __exit__(self, *exc_info: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
