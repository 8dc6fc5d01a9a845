"""The reference: `bgspec.BackgroundTasks`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bgspec import BackgroundTasks
from bgspec_conformance.implementation import Implementation, Recipe

__all__ = ["IMPLEMENTATIONS"]


def _pending(tasks: BackgroundTasks) -> Sequence[Callable[..., object]]:
    return [task.func for task in tasks.tasks]


IMPLEMENTATIONS = (
    Implementation(
        name="reference",
        make=BackgroundTasks,
        recipe=Recipe(
            imports="from bgspec import BackgroundTasks",
            make="BackgroundTasks()",
            pending="[task.func for task in {container}.tasks]",
        ),
        packages=("bgspec", "anyio"),
        pending=_pending,
    ),
)
