"""A soak: many requests at once, ended in every way, and an account of every task.

``python -m tests.benchmarks.soak`` sends 20,000 requests, 64 in flight, to an application behind
the middleware on uvicorn, some of whose clients leave before or amid the answer. In the end every
task that was added has run once, none crossed a request, and memory is where it was: else it ends
with status 1.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import subprocess
import sys
import time
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel
from rich.console import Console
from rich.progress import Progress

from tests.benchmarks.served import WAYS

REQUESTS = 20_000
IN_FLIGHT = 64
LEAVES = 0.1
"""The share of clients that leave before they have the whole answer."""
MOST_GROWTH = 16 << 20
"""Bytes by which the server may have grown since the first fifth: what its caches take."""

console = Console(stderr=True)


def main() -> None:
    """Serve, send, settle the account, and say how it stands."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--in-flight", type=int, default=IN_FLIGHT)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.served", str(port)])
    try:
        sys.exit(anyio.run(_soak, port, asked.requests, asked.in_flight, asked.seed))
    finally:
        server.terminate()
        server.wait()


async def _soak(port: int, requests: int, in_flight: int, seed: int) -> int:
    await _started(port)
    chance = random.Random(seed)
    began = time.perf_counter()
    with Progress(console=console) as progress:
        bar = progress.add_task("requests", total=requests)
        numbers = iter(range(requests))

        async def send_some(share: int) -> None:
            async with anyio.create_task_group() as group:
                for _ in range(in_flight):
                    group.start_soon(_send, port, numbers, share, chance, progress, bar)

        await send_some(requests // 5)
        early = await _settled(port)
        await send_some(requests)
        late = await _settled(port)
    seconds = time.perf_counter() - began
    growth = late["memory"] - early["memory"]
    console.print(
        f"{requests} requests in {seconds:.0f} s, {in_flight} in flight: "
        f"{early['settled'] + late['settled']} whose tasks all ran once, {late['open']} others, "
        f"{late['twice']} with a task too many, {late['crossed']} tasks in another's container; "
        f"memory {early['memory'] >> 20} MiB after a fifth, {growth / (1 << 20):+.1f} in the end"
    )
    return int(late["open"] > 0 or late["crossed"] > 0 or growth > MOST_GROWTH)


async def _started(port: int) -> None:
    while True:
        try:
            async with await anyio.connect_tcp("127.0.0.1", port):
                return
        except OSError:
            await anyio.sleep(0.05)


async def _send(
    port: int, numbers: Any, until: int, chance: random.Random, progress: Progress, bar: Any
) -> None:
    """Send one request after the other, each on a connection of its own."""
    for number in numbers:
        way = chance.choice(WAYS)
        leaves = chance.random() < LEAVES
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(_request(f"/{way}/{number}"))
            if leaves and chance.random() < 0.5:  # before the answer; else amid it
                await anyio.lowlevel.checkpoint()
            elif leaves:
                await stream.receive(10)
            else:
                await _read(stream)
        progress.advance(bar)
        if number >= until - 1:
            return


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


async def _read(stream: anyio.abc.SocketStream) -> bytes:
    """All that comes until the server closes."""
    parts: list[bytes] = []
    try:
        while True:
            parts.append(await stream.receive())
    except (anyio.EndOfStream, OSError):
        return b"".join(parts)


async def _settled(port: int) -> dict[str, int]:
    """The account, when nothing is open any more, or has not been for long."""
    settled = 0
    account: dict[str, int] = {}
    for _ in range(100):
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(_request("/account"))
            account = json.loads((await _read(stream)).partition(b"\r\n\r\n")[2])
        settled += account["settled"]
        if not account["open"]:
            break
        await anyio.sleep(0.1)
    return {**account, "settled": settled}


if __name__ == "__main__":
    main()
