"""The reference runner: where a cancellation comes from, what it reaches, and what it leaves."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Literal

import anyio
import pytest
from anyio import from_thread, to_thread

from bgspec import BackgroundTasks

pytestmark = pytest.mark.anyio

both = pytest.mark.parametrize("sync", [True, False])
on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])

# How long a test waits for what a fault would keep from coming, in seconds.
PATIENCE = 30


@pytest.fixture
def seen() -> list[object]:
    return []


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until the condition holds."""
    with anyio.fail_after(PATIENCE):
        while not condition():
            await anyio.lowlevel.checkpoint()


def noting(seen: list[object], what: object, *, sync: bool) -> Callable[[], object]:
    """A task that notes something and never suspends."""

    async def note() -> None:
        seen.append(what)

    return (lambda: seen.append(what)) if sync else note


class Lingering:
    """A sync task that says when it runs, and ends when told."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.started = threading.Event()
        self.go_on = threading.Event()
        self.ended = threading.Event()
        self._error = error

    def __call__(self) -> None:
        self.started.set()
        assert self.go_on.wait(PATIENCE)
        self.ended.set()
        if self._error is not None:
            raise self._error


# By a scope around the run, on every loop.


@both
async def test_a_scope_cancelled_before_the_run_lets_no_task_start(
    sync: bool, seen: list[object], caplog: pytest.LogCaptureFixture
) -> None:
    tasks = BackgroundTasks([noting(seen, 1, sync=sync), noting(seen, 2, sync=sync)])
    with anyio.CancelScope() as scope:
        scope.cancel()
        await tasks()
    assert scope.cancelled_caught
    assert (seen, len(tasks)) == ([], 2)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "cut short: 2 pending" in caplog.text


async def test_an_empty_run_ends_well_within_a_cancelled_scope() -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await BackgroundTasks()()
    assert not scope.cancelled_caught


@both
async def test_a_cancellation_reaches_the_task_in_progress_and_no_later_one_starts(
    sync: bool, seen: list[object]
) -> None:
    async def wait() -> None:
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            seen.append("reached")
            raise

    tasks = BackgroundTasks([wait, noting(seen, "later", sync=sync)])
    async with anyio.create_task_group() as group:
        group.start_soon(tasks)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert (seen, len(tasks)) == (["reached"], 1)


@both
async def test_what_never_started_runs_later(sync: bool, seen: list[object]) -> None:
    tasks = BackgroundTasks([noting(seen, 1, sync=sync), noting(seen, 2, sync=not sync)])
    with anyio.CancelScope() as scope:
        scope.cancel()
        await tasks()
    tasks.add_task(noting(seen, 3, sync=sync))
    await tasks()
    assert seen == [1, 2, 3]


@both
async def test_a_task_that_swallows_a_scopes_cancellation_is_the_last(
    sync: bool, seen: list[object]
) -> None:
    async def swallow() -> None:
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            seen.append("swallowed")

    tasks = BackgroundTasks([swallow, noting(seen, "later", sync=sync)])
    async with anyio.create_task_group() as group:
        group.start_soon(tasks)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert (seen, len(tasks)) == (["swallowed"], 1)


@both
async def test_a_task_that_cancels_its_scope_and_suspends_within_a_shield_is_the_last(
    sync: bool, seen: list[object]
) -> None:
    with anyio.CancelScope() as scope:

        async def cancel() -> None:
            scope.cancel()
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()

        await BackgroundTasks([cancel, noting(seen, "later", sync=sync)])()
    assert seen == []


@both
async def test_a_sync_task_in_progress_is_waited_for_under_a_scope_and_is_the_last(
    sync: bool, seen: list[object]
) -> None:
    task = Lingering()
    tasks = BackgroundTasks([task, noting(seen, "later", sync=sync)])
    async with anyio.create_task_group() as group:
        group.start_soon(tasks)
        await until(task.started.is_set)
        group.cancel_scope.cancel()
        task.go_on.set()
    assert task.ended.is_set()
    assert (seen, len(tasks)) == ([], 1)


async def test_a_sync_task_that_cancels_its_scope_is_the_last(seen: list[object]) -> None:
    scope = anyio.CancelScope()
    tasks = BackgroundTasks([lambda: from_thread.run_sync(scope.cancel)])
    tasks.add_task(noting(seen, "later", sync=False))
    with scope:
        await tasks()
    assert (scope.cancelled_caught, seen, len(tasks)) == (True, [], 1)


async def test_a_last_sync_task_under_a_cancelled_scope_ends_its_run_well(
    seen: list[object],
) -> None:
    with anyio.CancelScope() as scope:
        await BackgroundTasks([lambda: from_thread.run_sync(scope.cancel)])()
        seen.append("the run returned")
    assert seen == ["the run returned"]


async def test_a_task_that_waits_for_a_thread_when_cancelled_never_starts(
    seen: list[object],
) -> None:
    limiter = to_thread.current_default_thread_limiter()
    tokens, limiter.total_tokens = limiter.total_tokens, 1
    holder = Lingering()
    tasks = BackgroundTasks([noting(seen, "started", sync=True)])
    try:
        async with anyio.create_task_group() as outer:
            outer.start_soon(to_thread.run_sync, holder)
            await until(holder.started.is_set)
            async with anyio.create_task_group() as group:
                group.start_soon(tasks)
                await until(lambda: limiter.statistics().tasks_waiting)
                group.cancel_scope.cancel()
            holder.go_on.set()
    finally:
        limiter.total_tokens = tokens
    assert (seen, len(tasks)) == ([], 1)
    await tasks()
    assert seen == ["started"]


async def test_a_failure_of_a_sync_task_that_a_cancelled_scope_waited_for_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    task = Lingering(ValueError("at last"))
    tasks = BackgroundTasks([task, anyio.sleep_forever])
    async with anyio.create_task_group() as group:
        group.start_soon(tasks)
        await until(task.started.is_set)
        group.cancel_scope.cancel()
        task.go_on.set()
    assert "ValueError: at last" in caplog.text


async def test_a_run_within_a_shield_is_none_of_the_outer_scopes_business(
    seen: list[object],
) -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        with anyio.CancelScope(shield=True):
            await BackgroundTasks([noting(seen, sync, sync=sync) for sync in (True, False)])()
    assert seen == [True, False]


# By asyncio's own task.cancel().


async def cancelled(host: asyncio.Task[None]) -> bool:
    """Wait for a task, and tell whether it ended as cancelled."""
    await asyncio.wait([host], timeout=PATIENCE)
    return host.cancelled()


@on_asyncio
@both
async def test_a_task_cancelled_before_its_run_starts_nothing(
    sync: bool, seen: list[object]
) -> None:
    tasks = BackgroundTasks([noting(seen, 1, sync=sync)])

    async def host() -> None:
        current = asyncio.current_task()
        assert current is not None
        current.cancel()
        await tasks()

    assert await cancelled(asyncio.create_task(host()))
    assert (seen, len(tasks)) == ([], 1)


@on_asyncio
@both
async def test_a_run_in_the_clean_up_after_a_cancellation_runs(
    sync: bool, seen: list[object]
) -> None:
    tasks = BackgroundTasks([noting(seen, 1, sync=sync), noting(seen, 2, sync=not sync)])

    async def host() -> None:
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            await tasks()

    task = asyncio.create_task(host())
    await asyncio.sleep(0)
    task.cancel()
    assert await cancelled(task)
    assert seen == [1, 2]


@on_asyncio
@both
async def test_task_cancel_reaches_the_task_in_progress_and_no_later_one_starts(
    sync: bool, seen: list[object]
) -> None:
    async def wait() -> None:
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            seen.append("reached")

    tasks = BackgroundTasks([wait, noting(seen, "later", sync=sync)])
    host = asyncio.create_task(tasks())
    await asyncio.sleep(0)
    host.cancel()
    assert await cancelled(host)
    assert (seen, len(tasks)) == (["reached"], 1)


@on_asyncio
@both
async def test_a_task_that_swallows_task_cancel_is_the_last(sync: bool, seen: list[object]) -> None:
    async def swallow() -> None:
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            seen.append("swallowed")

    tasks = BackgroundTasks([swallow, noting(seen, "later", sync=sync)])
    host = asyncio.create_task(tasks())
    await asyncio.sleep(0)
    host.cancel()
    assert await cancelled(host)
    assert (seen, len(tasks)) == (["swallowed"], 1)


@on_asyncio
async def test_a_last_task_that_swallows_task_cancel_ends_its_run_well() -> None:
    async def swallow() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(PATIENCE)

    host = asyncio.create_task(BackgroundTasks([swallow])())
    await asyncio.sleep(0)
    host.cancel()
    assert not await cancelled(host)


@on_asyncio
@both
async def test_a_task_that_cancels_its_own_host_is_the_last(sync: bool, seen: list[object]) -> None:
    async def cancel() -> None:
        host = asyncio.current_task()
        assert host is not None
        host.cancel()

    tasks = BackgroundTasks([cancel, noting(seen, "later", sync=sync)])
    assert await cancelled(asyncio.create_task(tasks()))
    assert (seen, len(tasks)) == ([], 1)


@on_asyncio
@both
async def test_a_sync_task_in_progress_is_waited_for_under_task_cancel(
    sync: bool, seen: list[object]
) -> None:
    task = Lingering()
    tasks = BackgroundTasks([task, noting(seen, "later", sync=sync)])
    host = asyncio.create_task(tasks())
    await until(task.started.is_set)
    host.cancel("by the test")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not host.done()
    task.go_on.set()
    assert await cancelled(host)
    assert task.ended.is_set()
    assert (seen, len(tasks)) == ([], 1)
    with pytest.raises(asyncio.CancelledError, match="by the test"):
        await host


@on_asyncio
async def test_a_scope_too_is_waited_through_while_a_cancelled_task_waits_for_a_thread() -> None:
    task = Lingering()
    scope = anyio.CancelScope()

    async def run() -> None:
        with scope:
            await BackgroundTasks([task])()

    host = asyncio.create_task(run())
    await until(task.started.is_set)
    host.cancel()
    await asyncio.sleep(0)
    scope.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not host.done()
    task.go_on.set()
    assert await cancelled(host)


@on_asyncio
async def test_a_second_task_cancel_leaves_a_sync_task_behind_and_tells_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    task = Lingering(ValueError("behind"))
    host = asyncio.create_task(BackgroundTasks([task])())
    await until(task.started.is_set)
    for _ in range(2):
        host.cancel()
        await asyncio.sleep(0)
    assert await cancelled(host)
    assert "a Lingering object was left behind" in caplog.text
    task.go_on.set()
    await until(lambda: "ValueError: behind" in caplog.text)


@on_asyncio
async def test_a_time_out_that_struck_during_the_last_sync_task_is_told_by_the_run() -> None:
    task = Lingering()
    loop = asyncio.get_running_loop()

    def strike_when_started(limit: asyncio.Timeout) -> None:
        if task.started.is_set():
            limit.reschedule(0)
            loop.call_soon(task.go_on.set)
        else:
            loop.call_soon(strike_when_started, limit)

    async def run() -> None:
        async with asyncio.timeout(None) as limit:
            loop.call_soon(strike_when_started, limit)
            await BackgroundTasks([task])()

    with pytest.raises(TimeoutError):
        await run()
    await asyncio.sleep(0)  # a cancellation left over would strike here
    assert task.ended.is_set()


@on_asyncio
async def test_an_awaitable_of_a_sync_task_is_reached_by_a_cancellation_held_back(
    seen: list[object],
) -> None:
    task = Lingering()

    async def rest() -> None:
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            seen.append("reached")

    def begin() -> object:
        task()
        return rest()

    host = asyncio.create_task(BackgroundTasks([begin])())
    await until(task.started.is_set)
    host.cancel()
    task.go_on.set()
    assert await cancelled(host)
    assert seen == ["reached"]


@on_asyncio
@pytest.mark.parametrize("on_error", ["continue", "stop"])
async def test_a_cancellation_held_back_is_delivered_though_the_task_failed(
    on_error: Literal["continue", "stop"], caplog: pytest.LogCaptureFixture
) -> None:
    task = Lingering(ValueError("at last"))
    host = asyncio.create_task(BackgroundTasks([task], on_error=on_error)())
    await until(task.started.is_set)
    host.cancel()
    await asyncio.sleep(0)
    task.go_on.set()
    assert await cancelled(host)
    assert "ValueError: at last" in caplog.text


@on_asyncio
async def test_a_failure_before_a_cancellation_is_in_its_context_chain() -> None:
    failure = ValueError()

    async def fail() -> None:
        raise failure

    host = asyncio.create_task(BackgroundTasks([fail, anyio.sleep_forever])())
    await asyncio.sleep(0)
    host.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await host
    chain: list[BaseException] = [caught.value]
    while chain[-1].__context__ is not None:
        chain.append(chain[-1].__context__)
    assert failure in chain
