"""Starlette: its ``BackgroundTasks``, its ``BackgroundTask``, one task by itself, and a request."""

from __future__ import annotations

from typing import Any

from starlette.background import BackgroundTask, BackgroundTasks

from bgspec_conformance.implementation import Deviation, Framework, Implementation, Recipe
from bgspec_conformance.request.dialects.starlette import write

__all__ = ["DEVIATIONS", "IMPLEMENTATIONS"]

DEVIATIONS = {
    "ADD-6": Deviation(
        "Starlette 1.10.0 names add_task's own parameters: the keyword func is refused, "
        "and self too"
    ),
    "ADD-7": Deviation(
        "Starlette 1.10.0 takes whatever it is given, and the run ends with a TypeError"
    ),
    "RUN-10": Deviation(
        "Starlette 1.10.0 keeps every task, with its arguments, as long as the container lives"
    ),
    "CALL-6": Deviation(
        "Starlette 1.10.0 calls what is no coroutine function in a thread, "
        "and drops what that gives"
    ),
    "CALL-7": Deviation(
        "Starlette 1.10.0 calls generator functions in a thread, and never iterates what they give"
    ),
    "CTX-3": Deviation(
        "Starlette 1.10.0 awaits async tasks in the context of the run, which keeps what they set"
    ),
    "CAN-6": Deviation(
        "Starlette 1.10.0 does not look for a cancellation between two tasks, "
        "so an async one starts"
    ),
}
"""Of both classes, each seen at anyio 4.16.0 on asyncio and trio."""


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
        deviations=DEVIATIONS,
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
        deviations=DEVIATIONS,
        capacity=1,
    ),
    Framework(name="starlette, a request", write=write, packages=("starlette", "anyio")),
)
