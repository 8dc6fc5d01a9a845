"""Starlette's own container, held to every MUST by hand: its run, and the place of each task."""

from __future__ import annotations

import decimal
import functools
import gc
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar, copy_context
from typing import Any
from unittest.mock import AsyncMock, Mock

import anyio
import pytest
from anyio import from_thread, to_thread
from starlette.background import BackgroundTasks

from tests.test_starlette_by_hand import (
    PATIENCE,
    Untouchable,
    both,
    either,
    filled,
    shapes_of,
    until,
)

pytestmark = pytest.mark.anyio

variable: ContextVar[object] = ContextVar("variable", default="unset")


@pytest.fixture
def seen() -> list[Any]:
    """What the tasks of a test did, in the order in which they did it."""
    return []


# Running: RUN.


async def test_each_task_is_called_once_a_run() -> None:
    """RUN-1: sync, async and nested ones, among others that keep the loop and its threads busy."""
    calls: Counter[int] = Counter()

    def count(number: int) -> None:
        calls[number] += 1

    tasks, inner = BackgroundTasks(), BackgroundTasks()
    for number in range(300):
        container = inner if number % 5 == 0 else tasks
        container.add_task(either(count, sync=number % 2 == 0), number)
    tasks.add_task(inner)
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(filled(*[either(gc.isenabled, sync=True)] * 20))
        await tasks()
    assert calls == Counter(range(300))


@both
@pytest.mark.parametrize("after_sync", [True, False])
async def test_the_run_lasts_as_long_as_its_last_task(
    sync: bool, after_sync: bool, seen: list[Any]
) -> None:
    """RUN-2: the last task is held up for many turns of the loop, and the run is not over."""
    started, go_on = threading.Event(), threading.Event()

    async def held() -> None:
        started.set()
        await until(go_on.is_set)
        await to_thread.run_sync(seen.append, "the task")

    def held_in_thread() -> None:
        started.set()
        assert go_on.wait(PATIENCE)
        from_thread.run(anyio.lowlevel.checkpoint)
        seen.append("the task")

    async def run() -> None:
        inner = filled(held_in_thread if sync else held)
        await filled(either(gc.isenabled, sync=after_sync), inner)()
        seen.append("the run")

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await until(started.is_set)
        for _ in range(100):
            await anyio.lowlevel.checkpoint()
        assert seen == []
        go_on.set()
    assert seen == ["the task", "the run"]


async def test_an_empty_run_ends_at_once() -> None:
    """RUN-3: without one suspension, again and again, and in a cancelled scope."""
    tasks = BackgroundTasks()
    for container in (tasks, tasks, BackgroundTasks([]), BackgroundTasks(None)):
        run: Any = container()
        with pytest.raises(StopIteration) as stop:
            run.send(None)
        assert stop.value.value is None
    with anyio.CancelScope() as scope:
        scope.cancel()
        await filled(tasks, BackgroundTasks())()
    assert not scope.cancelled_caught


@both
async def test_what_tasks_return_has_no_effect(sync: bool, seen: list[Any]) -> None:
    """RUN-4: values that could mean an end or an error, and those that may not be touched."""

    def generate() -> Iterator[int]:
        seen.append("iterated")
        yield 1

    def give(value: object) -> object:
        return value

    plain: list[object] = [True, False, None, 0, "", (1, 2), {}, NotImplemented, BackgroundTasks()]
    errors = [ValueError, ValueError(), StopIteration(3), GeneratorExit(), KeyboardInterrupt()]
    values = [*plain, *errors, SystemExit, anyio.get_cancelled_exc_class(), generate(), seen]
    tasks: Any = BackgroundTasks()
    for value in [*values, *([] if sync else [Untouchable()])]:
        tasks.add_task(either(give, sync=sync), value)
        tasks.add_task(either(lambda: seen.append("next"), sync=not sync))
    count = len(tasks.tasks) // 2
    assert await tasks() is None
    assert seen == ["next"] * count


@both
async def test_an_add_after_a_run_is_run_by_the_next(sync: bool, seen: list[Any]) -> None:
    """RUN-7: after an empty run, a full one, and one that was cancelled."""
    tasks = BackgroundTasks()
    note = either(seen.append, sync=sync)
    await tasks()
    tasks.add_task(note, 1)
    await tasks()
    tasks.add_task(note, 2)
    await tasks()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await filled(anyio.lowlevel.checkpoint, tasks)()
    await to_thread.run_sync(functools.partial(tasks.add_task, note, 3))
    await tasks()
    assert seen == [1, 1, 2, 1, 2, 3]


@both
async def test_an_add_after_a_failed_run_is_never_reached(sync: bool, seen: list[Any]) -> None:
    """RUN-7: not kept after a failed run, for the next calls the same task first and stops."""
    tasks = filled(either(lambda: int("no number"), sync=sync))
    for number in range(3):
        with pytest.raises(ValueError, match="no number"):
            await tasks()
        tasks.add_task(seen.append, number)
    assert seen == []


@pytest.mark.parametrize("there_sync", [True, False])
@both
async def test_two_containers_run_at_once(sync: bool, there_sync: bool, seen: list[Any]) -> None:
    """RUN-8: several times over, each waits for what the other does, on the loop or in a thread."""

    async def meet(mine: threading.Event, yours: threading.Event) -> None:
        mine.set()
        await until(yours.is_set)
        seen.append("met")

    def meet_in_thread(mine: threading.Event, yours: threading.Event) -> None:
        mine.set()
        assert yours.wait(PATIENCE)
        seen.append("met")

    one, two = BackgroundTasks(), BackgroundTasks()
    for _ in range(10):
        here, there = threading.Event(), threading.Event()
        one.add_task(meet_in_thread if sync else meet, here, there)
        two.add_task(meet_in_thread if there_sync else meet, there, here)
    async with anyio.create_task_group() as group:
        group.start_soon(one)
        group.start_soon(two)
    assert seen == ["met"] * 20


async def test_two_containers_wait_for_each_other_where_threads_are_short(seen: list[Any]) -> None:
    """RUN-8: not kept where anyio's limiter has no thread left, the one waits for the other."""
    limiter = to_thread.current_default_thread_limiter()
    tokens, limiter.total_tokens = limiter.total_tokens, 1
    started, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        started.set()
        assert go_on.wait(PATIENCE)

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(filled(hold))
            await until(started.is_set)
            group.start_soon(filled(lambda: seen.append("two")))
            await until(lambda: limiter.statistics().tasks_waiting)
            assert seen == []
            go_on.set()
    finally:
        limiter.total_tokens = tokens
    assert seen == ["two"]


# Order: ORD.


async def test_tasks_start_in_the_order_of_their_adds(seen: list[Any]) -> None:
    """ORD-1: sync and async in every pattern of five, the slow ones first."""
    tasks = BackgroundTasks()

    async def slow(number: int) -> None:
        seen.append(number)
        for _ in range(20 - number % 20):
            await anyio.lowlevel.checkpoint()

    for number in range(160):
        sync = number // 5 >> number % 5 & 1
        tasks.add_task(seen.append if sync else slow, number)
    await tasks()
    assert seen == list(range(160))


async def test_tasks_run_one_at_a_time(seen: list[Any]) -> None:
    """ORD-2: each lingers in its own way, and the next starts only then."""

    async def turns(number: int) -> None:
        seen.append(number)
        for _ in range(10):
            await anyio.lowlevel.checkpoint()
        seen.append(number)

    async def children(number: int) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(turns, number)

    async def thread(number: int) -> None:
        await to_thread.run_sync(back, number)

    def back(number: int) -> None:
        from_thread.run(turns, number)

    async def inner(number: int) -> None:
        await filled(functools.partial(back, number))()

    tasks = BackgroundTasks()
    ways: list[Callable[[int], object]] = [turns, back, children, thread, inner]
    pairs = [way for first in ways for second in ways for way in (first, second)]
    for number, way in enumerate(pairs):
        tasks.add_task(way, number)
    async with anyio.create_task_group() as group:
        group.start_soon(filled(*[functools.partial(gc.collect, 0)] * 30))
        await tasks()
    assert seen == [number for number in range(len(pairs)) for _ in range(2)]


async def test_a_task_finds_what_the_one_before_it_wrote() -> None:
    """ORD-3: a counter is raised without a lock, on the loop and in whichever thread is free."""
    state = {"count": 0}
    found: list[int] = []

    def raise_by_one() -> None:
        found.append(state["count"])
        state["count"] = found[-1] + 1

    tasks = filled(*(either(raise_by_one, sync=number % 3 > 0) for number in range(90)))
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(filled(*[either(gc.isenabled, sync=True)] * 50))
        await tasks()
    assert found == list(range(90))


# Sync and async: CALL.


async def test_a_sync_task_runs_off_the_thread_of_the_loop(seen: list[Any]) -> None:
    """CALL-1: in every shape, nested, and where the loop itself runs in a worker thread."""

    def note(*_: object) -> None:
        seen.append(threading.get_ident())

    async def run() -> tuple[int, bool]:
        seen.clear()
        shapes = [*shapes_of(note), lambda: note(), Mock(wraps=note)]
        await filled(*shapes, filled(*shapes))()
        return len(seen) - 2 * len(shapes), threading.get_ident() in seen

    assert await run() == (0, False)
    assert await to_thread.run_sync(lambda: anyio.run(run, backend="trio")) == (0, False)


def hiding(call: Callable[..., object], other: Callable[..., object]) -> dict[str, Any]:
    """Instances whose class has one `__call__`, where whoever asks them finds the other."""
    own: Any = type("Own", (), {"__call__": call})()
    own.__call__ = other
    partial: Any = type("Partial", (functools.partial,), {"__call__": call})
    meta: Any = type("Meta", (type,), {"__call__": call})
    return {
        "attribute": own,
        "partial": partial(other),
        "class": meta("Class", (), {"__call__": other}),
    }


@pytest.mark.parametrize("way", ["attribute", "partial"])
async def test_a_sync_instance_that_looks_async_runs_on_the_loop(way: str, seen: list[Any]) -> None:
    """CALL-1: not kept where another `__call__` hides that of the class, and the run fails."""

    def note(*_: object) -> None:
        seen.append(threading.get_ident())

    with pytest.raises(TypeError, match="can't be used in 'await'"):
        await filled(hiding(note, anyio.lowlevel.checkpoint)[way])()
    assert seen == [threading.get_ident()]


async def test_the_loop_keeps_turning_while_a_sync_task_runs(seen: list[Any]) -> None:
    """CALL-2: each of three kinds of work on the loop goes on while a thread waits for it."""
    turned, answered, done = threading.Event(), threading.Event(), anyio.Event()

    async def turn() -> None:
        for _ in range(1_000):
            await anyio.lowlevel.checkpoint()
        turned.set()

    def wait() -> None:
        seen.append(turned.wait(PATIENCE))
        from_thread.run(turn)
        from_thread.run_sync(done.set)
        seen.append(answered.wait(PATIENCE))

    async def answer() -> None:
        await done.wait()
        await filled(lambda: None, answered.set)()

    async with anyio.create_task_group() as group:
        group.start_soon(filled(wait))
        group.start_soon(answer)
        await turn()
    assert seen == [True, True]


@pytest.mark.parametrize("where", ["here", "in a thread"])
async def test_an_async_task_runs_on_the_loop_of_the_run(where: str, seen: list[Any]) -> None:
    """CALL-3: in its thread and event-loop task, whichever loop or thread it was added from."""

    def note() -> None:
        identity = threading.get_ident(), anyio.get_current_task().id
        seen.append((*identity, anyio.lowlevel.current_token()))

    async def look() -> None:
        note()
        await to_thread.run_sync(lambda: None)
        note()

    async def run() -> None:
        tasks = filled(look)
        await to_thread.run_sync(lambda: tasks.add_task(functools.partial(look)))
        tasks.add_task(filled(lambda: None, look))
        note()
        await tasks()

    if where == "here":
        await run()
    else:
        await to_thread.run_sync(lambda: anyio.run(run))
    assert len(seen) == 7
    assert len(set(seen)) == 1
    assert (seen[0][0] == threading.get_ident()) is (where == "here")


async def test_an_async_task_is_awaited_to_its_end(seen: list[Any]) -> None:
    """CALL-4: through suspensions of ten kinds, some of them within others."""
    send, receive = anyio.create_memory_object_stream[str](0)
    event, lock = anyio.Event(), anyio.Lock()

    async def waits() -> None:
        await anyio.lowlevel.checkpoint()
        with anyio.move_on_after(0):
            await anyio.sleep_forever()
        with anyio.CancelScope(shield=True):
            await event.wait()
        async with lock:
            seen.append(await receive.receive())
        await to_thread.run_sync(from_thread.run, anyio.lowlevel.checkpoint)
        await filled(anyio.lowlevel.checkpoint, lambda: seen.append("inner"))()
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.lowlevel.checkpoint)
        try:
            await anyio.lowlevel.cancel_shielded_checkpoint()
        finally:
            await anyio.lowlevel.checkpoint()
            seen.append("end")

    async with anyio.create_task_group() as group, send, receive, lock:
        group.start_soon(filled(waits, lambda: seen.append("next")))
        await anyio.wait_all_tasks_blocked()
        event.set()
        await anyio.wait_all_tasks_blocked()
        lock.release()
        await send.send("sent")
        await lock.acquire()
        with anyio.fail_after(PATIENCE):
            await until(lambda: "next" in seen)
    assert seen == ["sent", "inner", "end", "next"]


async def test_async_callables_are_recognised(seen: list[Any]) -> None:
    """CALL-5: every shape that the clause names, each alone, in a partial and in nested ones."""

    async def function(*_: object) -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(threading.get_ident())

    @functools.wraps(print)
    async def wrapper() -> None:
        await function()

    class Mine(BackgroundTasks): ...

    mine = Mine()
    mine.add_task(functools.partial(filled(function)))
    others: list[Any] = [wrapper, AsyncMock(wraps=function), filled(function), mine]
    shapes = [*shapes_of(function), *others, *(functools.partial(other) for other in others)]
    tasks = BackgroundTasks()
    for number, shape in enumerate(shapes):
        tasks.add_task(shape)
        tasks.add_task(seen.append, number)
    await tasks()
    here = threading.get_ident()
    assert seen == [each for number in range(len(shapes)) for each in (here, number)]


def unawaited(way: str, backend: str) -> AbstractContextManager[object]:
    """How a coroutine that nobody awaits shows."""
    if way == "partial" and sys.version_info >= (3, 13):
        return nullcontext()  # a partial of a partial calls what that holds, of a subclass too
    if backend == "asyncio":
        return pytest.warns(RuntimeWarning, match="never awaited")
    return pytest.raises(TypeError, match="Trio expected a sync function")


@pytest.mark.parametrize("way", ["attribute", "partial", "class"])
async def test_an_async_instance_that_looks_sync_is_not_awaited(
    way: str, anyio_backend_name: str, seen: list[Any]
) -> None:
    """CALL-5: not kept where another `__call__` hides that of the class, nothing of it runs."""

    async def note(*_: object) -> None:
        seen.append("called")

    with unawaited(way, anyio_backend_name):
        try:
            await filled(hiding(note, gc.isenabled)[way])()
        finally:
            # A worker thread may hold the coroutine until it has its next call.
            await to_thread.run_sync(lambda: None)
    assert seen == []


# Context variables: CTX.


@both
async def test_tasks_see_the_context_variables_of_the_awaiter(sync: bool, seen: list[Any]) -> None:
    """CTX-1: those as of the run, before and after a suspension, nested, and run after run."""

    def note() -> None:
        seen.append((variable.get(), decimal.getcontext().prec))

    look = either(note, sync=sync)
    tasks = BackgroundTasks()
    adders = copy_context()
    adders.run(variable.set, "the adder's")
    adders.run(tasks.add_task, look)
    variable.set("at the add")
    tasks.add_task(functools.partial(look))
    tasks.add_task(filled(lambda: None, look))
    with decimal.localcontext(prec=5):
        for value in ("at the run", ["an object"], None):
            variable.set(value)
            await tasks()
            assert seen == [(value, 5)] * 3
            assert all(found is value for found, _ in seen)
            seen.clear()
