"""A sync task's trip to a thread, where cancellation and thread meet at the worst moment."""

from __future__ import annotations

import asyncio
import sys
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
