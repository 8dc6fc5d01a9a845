"""A bystander: how long somebody else waits for a thread that a run of many sync tasks has."""

from __future__ import annotations

import statistics
import time

import anyio
from anyio import to_thread

from tests.benchmarks.subjects import OURS, PEER, SUBJECTS, Container

__all__ = ["waits"]

NUMBER = 100
LENGTH = 0.001
"""Seconds that each of the tasks takes."""


def task() -> None:
    time.sleep(LENGTH)


async def waits(rounds: int) -> dict[str, float]:
    """By subject: the median of the seconds until the bystander has its thread, of one in all."""
    limiter = to_thread.current_default_thread_limiter()
    tokens, limiter.total_tokens = limiter.total_tokens, 1
    taken: dict[str, list[float]] = {OURS: [], PEER: []}
    try:
        for _ in range(rounds):
            for name, seconds in taken.items():
                container = SUBJECTS[name]()

                async def run(container: Container = container) -> None:
                    await container()

                for _ in range(NUMBER):
                    container.add_task(task)
                async with anyio.create_task_group() as group:
                    group.start_soon(run)
                    while not limiter.borrowed_tokens:
                        await anyio.lowlevel.checkpoint()
                    start = time.perf_counter()
                    await to_thread.run_sync(int)
                    seconds.append(time.perf_counter() - start)
    finally:
        limiter.total_tokens = tokens
    return {name: statistics.median(seconds) for name, seconds in taken.items()}
