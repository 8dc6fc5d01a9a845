"""What is measured: the runner, its peers, and the bare loop that nobody can beat."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from anyio import to_thread

from bgspec import BackgroundTasks

__all__ = ["OURS", "PEER", "SUBJECTS", "Container"]


class Container(Protocol):
    """What all of them can do."""

    def add_task(self, func: Callable[..., Any], *args: Any) -> None:
        """Take a task."""

    def __call__(self) -> Awaitable[None]:
        """Run what was added."""
        ...


class Bare:
    """A list, gone through: no promise kept but the order, and no thread but one a task."""

    def __init__(self) -> None:
        self.tasks: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []

    def add_task(self, func: Callable[..., Any], *args: Any) -> None:
        self.tasks.append((func, args))

    async def __call__(self) -> None:
        for func, args in self.tasks:
            if inspect.iscoroutinefunction(func):
                await func(*args)
            else:
                await to_thread.run_sync(func, *args)


def _subjects() -> dict[str, Callable[[], Container]]:
    from fastapi import BackgroundTasks as FastAPIs
    from litestar.background_tasks import BackgroundTask
    from litestar.background_tasks import BackgroundTasks as Litestars
    from starlette.background import BackgroundTasks as Starlettes

    class Collected:
        """Litestar's container takes a list that is ready, so the adds have to be gathered."""

        def __init__(self) -> None:
            self.tasks: list[BackgroundTask] = []

        def add_task(self, func: Callable[..., Any], *args: Any) -> None:
            self.tasks.append(BackgroundTask(func, *args))

        def __call__(self) -> Awaitable[None]:
            return Litestars(self.tasks)()

    return {
        "bgspec": BackgroundTasks,
        "Starlette": Starlettes,
        "FastAPI": FastAPIs,
        "Litestar": Collected,
        "bare loop": Bare,
    }


SUBJECTS = _subjects()
"""By name."""
OURS, PEER = "bgspec", "Starlette"
"""The two whose ratio is told."""
