"""What the middleware costs a request that adds nothing, beside the same application without it.

``python -m tests.benchmarks.latency`` calls each on raw ASGI messages, in rounds that take turns,
and prints the medians.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from fastapi import FastAPI
from rich.console import Console

from bgspec.adapters.asgi import BackgroundTasksMiddleware
from tests.benchmarks.pairs import Work, measure

ROUNDS = 15
SCOPE: dict[str, Any] = {
    "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
    "scheme": "http", "path": "/", "raw_path": b"/", "query_string": b"", "root_path": "",
    "headers": [], "client": ("127.0.0.1", 50000), "server": ("localhost", 80),
}  # fmt: skip

App = Callable[[Any, Any, Any], Awaitable[object]]


async def plain(scope: Any, receive: Any, send: Any) -> None:
    """The least that an application can do."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


def fastapi() -> App:
    app = FastAPI()

    @app.get("/")
    async def endpoint() -> str:
        return "ok"

    return app


async def _receive() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(message: Any) -> None: ...


def work(app: App) -> Work:
    """So many requests to an application, one after the other."""

    def ready(times: int) -> Callable[[], Awaitable[None]]:
        async def send() -> None:
            for _ in range(times):
                await app(dict(SCOPE), _receive, _send)

        return send

    return ready


async def main() -> None:
    """Measure both applications, with and without."""
    console = Console(highlight=False)
    for name, app in (("plain ASGI", plain), ("FastAPI", fastapi())):
        pair = {"without": work(app), "with": work(BackgroundTasksMiddleware(app))}
        timings = await measure(pair, ROUNDS)
        without, within = (timings[way].median * 1e6 for way in pair)
        console.print(f"{name}: {without:.1f} us a request without, {within:.1f} with")


if __name__ == "__main__":
    anyio.run(main)
