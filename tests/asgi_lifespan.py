"""A lifespan in process: what a server says to an application from its start to its end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio

from tests.asgi_client import PATIENCE

__all__ = ["Life", "living"]

Application = Callable[[Any, Any, Any], Awaitable[object]]


class Life:
    """The lifespan of an application.

    Args:
        app: the application.

    Attributes:
        answers: the types of what the application has said.
        error: what it raised.
        has_ended: set when it has returned or raised.
    """

    def __init__(self, app: Application) -> None:
        self.app = app
        self.answers: list[str] = []
        self.error: BaseException | None = None
        self.answered, self.shutdown, self.has_ended = anyio.Event(), anyio.Event(), anyio.Event()
        self._says_startup = True

    async def run(self) -> None:
        """Say startup, and when `shutdown` is set, shutdown."""
        try:
            await self.app({"type": "lifespan", "asgi": {}, "state": {}}, self._receive, self._send)
        except Exception as error:
            self.error = error
        self.answered.set()
        self.has_ended.set()

    async def _receive(self) -> dict[str, str]:
        if self._says_startup:
            self._says_startup = False
            return {"type": "lifespan.startup"}
        await self.shutdown.wait()
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Any) -> None:
        self.answers.append(message["type"])
        self.answered.set()


@asynccontextmanager
async def living(app: Application) -> AsyncGenerator[Life]:
    """The application between its startup and its shutdown, which is that of the block."""
    life = Life(app)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(life.run)
            await life.answered.wait()
            yield life
            life.shutdown.set()
