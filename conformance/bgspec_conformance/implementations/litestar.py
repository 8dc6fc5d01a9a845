"""Litestar: its ``BackgroundTasks`` takes a ready list, so a collector is put before it."""

from __future__ import annotations

from typing import Any

from litestar.background_tasks import BackgroundTask, BackgroundTasks

from bgspec_conformance.implementation import Implementation, Recipe

__all__ = ["IMPLEMENTATIONS"]


class Collector:
    """Gathers Litestar's tasks in the list that its container runs."""

    def __init__(self) -> None:
        self._tasks: list[BackgroundTask] = []
        self._run = BackgroundTasks(self._tasks)

    def add_task(*args: Any, **kwargs: Any) -> None:
        """Make a task, and append it."""
        self, *rest = args
        self._tasks.append(BackgroundTask(*rest, **kwargs))

    async def __call__(self) -> None:
        """Run what was gathered."""
        await self._run()


IMPLEMENTATIONS = (
    Implementation(
        name="litestar",
        make=Collector,
        recipe=Recipe(
            imports="from litestar.background_tasks import BackgroundTask, BackgroundTasks",
            make="[]",
            add="{container}.append(BackgroundTask({call}))",
            run="BackgroundTasks({container})()",
        ),
        packages=("litestar", "anyio"),
    ),
)
