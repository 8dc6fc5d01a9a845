"""The runner on every event loop and in asyncio's debug mode: cancelled at every point, and often.

What is asserted holds wherever a cancellation strikes: tasks start once, in the order of the adds,
one after the other; what has not started is pending; and nothing starts after the run has ended.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from bgspec import BackgroundTasks

pytestmark = pytest.mark.anyio

LOOPS: dict[str, tuple[str, dict[str, Any]]] = {
    "asyncio": ("asyncio", {}),
    "asyncio in debug mode": ("asyncio", {"debug": True}),
    "trio": ("trio", {}),
}
if sys.platform != "win32":
    LOOPS["uvloop"] = ("asyncio", {"use_uvloop": True})
TURNS = 40
"""Turns of the loop after which a run is cancelled, at most."""


@pytest.fixture(params=[*LOOPS.values()], ids=[*LOOPS])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    backend: tuple[str, dict[str, Any]] = request.param
    return backend


@pytest.fixture(autouse=True)
def _without_slow_callbacks(caplog: pytest.LogCaptureFixture) -> None:
    """Debug mode tells of those, and a busy machine has some."""
    caplog.set_level(logging.ERROR, "asyncio")


class Mixed:
    """A container of tasks of every kind, which write down what they do."""

    def __init__(self) -> None:
        self.log: list[tuple[str, int]] = []
        self.tasks = BackgroundTasks()
        kinds = [self.sync, self.sync, self.plain, self.suspending] * 3
        for number, kind in enumerate(kinds):
            self.tasks.add_task(kind, number)
        self.number = len(kinds)

    def sync(self, number: int) -> None:
        self.log += [("started", number), ("ended", number)]

    async def plain(self, number: int) -> None:
        self.log += [("started", number), ("ended", number)]

    async def suspending(self, number: int) -> None:
        self.log.append(("started", number))
        try:
            for _ in range(3):
                await anyio.lowlevel.checkpoint()
        finally:
            self.log.append(("ended", number))

    def assert_consistent(self) -> None:
        begun = len(self.log) // 2
        assert self.log == [
            (what, number) for number in range(begun) for what in ("started", "ended")
        ]
        assert [task.args[0] for task in self.tasks.tasks] == [*range(begun, self.number)]


async def turns(number: int) -> None:
    for _ in range(number):
        await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("after", range(TURNS))
async def test_a_scope_cancelled_at_any_turn_of_the_loop(after: int) -> None:
    mixed = Mixed()
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:

            async def cancel() -> None:
                await turns(after)
                scope.cancel()

            group.start_soon(cancel)
            await mixed.tasks()
    mixed.assert_consistent()
    await mixed.tasks()
    mixed.assert_consistent()
    assert len(mixed.tasks) == 0


@pytest.mark.parametrize("anyio_backend", [loop for loop in LOOPS.values() if loop[0] == "asyncio"])
@pytest.mark.parametrize("after", range(TURNS))
async def test_a_task_cancelled_at_any_turn_of_the_loop(after: int) -> None:
    mixed = Mixed()
    host = asyncio.create_task(mixed.tasks())
    await turns(after)
    host.cancel()
    await asyncio.wait([host])
    mixed.assert_consistent()
    assert host.cancelled() or len(mixed.tasks) == 0
    await mixed.tasks()
    mixed.assert_consistent()
    assert len(mixed.tasks) == 0


@pytest.mark.parametrize("kind", ["sync", "async", "alternating"])
async def test_memory_stays_flat_however_many_tasks_there_are(kind: str) -> None:
    """Each task adds the next."""
    left = 0

    def sync() -> None:
        add_another()

    async def on_the_loop() -> None:
        add_another()

    both: list[Callable[[], object]] = [sync, on_the_loop]
    kinds = {"sync": both[:1], "async": both[1:], "alternating": both}[kind]
    tasks = BackgroundTasks()

    def add_another() -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            tasks.add_task(kinds[left % len(kinds)])

    async def run(number: int) -> int:
        nonlocal left
        left = number
        add_another()
        await tasks()
        return sys.getallocatedblocks()

    few = 100 if kind == "alternating" else 1000
    before = await run(few)
    assert await run(20 * few) < before + few


async def test_a_thousand_containers_at_once() -> None:
    containers = [Mixed() for _ in range(1000)]
    async with anyio.create_task_group() as group:
        for mixed in containers:
            group.start_soon(mixed.tasks)
    for mixed in containers:
        mixed.assert_consistent()
        assert len(mixed.tasks) == 0
