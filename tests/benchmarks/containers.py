"""Containers: the time to make one, add to it and run it, by kind and number of tasks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio

from tests.benchmarks.pairs import Timings, Work, measure
from tests.benchmarks.subjects import SUBJECTS, Container

__all__ = ["KINDS", "NUMBERS", "STAGES", "cases", "timings"]

Task = Callable[[int], Any]
Make = Callable[[], Container]


async def on_loop(_: int) -> None: ...


async def suspending(_: int) -> None:
    await anyio.lowlevel.checkpoint()


def in_thread(_: int) -> None: ...


KINDS: dict[str, list[Task]] = {
    "async": [on_loop],
    "suspending": [suspending],
    "sync": [in_thread],
    "alternating": [on_loop, in_thread],
}
"""The tasks of each kind, taken in turn."""
NUMBERS = (1, 2, 3, 10, 100, 1000)
"""How many tasks a container gets."""
STAGES = ("add", "run", "both")
"""What is timed: the adds to a new container; its run; all of that."""


def cases() -> Iterator[tuple[str, str, int]]:
    """Each stage, kind and number of tasks that is measured."""
    for kind in KINDS:
        for number in NUMBERS:
            for stage in STAGES:
                if not (stage == "add" and kind in ("suspending", "alternating")):
                    yield stage, kind, number


async def timings(stage: str, kind: str, number: int, rounds: int) -> dict[str, Timings]:
    """Time all subjects at one case."""
    funcs = [KINDS[kind][place % len(KINDS[kind])] for place in range(number)]
    works = {"add": _adding, "run": _running, "both": _both}
    return await measure(
        {name: works[stage](make, funcs) for name, make in SUBJECTS.items()}, rounds
    )


def _filled(make: Make, funcs: list[Task]) -> Container:
    container = make()
    add_task = container.add_task
    for func in funcs:
        add_task(func, 1)
    return container


def _adding(make: Make, funcs: list[Task]) -> Work:
    def prepare(times: int) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            for _ in range(times):
                _filled(make, funcs)

        return work

    return prepare


def _running(make: Make, funcs: list[Task]) -> Work:
    def prepare(times: int) -> Callable[[], Awaitable[None]]:
        containers = [_filled(make, funcs) for _ in range(times)]

        async def work() -> None:
            for container in containers:
                await container()

        return work

    return prepare


def _both(make: Make, funcs: list[Task]) -> Work:
    def prepare(times: int) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            for _ in range(times):
                await _filled(make, funcs)()

        return work

    return prepare
