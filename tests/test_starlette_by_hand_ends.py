"""Starlette's own container, held to every MUST by hand: how a task fails, or is cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import threading
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import anyio
import pytest
from anyio import from_thread, to_thread
from starlette.background import BackgroundTasks

from tests.test_starlette_by_hand import PATIENCE, both, either, filled, until

pytestmark = pytest.mark.anyio

on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])


@pytest.fixture
def seen() -> list[Any]:
    """What the tasks of a test did, in the order in which they did it."""
    return []


# Errors: ERR.


class Unusual(BaseException):
    """An error that is no Exception."""


class Falsy(Exception):
    """An error that is false, equals nothing and cannot be hashed."""

    __hash__ = None  # type: ignore[assignment]  # the point

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        raise AssertionError("an error was compared")


@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    """An error to which nothing can be assigned."""


class Interrupt(KeyboardInterrupt): ...


class Exit(SystemExit): ...


class Stop(StopIteration): ...


def raising(error: BaseException) -> Callable[[], object]:
    """A sync task that raises this."""

    def fail() -> NoReturn:
        raise error

    return fail


async def raised_by(tasks: Callable[[], Awaitable[None]]) -> BaseException | None:
    """What the run raises, caught on the spot, for some of it would end the tests."""
    try:
        await tasks()
    except BaseException as error:
        return error
    return None


async def ended_with(tasks: BackgroundTasks, backend: str) -> BaseException | None:
    """What an event-loop task for the run ends with; on trio, what the run raises."""
    if backend == "trio":
        return await raised_by(tasks)
    host = asyncio.ensure_future(tasks())
    await asyncio.wait([host], timeout=PATIENCE)
    return host.exception()


def reached_from(error: BaseException | None) -> list[BaseException]:
    """The error, and what is reached from it by groups, causes and contexts."""
    if error is None:
        return []
    members: list[BaseException] = list(getattr(error, "exceptions", []))
    nearest = [*members, error.__cause__, error.__context__]
    return [error, *(found for each in nearest for found in reached_from(each))]


def surfaced(error: BaseException, raised: BaseException | None) -> bool:
    return any(found is error for found in reached_from(raised))


FAILURES: dict[str, Callable[[], BaseException]] = {
    **{kind.__name__: kind for kind in (ValueError, Unusual, Falsy, TimeoutError, RecursionError)},
    "a group": lambda: ExceptionGroup("", [ValueError(), KeyError()]),
    "a base group": lambda: BaseExceptionGroup("", [ValueError(), Unusual()]),
}
failing = pytest.mark.parametrize("make", FAILURES.values(), ids=FAILURES)


@both
@failing
async def test_a_failure_surfaces(
    sync: bool, make: Callable[[], BaseException], seen: list[Any]
) -> None:
    """ERR-1: errors of every kind, first, last and nested, and those of a cancelled task."""
    error = make()
    fail = either(raising(error), sync=sync)
    for tasks in (filled(fail), filled(lambda: None, fail), filled(filled(fail, fail))):
        assert surfaced(error, await raised_by(tasks))
    started, go_on = threading.Event(), threading.Event()

    def fail_late() -> None:
        started.set()
        assert go_on.wait(PATIENCE)
        raise error

    async def clean_up() -> None:
        try:
            started.set()
            await anyio.sleep_forever()
        finally:
            raise error

    async def run() -> None:
        seen.append(await raised_by(filled(fail_late if sync else clean_up)))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await until(started.is_set)
        group.cancel_scope.cancel()
        go_on.set()
    assert surfaced(error, seen[0])


@on_asyncio
async def test_a_failure_of_a_sync_task_that_was_left_behind_is_lost(seen: list[Any]) -> None:
    """ERR-1: not kept after `Task.cancel()`, neither the run nor the loop is told of it."""
    started, go_on = threading.Event(), threading.Event()
    error = ValueError()

    def fail_late() -> None:
        started.set()
        assert go_on.wait(PATIENCE)
        seen.append("raised")
        raise error

    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    host = asyncio.ensure_future(raised_by(filled(fail_late)))
    await until(started.is_set)
    host.cancel()
    raised = await host
    assert seen == []
    go_on.set()
    await until(lambda: seen)
    await to_thread.run_sync(lambda: None)
    assert isinstance(raised, asyncio.CancelledError)
    assert (surfaced(error, raised), told, seen) == (False, [], ["raised"])


@both
@failing
async def test_what_surfaces_is_the_same_exception(
    sync: bool, make: Callable[[], BaseException]
) -> None:
    """ERR-2: raised anew by run after run, with its cause, its context and its last frame."""
    error, cause, context = make(), KeyError(), IndexError()

    def fail() -> NoReturn:
        try:
            raise context
        except IndexError:
            raise error from cause

    tasks = filled(either(fail, sync=sync))
    for container in (tasks, tasks, filled(tasks)):
        assert await raised_by(container) is error
        assert (error.__cause__, error.__context__) == (cause, context)
        assert traceback.extract_tb(error.__traceback__)[-1].name == "fail"


@both
async def test_an_error_that_nothing_can_be_assigned_to_surfaces_at_least(sync: bool) -> None:
    """ERR-2: as the context of trio's failure to assign its traceback, where a thread raised it."""
    error = Frozen()
    raised = await raised_by(filled(either(raising(error), sync=sync)))
    assert surfaced(error, raised)
    assert traceback.extract_tb(error.__traceback__)[-1].name == "fail"


@both
@pytest.mark.parametrize("place", range(4))
async def test_a_failure_undoes_nothing(sync: bool, place: int, seen: list[Any]) -> None:
    """ERR-3: wherever it strikes, what came before was called once, and its effects stay."""
    tasks = BackgroundTasks()
    for number in range(place):
        tasks.add_task(either(seen.append, sync=number % 2 == 0), number)
    tasks.add_task(filled(lambda: seen.append("inner"), either(raising(ValueError()), sync=sync)))
    tasks.add_task(seen.append, "later")
    assert isinstance(await raised_by(tasks), ValueError)
    assert seen == [*range(place), "inner"]


@both
@pytest.mark.parametrize("then_sync", [True, False])
@pytest.mark.parametrize("then", [KeyError(), KeyboardInterrupt(), SystemExit(), Unusual()])
async def test_there_is_no_second_failure_to_tell(
    sync: bool, then_sync: bool, then: BaseException, seen: list[Any]
) -> None:
    """ERR-5: kept by stopping, no later task gets to fail, and the first failure is told."""

    def fail() -> NoReturn:
        seen.append("later")
        raise then

    error = ValueError()
    later = either(fail, sync=then_sync)
    for tasks in (
        filled(either(raising(error), sync=sync), later, later),
        filled(filled(either(raising(error), sync=sync), later), later),
    ):
        assert await raised_by(tasks) is error
    assert seen == []


@both
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, Interrupt, Exit])
async def test_an_exit_leaves_the_run_as_it_is(
    sync: bool, kind: type[BaseException], seen: list[Any]
) -> None:
    """ERR-6: subclasses too, after other tasks or none, and from a container in a container."""
    error = kind(3)
    fail, later = either(raising(error), sync=sync), either(seen.append, sync=not sync)
    for tasks in (filled(fail), filled(lambda: None, fail), filled(filled(fail))):
        tasks.add_task(later, "later")
        tasks.add_task(seen.append, "later")
        assert await raised_by(tasks) is error
        assert (error.args, error.__cause__, error.__context__) == ((3,), None, None)
    assert seen == []


@both
@pytest.mark.parametrize("kind", [StopIteration, Stop, StopAsyncIteration, GeneratorExit])
async def test_what_drives_generators_surfaces(
    sync: bool, kind: type[BaseException], anyio_backend_name: str, seen: list[Any]
) -> None:
    """ERR-7: as what the event-loop task ends with, or as the cause of that, and no hang."""
    error = kind()
    fail = either(raising(error), sync=sync)
    for tasks in (filled(fail), filled(filled(fail), lambda: seen.append("later"))):
        with anyio.fail_after(PATIENCE):
            raised = await ended_with(tasks, anyio_backend_name)
        assert raised is not None
        assert error is (raised.__cause__ if isinstance(error, StopIteration) else raised)
        assert "fail" in [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert seen == []


@both
async def test_a_failure_harms_nothing_else(
    sync: bool, anyio_backend_name: str, seen: list[Any]
) -> None:
    """ERR-8: what runs at the same time, and what runs later, on the loop and in its threads."""
    limiter, go_on = to_thread.current_default_thread_limiter(), anyio.Event()
    kinds = [ValueError, Unusual, StopIteration, StopAsyncIteration, GeneratorExit]
    tasks = filled(go_on.wait, lambda: seen.append("at once"), lambda: seen.append("at once"))
    await to_thread.run_sync(lambda: None)
    threads = threading.active_count()
    async with anyio.create_task_group() as group:
        group.start_soon(tasks)
        for error in [kind() for kind in [*kinds, *FAILURES.values()] for _ in range(10)]:
            tasks = filled(either(raising(error), sync=sync))
            assert await ended_with(tasks, anyio_backend_name) is not None
        for error in (KeyboardInterrupt(), SystemExit()):
            assert await raised_by(filled(either(raising(error), sync=sync))) is error
        go_on.set()
    assert (seen, limiter.borrowed_tokens) == (["at once"] * 2, 0)
    assert threading.active_count() <= threads + 1
    await filled(*(either(lambda: seen.append("later"), sync=each) for each in (True, False)))()
    assert seen[2:] == ["later"] * 2


# Cancellation: CAN.

WAYS = {"asyncio": ["a scope", "a deadline", "Task.cancel()"], "trio": ["a scope", "a deadline"]}
every_way = pytest.mark.parametrize(
    ("anyio_backend", "how"), [(backend, way) for backend, ways in WAYS.items() for way in ways]
)


async def cancelled(
    tasks: Callable[[], Awaitable[None]], how: str, once: Callable[[], object]
) -> BaseException | None:
    """What a run raises that is cancelled in this way, once something holds."""
    scope, raised = anyio.CancelScope(), list[BaseException | None]()

    async def run() -> None:
        with scope:
            raised.append(await raised_by(tasks))

    if how == "Task.cancel()":
        host = asyncio.ensure_future(raised_by(tasks))
        await until(once)
        host.cancel()
        return await host
    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await until(once)
        if how == "a scope":
            scope.cancel()
        else:
            scope.deadline = anyio.current_time()
    return raised[0]


async def turn() -> NoReturn:
    while True:
        await anyio.lowlevel.checkpoint()


async def wait_for_a_child() -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep_forever)


async def wait_for_a_lock() -> None:
    lock = anyio.Lock()
    await lock.acquire()
    await filled(lambda: None, functools.partial(anyio.Condition(lock).wait))()


async def wait_for_a_message() -> None:
    send, receive = anyio.create_memory_object_stream[None](0)
    with send, receive:
        await receive.receive()


WAITS = [turn, anyio.sleep_forever, wait_for_a_child, wait_for_a_lock, wait_for_a_message]


@every_way
@pytest.mark.parametrize("wait", WAITS)
async def test_a_cancellation_reaches_the_task_in_progress(
    wait: Callable[[], Awaitable[None]], how: str, seen: list[Any]
) -> None:
    """CAN-1: in suspensions of many kinds, first or after a sync task, nested or not."""

    async def task() -> None:
        seen.append("started")
        try:
            await wait()
        except anyio.get_cancelled_exc_class():
            seen.append("reached")
            raise

    for tasks in (filled(task), filled(lambda: None, filled(task))):
        await cancelled(tasks, how, lambda: "started" in seen)
        assert seen == ["started", "reached"]
        seen.clear()


@pytest.mark.parametrize("when", ["before", "by the task", "during a sync task", "swallowed"])
async def test_an_earlier_cancellation_reaches_the_next_suspension(
    when: str, seen: list[Any]
) -> None:
    """CAN-1: a scope that was cancelled before the task suspends, whoever did it."""
    scope = anyio.CancelScope()

    async def swallow() -> None:
        scope.cancel()
        with contextlib.suppress(anyio.get_cancelled_exc_class()):
            await anyio.lowlevel.checkpoint()

    async def task() -> None:
        if when == "by the task":
            scope.cancel()
        seen.append("started")
        await anyio.lowlevel.checkpoint()
        seen.append("went on")

    tasks = BackgroundTasks()
    if when == "before":
        scope.cancel()
    elif when == "during a sync task":
        tasks.add_task(lambda: from_thread.run_sync(scope.cancel))
    elif when == "swallowed":
        tasks.add_task(swallow)
    tasks.add_task(task)
    with scope:
        await tasks()
    assert (seen, scope.cancelled_caught) == (["started"], True)


@on_asyncio
async def test_a_suspension_that_ends_in_the_turn_of_the_cancellation_goes_on(
    seen: list[Any],
) -> None:
    """CAN-1: not kept by anyio's scope where a future is done first, the next one is reached."""
    scope, loop = anyio.CancelScope(), asyncio.get_running_loop()

    async def task() -> None:
        future = loop.create_future()
        loop.call_soon(future.set_result, None)
        scope.cancel()
        await future
        seen.append("went on")
        await asyncio.sleep(0)
        seen.append("went on again")

    with scope:
        await filled(task)()
    assert (seen, scope.cancelled_caught) == (["went on"], True)


class Held:
    """Tasks of which a cancellation is to leave the first, whichever way that waits."""

    def __init__(self, seen: list[Any]) -> None:
        async def wait() -> NoReturn:
            seen.append("started")
            await anyio.sleep_forever()
            raise AssertionError("it went on")

        async def clean_up() -> None:
            try:
                await wait()
            finally:
                with anyio.CancelScope(shield=True):
                    await to_thread.run_sync(lambda: None)

        async def raise_anew() -> None:
            try:
                await wait()
            except anyio.get_cancelled_exc_class() as error:
                raise error from None

        def check() -> NoReturn:
            seen.append("started")
            while True:
                from_thread.check_cancelled()

        self.on_the_loop: list[Callable[[], object]] = [wait, clean_up, raise_anew, filled(wait)]
        self.in_a_thread: list[Callable[[], object]] = [check, lambda: from_thread.run(wait)]

    def for_way(self, how: str) -> list[Callable[[], object]]:
        """A thread is left behind by `Task.cancel()`, and has nothing to tell it."""
        return self.on_the_loop + (self.in_a_thread if how != "Task.cancel()" else [])


@every_way
@both
async def test_no_task_starts_after_a_cancellation_has_left_one(
    how: str, sync: bool, seen: list[Any]
) -> None:
    """CAN-2: neither in its container nor in the one around that, sync or async."""

    def later() -> None:
        seen.append("later")

    async def later_async() -> None:  # it never suspends, so no cancellation would stop it
        seen.append("later")

    first = later if sync else later_async
    for task in Held(seen).for_way(how):
        for tasks in (filled(task, first), filled(filled(task, first))):
            tasks.add_task(later)
            tasks.add_task(filled(later_async))
            await cancelled(tasks, how, lambda: seen)
            await to_thread.run_sync(lambda: None)
            assert seen == ["started"]
            seen.clear()


@every_way
async def test_a_cancellation_leaves_the_run_as_it_left_the_task(how: str, seen: list[Any]) -> None:
    """CAN-3: as the backend's own error, from threads too, and nested runs are left as well."""
    for task in Held(seen).for_way(how):
        for tasks in (filled(lambda: None, task), filled(filled(task))):
            raised = await cancelled(tasks, how, lambda: seen)
            assert isinstance(raised, anyio.get_cancelled_exc_class())
            seen.clear()


@on_asyncio
async def test_asyncios_deadlines_know_their_cancellation_again(seen: list[Any]) -> None:
    """CAN-3: what leaves the run is what `asyncio.timeout` and `wait_for` threw into it."""

    async def limited(tasks: BackgroundTasks) -> None:
        async with asyncio.timeout(0):
            await tasks()

    for task in Held(seen).on_the_loop:
        tasks = filled(task, lambda: seen.append("later"))
        with pytest.raises(TimeoutError):
            await limited(tasks)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(tasks(), 1e-3)
    assert set(seen) == {"started"}
