"""A sync task's trip to a thread, where cancellation and thread meet at the worst moment."""

from __future__ import annotations

import asyncio
import functools
import math
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import anyio
import pytest
from anyio import from_thread

from bgspec import BackgroundTasks, threads
from bgspec.threads import Trip

pytestmark = pytest.mark.anyio

on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])
check_cancelled = from_thread.check_cancelled


@pytest.fixture
def seen() -> list[object]:
    return []


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """An item for each trip to a thread."""
    made: list[object] = []
    run_sync = anyio.to_thread.run_sync

    async def counted(
        func: Callable[[], object], *, limiter: anyio.CapacityLimiter | None
    ) -> object:
        made.append(func)
        return await run_sync(func, limiter=limiter)

    monkeypatch.setattr(anyio.to_thread, "run_sync", counted)
    return made


@pytest.fixture
def on_the_way(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Have something happen when the thread has a task and is about to start it."""

    def set_up(happen: Callable[[], object]) -> None:
        def happen_and_check() -> None:
            happen()
            check_cancelled()

        monkeypatch.setattr(from_thread, "check_cancelled", happen_and_check)

    return set_up


@pytest.fixture
def at_the_end(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Have something happen when a task has ended and the loop does not know it yet."""

    def set_up(happen: Callable[[], object]) -> None:
        end: Callable[[Trip], None] = vars(Trip)["_end"]

        def end_and_happen(trip: Trip) -> None:
            end(trip)
            happen()

        monkeypatch.setattr(Trip, "_end", end_and_happen)

    return set_up


async def test_a_scope_that_is_cancelled_on_the_way_keeps_the_task_from_starting(
    seen: list[object], on_the_way: Callable[[Callable[[], object]], None]
) -> None:
    tasks = BackgroundTasks()
    tasks.add_task(seen.append, "started")
    with anyio.CancelScope() as scope:
        on_the_way(lambda: from_thread.run_sync(scope.cancel))
        await tasks()
    assert scope.cancelled_caught
    assert (seen, len(tasks)) == ([], 1)


@on_asyncio
async def test_a_task_that_is_cancelled_on_the_way_does_not_start_its_own(
    seen: list[object], on_the_way: Callable[[Callable[[], object]], None]
) -> None:
    tasks = BackgroundTasks()
    tasks.add_task(seen.append, "started")
    host = asyncio.create_task(tasks())
    checked = anyio.Event()

    async def cancel() -> None:
        host.cancel()
        await asyncio.wait([host])

    def cancel_and_say() -> None:
        from_thread.run(cancel)
        from_thread.run_sync(checked.set)

    on_the_way(cancel_and_say)
    await checked.wait()
    assert host.cancelled()
    assert (seen, len(tasks)) == ([], 1)


@on_asyncio
async def test_a_cancellation_at_the_very_end_of_a_task_is_delivered_after_it(
    seen: list[object], at_the_end: Callable[[Callable[[], object]], None]
) -> None:
    async def later() -> None:
        seen.append("later")

    tasks = BackgroundTasks()
    tasks.add_task(seen.append, "ended")
    tasks.add_task(later)
    host = asyncio.create_task(tasks())
    at_the_end(lambda: from_thread.run_sync(host.cancel))
    await asyncio.wait([host])
    assert host.cancelled()
    assert (seen, len(tasks)) == (["ended"], 1)


@on_asyncio
async def test_a_failure_that_comes_with_the_second_cancellation_is_told(
    at_the_end: Callable[[Callable[[], object]], None], caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()

    async def cancel() -> None:
        host.cancel()
        await asyncio.sleep(0)

    def fail() -> None:
        from_thread.run(cancel)
        raise ValueError("at the same moment")

    host = asyncio.create_task(BackgroundTasks([fail])())
    at_the_end(lambda: loop.call_soon_threadsafe(host.cancel))
    await asyncio.wait([host])
    assert host.cancelled()
    assert "ValueError: at the same moment" in caplog.text


async def test_a_thread_that_cannot_be_had_leaves_the_task_pending(
    monkeypatch: pytest.MonkeyPatch, seen: list[object]
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    tasks = BackgroundTasks()
    tasks.add_task(seen.append, "started")
    with monkeypatch.context() as patch:
        patch.setattr(anyio.to_thread, "run_sync", refuse)
        with pytest.raises(RuntimeError, match="can't start"):
            await tasks()
    await tasks()
    assert seen == ["started"]


async def test_sniffio_is_not_needed(monkeypatch: pytest.MonkeyPatch, seen: list[object]) -> None:
    module: ModuleType = threads
    nothing: Any = None
    monkeypatch.setitem(sys.modules, "sniffio", nothing)
    monkeypatch.setattr(module, "LIBRARY", vars(module)["_library_variable"]())
    tasks = BackgroundTasks()
    tasks.add_task(seen.append, "ran")
    await tasks()
    assert (threads.LIBRARY, seen) == (None, ["ran"])


async def test_sync_neighbours_share_a_trip_and_others_end_it(
    seen: list[object], trips: list[object]
) -> None:
    async def on_the_loop() -> None:
        seen.append("loop")

    def in_a_thread() -> None:
        seen.append(threading.get_ident())

    tasks = BackgroundTasks()
    for func in (in_a_thread, in_a_thread, on_the_loop, in_a_thread, in_a_thread, in_a_thread):
        tasks.add_task(func)
    await tasks()
    assert len(trips) == 2
    assert [item == "loop" for item in seen] == [False, False, True, False, False, False]
    assert threading.get_ident() not in seen


async def test_what_a_task_adds_may_go_on_the_same_trip(
    seen: list[object], trips: list[object]
) -> None:
    tasks = BackgroundTasks()
    tasks.add_task(tasks.add_task, seen.append, "late")
    await tasks()
    assert (seen, len(trips)) == (["late"], 1)


async def test_a_trip_gives_its_thread_back_when_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch, seen: list[object], trips: list[object]
) -> None:
    monkeypatch.setattr(threads, "BUDGET", -1.0)
    tasks = BackgroundTasks()
    for number in range(3):
        tasks.add_task(seen.append, number)
    await tasks()
    assert (seen, len(trips)) == ([0, 1, 2], 3)


async def test_a_failure_ends_a_trip_and_the_rest_go_on_another(
    seen: list[object], trips: list[object]
) -> None:
    def fail() -> None:
        raise ValueError("why")

    tasks = BackgroundTasks()
    for func in (fail, functools.partial(seen.append, 1), functools.partial(seen.append, 2)):
        tasks.add_task(func)
    with pytest.raises(ValueError, match="why"):
        await tasks()
    assert (seen, len(trips)) == ([1, 2], 2)


@on_asyncio
async def test_a_trip_that_was_left_behind_starts_nothing_more(
    monkeypatch: pytest.MonkeyPatch, seen: list[object]
) -> None:
    started, go_on, looked = anyio.Event(), threading.Event(), threading.Event()
    start: Callable[[Trip], object] = vars(Trip)["_start"]

    def start_and_say(trip: Trip) -> object:
        try:
            return start(trip)
        finally:
            if go_on.is_set():
                looked.set()

    monkeypatch.setattr(Trip, "_start", start_and_say)
    monkeypatch.setattr(threads, "BUDGET", math.inf)

    def lingering() -> None:
        from_thread.run_sync(started.set)
        go_on.wait(30)
        seen.append("ended")

    tasks = BackgroundTasks()
    tasks.add_task(lingering)
    tasks.add_task(seen.append, "later")
    host = asyncio.create_task(tasks())
    await started.wait()
    host.cancel()
    await asyncio.sleep(0)
    host.cancel()
    await asyncio.wait([host])
    go_on.set()
    assert await anyio.to_thread.run_sync(looked.wait, 30)
    assert (seen, len(tasks)) == (["ended"], 1)


async def test_a_limiter_of_ones_own_bounds_the_threads(seen: list[object]) -> None:
    limiter = anyio.CapacityLimiter(1)
    tasks = BackgroundTasks(limiter=limiter)
    tasks.add_task(seen.append, "ran")
    async with anyio.create_task_group() as group, limiter:
        group.start_soon(tasks)
        while not limiter.statistics().tasks_waiting:
            await anyio.lowlevel.checkpoint()
        assert seen == []
    assert seen == ["ran"]
