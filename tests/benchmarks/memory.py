"""Memory: the bytes that a container holds for each task that is pending."""

from __future__ import annotations

import gc
import tracemalloc

from tests.benchmarks.subjects import SUBJECTS

__all__ = ["bytes_a_task"]

NUMBER = 10_000


async def on_loop(_: int) -> None: ...


def bytes_a_task() -> dict[str, float]:
    """By subject: what tracemalloc counts for a task with one argument, beside the function."""
    found: dict[str, float] = {}
    for name, make in SUBJECTS.items():
        container = make()
        container.add_task(on_loop, 1)
        gc.collect()
        tracemalloc.start()
        for _ in range(NUMBER):
            container.add_task(on_loop, 1)
        found[name] = tracemalloc.get_traced_memory()[0] / NUMBER
        tracemalloc.stop()
    return found
