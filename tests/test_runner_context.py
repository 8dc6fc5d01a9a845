"""The reference runner: a context of its own for each task, and all else as if awaited directly."""

from __future__ import annotations

import asyncio
import decimal
from collections.abc import Callable
from contextvars import ContextVar

import anyio
import pytest
import sniffio
import trio
from anyio import from_thread, to_thread

from bgspec import BackgroundTasks

pytestmark = pytest.mark.anyio

both = pytest.mark.parametrize("sync", [True, False])
on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])
on_trio = pytest.mark.parametrize("anyio_backend", ["trio"])
variable: ContextVar[str] = ContextVar("variable", default="unset")


@pytest.fixture
def seen() -> list[object]:
    return []


def looking(seen: list[object], *, sync: bool) -> Callable[[], object]:
    """A task that notes the variable, before and after a suspension if it is async."""

    def look() -> None:
        seen.append(variable.get())

    async def look_async() -> None:
        look()
        await anyio.lowlevel.checkpoint()
        look()

    return look if sync else look_async


def setting(value: str, *, sync: bool) -> Callable[[], object]:
    """A task that sets the variable, before and after a suspension if it is async."""

    def change() -> None:
        variable.set(value)

    async def change_async() -> None:
        variable.set("at first")
        await anyio.lowlevel.checkpoint()
        assert variable.get() == "at first"
        change()

    return change if sync else change_async


@both
async def test_a_task_sees_the_context_of_its_add(sync: bool, seen: list[object]) -> None:
    tasks = BackgroundTasks()
    variable.set("at the add")
    tasks.add_task(looking(seen, sync=sync))
    variable.set("at the run")
    await tasks()
    assert set(seen) == {"at the add"}


@both
@pytest.mark.parametrize("next_sync", [True, False])
async def test_what_a_task_sets_is_seen_by_nobody_else(
    sync: bool, next_sync: bool, seen: list[object]
) -> None:
    variable.set("before")
    tasks = BackgroundTasks([setting("by a task", sync=sync), looking(seen, sync=next_sync)])
    await tasks()
    assert set(seen) == {"before"}
    assert variable.get() == "before"


@both
async def test_what_a_task_sets_is_seen_by_what_it_adds(sync: bool, seen: list[object]) -> None:
    tasks = BackgroundTasks()

    def add() -> None:
        variable.set("by the adder")
        tasks.add_task(looking(seen, sync=sync))

    async def add_async() -> None:
        add()

    tasks.add_task(add if sync else add_async)
    await tasks()
    assert set(seen) == {"by the adder"}


async def test_an_awaitable_goes_on_in_the_context_of_the_sync_task_that_returned_it(
    seen: list[object],
) -> None:
    def begin() -> object:
        variable.set("by the sync part")
        return looking(seen, sync=False)()

    await BackgroundTasks([begin])()
    assert set(seen) == {"by the sync part"}
    assert variable.get() == "unset"


async def test_a_decimal_context_is_a_tasks_own() -> None:
    async def change() -> None:
        decimal.setcontext(decimal.Context(prec=3))

    before = decimal.getcontext().prec
    await BackgroundTasks([change])()
    assert decimal.getcontext().prec == before


async def test_a_container_within_a_container_isolates_as_well(seen: list[object]) -> None:
    inner = BackgroundTasks([setting("inner", sync=False), looking(seen, sync=False)])
    await BackgroundTasks([inner, looking(seen, sync=False)])()
    assert set(seen) == {"unset"}


# Everything else is as if the caller had awaited the function.


@both
async def test_the_library_is_known_where_it_runs(
    sync: bool, seen: list[object], anyio_backend_name: str
) -> None:
    def look() -> None:
        try:
            seen.append(sniffio.current_async_library())
        except sniffio.AsyncLibraryNotFoundError:
            seen.append(None)

    async def look_async() -> None:
        await anyio.lowlevel.checkpoint()
        look()

    await BackgroundTasks([look if sync else look_async])()
    assert seen == [None if sync else anyio_backend_name]


async def test_the_current_task_is_the_one_that_awaits_the_run(seen: list[object]) -> None:
    async def look() -> None:
        seen.append(anyio.get_current_task())
        await anyio.lowlevel.checkpoint()
        seen.append(anyio.get_current_task())

    await BackgroundTasks([look])()
    assert seen == [anyio.get_current_task()] * 2


async def test_cancel_scopes_within_a_task_stay_within_it(seen: list[object]) -> None:
    async def task() -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await anyio.sleep_forever()
        with anyio.move_on_after(0) as limit:
            await anyio.sleep_forever()
        seen.append((scope.cancelled_caught, limit.cancelled_caught))
        with anyio.fail_after(0):
            await anyio.sleep_forever()

    tasks = BackgroundTasks([task])
    tasks.add_task(seen.append, "next")
    with pytest.raises(TimeoutError):
        await tasks()
    assert seen == [(True, True), "next"]


async def test_a_task_group_within_a_task_shares_its_context(seen: list[object]) -> None:
    async def child() -> None:
        seen.append(variable.get())
        await anyio.lowlevel.checkpoint()
        variable.set("by the child")

    async def task() -> None:
        variable.set("by the task")
        async with anyio.create_task_group() as group:
            group.start_soon(child)
            await group.start(starting)
        seen.append(variable.get())

    async def starting(*, task_status: anyio.abc.TaskStatus[None]) -> None:
        seen.append(variable.get())
        task_status.started()

    await BackgroundTasks([task])()
    assert seen == ["by the task"] * 3


async def test_threads_and_loop_reach_each_other_within_a_task(seen: list[object]) -> None:
    async def on_loop() -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(variable.get())

    def in_thread() -> None:
        from_thread.run(on_loop)
        from_thread.run_sync(lambda: seen.append(variable.get()))
        from_thread.check_cancelled()

    async def task() -> None:
        variable.set("by the task")
        await to_thread.run_sync(in_thread)

    def sync_task() -> None:
        variable.set("by the sync task")
        in_thread()

    await BackgroundTasks([task, sync_task])()
    assert seen == ["by the task"] * 2 + ["by the sync task"] * 2


@on_asyncio
async def test_what_is_asyncios_own_works_within_a_task(seen: list[object]) -> None:
    async def child() -> None:
        await asyncio.sleep(0)
        seen.append(variable.get())

    async def group_that_fails() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(int, "no number"))
            await asyncio.Event().wait()

    async def task() -> None:
        variable.set("by the task")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0)
        async with asyncio.TaskGroup() as group:
            group.create_task(child())
        await asyncio.create_task(child())
        await asyncio.gather(child(), asyncio.shield(child()))
        with pytest.raises(ExceptionGroup):
            await group_that_fails()

    tasks = BackgroundTasks([task, task])
    tasks.add_task(seen.append, "next")
    await tasks()
    assert seen == ["by the task"] * 8 + ["next"]


@on_trio
async def test_what_is_trios_own_works_within_a_task(seen: list[object]) -> None:
    async def child() -> None:
        await trio.lowlevel.checkpoint()
        seen.append(variable.get())

    async def task() -> None:
        variable.set("by the task")
        with trio.move_on_after(0):
            await trio.sleep_forever()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child)
        with pytest.raises(trio.TooSlowError), trio.fail_after(0):
            await trio.sleep_forever()
        await trio.to_thread.run_sync(trio.from_thread.run, child)
        seen.append(variable.get())

    tasks = BackgroundTasks([task])
    tasks.add_task(seen.append, "next")
    await tasks()
    assert seen == ["by the task"] * 3 + ["next"]


async def test_a_task_may_catch_what_is_thrown_into_it_and_go_on(seen: list[object]) -> None:
    async def task() -> None:
        with anyio.CancelScope() as scope:
            try:
                scope.cancel()
                await anyio.sleep_forever()
            finally:
                variable.set("cleaned up")
                with anyio.CancelScope(shield=True):
                    await anyio.lowlevel.checkpoint()
                seen.append(variable.get())
        await anyio.lowlevel.checkpoint()
        seen.append("went on")

    await BackgroundTasks([task])()
    assert seen == ["cleaned up", "went on"]
