"""Starlette: its ``BackgroundTasks``, and its ``BackgroundTask``, which is one task by itself."""

from __future__ import annotations

from typing import Any

from starlette.background import BackgroundTask, BackgroundTasks

from bgspec_conformance.implementation import Implementation, Recipe

__all__ = ["IMPLEMENTATIONS"]


class SingleTask:
    """A container of one add: Starlette's ``BackgroundTask`` is given its task when it is made."""

    def __init__(self) -> None:
        self._task: BackgroundTask | None = None

    def add_task(*args: Any, **kwargs: Any) -> None:
        """Make the task."""
        self, *rest = args
        self._task = BackgroundTask(*rest, **kwargs)

    async def __call__(self) -> None:
        """Run it, if there is one."""
        if self._task is not None:
            await self._task()


IMPLEMENTATIONS = (
    Implementation(
        name="starlette",
        make=BackgroundTasks,
        recipe=Recipe(
            imports="from starlette.background import BackgroundTasks", make="BackgroundTasks()"
        ),
        packages=("starlette", "anyio"),
    ),
    Implementation(
        name="starlette+BackgroundTask",
        make=SingleTask,
        recipe=Recipe(
            imports="from starlette.background import BackgroundTask",
            make="None",
            add="{container} = BackgroundTask({call})",
        ),
        packages=("starlette", "anyio"),
        capacity=1,
    ),
)
