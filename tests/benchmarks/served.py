"""The application of the soak: requests that end in every way, behind the middleware, on uvicorn.

``python -m tests.benchmarks.served PORT`` serves it; ``/account`` tells what became of all tasks.
"""

from __future__ import annotations

import gc
import logging
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import psutil
import uvicorn
from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.background import BackgroundTask

from bgspec.adapters.asgi import BackgroundTasksMiddleware
from bgspec.adapters.fastapi import BackgroundTasks

__all__ = ["WAYS", "app"]

WAYS = ("answers", "raises", "refuses", "streams", "owns", "fails", "threads")
"""The paths, by how a request to each ends."""
TASKS = 3
"""Tasks that each request adds."""


class Account:
    """What was added and what ran, for each request by its number."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.added: dict[int, int] = {}
        self.ran: dict[int, int] = {}
        self.crossed = 0

    def add(self, tasks: Any, number: int, way: str) -> None:
        """Add this request's tasks; each is told whose container it is in."""
        for place in range(TASKS):
            func = (on_loop, in_thread, failing if way == "fails" else on_loop)[place]
            tasks.add_task(func, number, id(tasks), id(tasks))
            with self._lock:
                self.added[number] = self.added.get(number, 0) + 1

    def run(self, number: int, container: int, expected: int) -> None:
        """A task ran."""
        with self._lock:
            self.ran[number] = self.ran.get(number, 0) + 1
            self.crossed += container != expected

    def told(self) -> dict[str, int]:
        """The account, settled: what ran as often as it was added is not kept."""
        gc.collect()
        with self._lock:
            done = [n for n, count in self.added.items() if self.ran.get(n) == count]
            wrong = {n: (count, self.ran.get(n, 0)) for n, count in self.added.items()}
            settled = {n: wrong.pop(n) for n in done}
            for number in settled:
                del self.added[number], self.ran[number]
            return {
                "settled": len(settled),
                "open": len(wrong),
                "twice": sum(ran > added for added, ran in wrong.values()),
                "crossed": self.crossed,
                "memory": psutil.Process().memory_info().rss,
            }


account = Account()
application = FastAPI()
app = BackgroundTasksMiddleware(application)


async def on_loop(number: int, container: int, expected: int) -> None:
    account.run(number, container, expected)


def in_thread(number: int, container: int, expected: int) -> None:
    account.run(number, container, expected)


def failing(number: int, container: int, expected: int) -> None:
    account.run(number, container, expected)
    raise ValueError(number)


@application.get("/account")
def tell() -> dict[str, int]:
    return account.told()


@application.get("/answers/{number}")
async def answers(number: int, tasks: BackgroundTasks) -> int:
    account.add(tasks, number, "answers")
    return number


@application.get("/raises/{number}")
async def raises(number: int, tasks: BackgroundTasks) -> int:
    account.add(tasks, number, "raises")
    raise LookupError(number)


@application.get("/refuses/{number}")
def refuses(number: int, tasks: BackgroundTasks) -> int:
    account.add(tasks, number, "refuses")
    raise HTTPException(409)


@application.get("/streams/{number}")
async def streams(number: int, tasks: BackgroundTasks) -> Response:
    account.add(tasks, number, "streams")

    async def chunks() -> AsyncIterator[str]:
        for _ in range(20):
            yield "a piece of the body\n" * 50

    return StreamingResponse(chunks())


@application.get("/owns/{number}")
async def owns(number: int, tasks: BackgroundTasks) -> Response:
    account.add(tasks, number, "owns")
    return PlainTextResponse("an answer", background=BackgroundTask(int, number))


@application.get("/fails/{number}")
async def fails(number: int, tasks: BackgroundTasks) -> int:
    account.add(tasks, number, "fails")
    return number


@application.get("/threads/{number}")
def threads(number: int, tasks: BackgroundTasks) -> int:
    account.add(tasks, number, "threads")
    return number


if __name__ == "__main__":
    logging.getLogger("bgspec").setLevel(logging.CRITICAL)  # tasks that fail are a part of it
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, log_level="critical")
