"""Litestar: its ``BackgroundTasks`` takes a ready list, so a collector is put before it."""

from __future__ import annotations

import sys
from typing import Any

from litestar.background_tasks import BackgroundTask, BackgroundTasks

from bgspec_conformance.implementation import Deviation, Framework, Implementation, Recipe
from bgspec_conformance.request.dialects.litestar import write

__all__ = ["IMPLEMENTATIONS"]

DEVIATIONS = {
    "ADD-6": Deviation("Litestar 2.25.0 names its own parameter self, and refuses that keyword"),
    "ADD-7": Deviation("Litestar 2.25.0 takes whatever it is given, and fails when it is run"),
    "RUN-10": Deviation("Litestar 2.25.0 keeps every task as long as the container lives"),
    "CALL-6": Deviation(
        "Litestar 2.25.0 calls what is no coroutine function in a thread, and drops what that gives"
    ),
    "CALL-7": Deviation(
        "Litestar 2.25.0 calls generator functions in a thread, and never iterates what they give"
    ),
    "CTX-3": Deviation(
        "Litestar 2.25.0 awaits async tasks in the context of the run, which keeps what they set"
    ),
    "CAN-4": Deviation(
        "Litestar 2.25.0 leaves a sync task behind on asyncio, and waits for it on trio"
    ),
    "CAN-6": Deviation("Litestar 2.25.0 does not look for a cancellation between two tasks"),
}
"""Each seen at anyio 4.16.0."""
if sys.version_info < (3, 13):  # seen on 3.11.7 and 3.12.1, and no more on 3.13.0
    DEVIATIONS.update(
        {
            "ERR-2": Deviation(
                "Litestar 2.25.0 calls sync tasks by loop.run_in_executor on asyncio, which makes "
                "a TimeoutError anew"
            ),
            "ERR-7": Deviation(
                "Litestar 2.25.0 hangs on asyncio where a sync task raises StopIteration, which "
                "a future cannot hold"
            ),
        }
    )


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
        deviations=DEVIATIONS,
    ),
    Framework(name="litestar, a request", write=write, packages=("litestar", "anyio")),
)
