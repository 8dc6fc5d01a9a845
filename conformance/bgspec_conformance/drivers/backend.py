"""What the drivers ask of an event loop beyond anyio's common part."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import anyio
import trio

__all__ = ["Backend", "current_backend"]


@dataclass(frozen=True, slots=True)
class Backend:
    """The running event loop.

    Attributes:
        name: ``"asyncio"`` or ``"trio"``.
        token: the loop itself, by identity.
        post: has a function called by the loop, from any thread, without waiting for it.
        cancelled: what a cancellation is raised as.
    """

    name: str
    token: object
    post: Callable[[Callable[[], object]], object]
    cancelled: type[BaseException]


def current_backend() -> Backend:
    """The backend of the loop that runs the caller."""
    cancelled = anyio.get_cancelled_exc_class()
    if issubclass(cancelled, asyncio.CancelledError):
        loop = asyncio.get_running_loop()
        return Backend("asyncio", loop, loop.call_soon_threadsafe, cancelled)
    token = trio.lowlevel.current_trio_token()
    return Backend("trio", token, token.run_sync_soon, cancelled)


def running_loop() -> object | None:
    """The loop that runs the caller, None where none does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        pass
    try:
        return trio.lowlevel.current_trio_token()
    except RuntimeError:
        return None
