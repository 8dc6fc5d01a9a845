"""The reference runner: what it takes, what reaches a task, and when and where it runs."""

from __future__ import annotations

import asyncio
import functools
import gc
import sys
import threading
import types
import weakref
from collections.abc import Awaitable, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest
from anyio import from_thread, to_thread
from starlette.background import BackgroundTask
from starlette.background import BackgroundTasks as StarletteTasks

from bgspec import BackgroundTasks, BgspecError, RunInProgress, SupportsBackgroundTasks, TaskRefused

pytestmark = pytest.mark.anyio


@pytest.fixture
def seen() -> list[Any]:
    """What the tasks of a test did, in the order in which they did it."""
    return []


def noting(seen: list[Any], *what: object, sync: bool = False) -> Callable[[], object]:
    """A task that notes something, each time after a suspension if it is async."""

    def note() -> None:
        seen.extend(what)

    async def suspend_and_note() -> None:
        for each in what:
            await anyio.lowlevel.checkpoint()
            seen.append(each)

    return note if sync else suspend_and_note


class Argument:
    """Something that can be referred to weakly."""


# Adding: ADD.


async def test_nothing_is_called_at_the_add(seen: list[Any]) -> None:
    def made() -> Awaitable[None]:
        seen.append("called")
        return anyio.lowlevel.checkpoint()

    tasks = BackgroundTasks()
    tasks.add_task(made)
    assert (seen, len(tasks)) == ([], 1)
    await tasks()
    assert (seen, len(tasks)) == (["called"], 0)


async def test_equal_adds_are_separate_tasks(seen: list[Any]) -> None:
    tasks = BackgroundTasks()
    for _ in range(1_000):
        tasks.add_task(seen.append, 1)
    tasks.add_task(noting(seen, 2))
    await tasks()
    assert seen == [1] * 1_000 + [2]


async def test_adds_of_several_threads_are_all_kept_each_threads_in_its_order() -> None:
    tasks = BackgroundTasks()
    seen: list[tuple[int, int]] = []

    async def note(thread: int, number: int) -> None:
        seen.append((thread, number))

    def add(thread: int) -> None:
        for number in range(500):
            tasks.add_task(note, thread, number)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(add, range(4)))
    finally:
        sys.setswitchinterval(before)
    await tasks()
    for thread in range(4):
        assert [number for by, number in seen if by == thread] == list(range(500))


@pytest.mark.parametrize("sync", [True, False])
async def test_any_keyword_reaches_the_task(sync: bool) -> None:
    names = ["func", "self", "args", "kwargs", "fn", "task", "timeout", "name", "key", "delay"]
    given = {name: object() for name in names}
    got: dict[str, object] = {}

    def take(**kwargs: object) -> None:
        got.update(kwargs)

    async def take_async(**kwargs: object) -> None:
        got.update(kwargs)

    tasks: Any = BackgroundTasks()
    tasks.add_task(take if sync else take_async, **given)
    await tasks()
    assert got == given
    assert list(got) == names


async def test_the_function_may_be_given_by_keyword(seen: list[Any]) -> None:
    tasks: Any = BackgroundTasks()
    tasks.add_task(func=noting(seen, 1))
    await tasks()
    assert seen == [1]


def test_an_add_without_a_function_is_refused() -> None:
    tasks: Any = BackgroundTasks()
    with pytest.raises(TypeError, match="needs something to call"):
        tasks.add_task()
    assert not len(tasks)


def test_none_is_refused_though_a_keyword_is_named_func() -> None:
    tasks: Any = BackgroundTasks()
    with pytest.raises(TaskRefused):
        tasks.add_task(None, func=print)


def test_what_cannot_be_run_is_refused_at_the_add() -> None:
    def generate() -> Iterator[int]:
        yield 1

    tasks: Any = BackgroundTasks()
    for refused in (42, generate):
        with pytest.raises(TaskRefused):
            tasks.add_task(refused)
    assert tasks.tasks == ()


@pytest.mark.parametrize("sync", [True, False])
async def test_arguments_that_do_not_fit_surface_at_the_run(sync: bool, seen: list[Any]) -> None:
    tasks: Any = BackgroundTasks()
    tasks.add_task(noting(seen, "ran", sync=sync), "one too many")
    with pytest.raises(TypeError, match="positional argument"):
        await tasks()
    assert seen == []


async def test_two_containers_share_nothing(seen: list[Any]) -> None:
    one, two = BackgroundTasks(), BackgroundTasks()
    one.add_task(noting(seen, "one"))
    await two()
    assert (seen, len(one), len(two)) == ([], 1, 0)


def test_the_add_returns_none() -> None:
    tasks: Any = BackgroundTasks()
    assert tasks.add_task(print) is None


async def test_tasks_may_be_given_at_the_start(seen: list[Any]) -> None:
    first = BackgroundTask(seen.append, 1)
    tasks = BackgroundTasks(tasks=[first, noting(seen, 2), StarletteTasks([first])])
    await tasks()
    assert seen == [1, 2, 1]


async def test_tasks_may_be_taken_from_another_container(seen: list[Any]) -> None:
    one = BackgroundTasks([noting(seen, 1), noting(seen, 2)])
    two = BackgroundTasks(one.tasks)
    async with anyio.create_task_group() as group:
        group.start_soon(one)
        group.start_soon(two)
    assert sorted(seen) == [1, 1, 2, 2]


def test_what_is_no_task_is_refused_at_the_start() -> None:
    nothing: Any = None
    with pytest.raises(TaskRefused):
        BackgroundTasks([nothing])


def test_an_unknown_answer_to_errors_is_refused() -> None:
    answer: Any = "ignore"
    with pytest.raises(ValueError, match='is "continue" or "stop", not \'ignore\''):
        BackgroundTasks(on_error=answer)


# Arguments: ARG.


@pytest.mark.parametrize("sync", [True, False])
async def test_arguments_are_the_same_objects_in_order(sync: bool) -> None:
    got: list[Any] = []

    def take(*args: object, **kwargs: object) -> None:
        got.append((args, kwargs))

    async def take_async(*args: object, **kwargs: object) -> None:
        got.append((args, kwargs))

    args: tuple[object, ...] = ([], None, (1,), {}, Argument())
    kwargs: dict[str, object] = {"z": [], "a": None, "m": Argument()}
    tasks = BackgroundTasks()
    tasks.add_task(take if sync else take_async, *args, **kwargs)
    await tasks()
    [(got_args, got_kwargs)] = got
    assert [id(value) for value in got_args] == [id(value) for value in args]
    assert [(name, id(value)) for name, value in got_kwargs.items()] == [
        (name, id(value)) for name, value in kwargs.items()
    ]


# Running: RUN.


async def test_an_empty_run_ends_at_once() -> None:
    coroutine = BackgroundTasks()()
    with pytest.raises(StopIteration) as stop:
        coroutine.send(None)
    assert stop.value.value is None


@pytest.mark.parametrize("value", [True, False, 3, ValueError("returned"), RuntimeError])
@pytest.mark.parametrize("sync", [True, False])
async def test_what_tasks_return_has_no_effect(value: object, sync: bool, seen: list[Any]) -> None:
    async def give() -> object:
        return value

    tasks: Any = BackgroundTasks([(lambda: value) if sync else give, noting(seen, "next")])
    assert await tasks() is None
    assert seen == ["next"]


async def test_a_generator_that_a_lambda_returns_is_a_value(seen: list[Any]) -> None:
    def generate() -> Iterator[int]:
        seen.append("iterated")
        yield 1

    await BackgroundTasks([lambda: generate()])()
    assert seen == []


@pytest.mark.parametrize("sync", [True, False])
async def test_what_is_added_while_running_runs_in_this_run(sync: bool, seen: list[Any]) -> None:
    tasks = BackgroundTasks()

    def add() -> None:
        seen.append("add")
        tasks.add_task(noting(seen, "late"))

    async def add_async() -> None:
        add()

    tasks.add_task(add if sync else add_async)
    tasks.add_task(noting(seen, "early"))
    await tasks()
    assert seen == ["add", "early", "late"]


async def test_a_second_run_runs_only_what_is_new(seen: list[Any]) -> None:
    tasks = BackgroundTasks([noting(seen, 1)])
    await tasks()
    await tasks()
    tasks.add_task(noting(seen, 2))
    await tasks()
    assert seen == [1, 2]


async def test_two_containers_can_run_at_once() -> None:
    here, there = anyio.Event(), anyio.Event()

    async def meet(mine: anyio.Event, yours: anyio.Event) -> None:
        mine.set()
        await yours.wait()

    one, two = BackgroundTasks(), BackgroundTasks()
    one.add_task(meet, here, there)
    two.add_task(meet, there, here)
    async with anyio.create_task_group() as group:
        group.start_soon(one)
        group.start_soon(two)


async def test_a_container_awaited_within_a_task_of_its_own_refuses(seen: list[Any]) -> None:
    tasks = BackgroundTasks()
    tasks.add_task(tasks)
    tasks.add_task(noting(seen, "next"))
    with pytest.raises(RunInProgress, match="is running") as refused:
        await tasks()
    assert isinstance(refused.value, RuntimeError)
    assert isinstance(refused.value, BgspecError)
    assert seen == ["next"]


async def test_a_container_awaited_twice_at_once_refuses(seen: list[Any]) -> None:
    tasks = BackgroundTasks()
    started, go_on = anyio.Event(), anyio.Event()

    async def wait() -> None:
        started.set()
        await go_on.wait()

    tasks.add_task(wait)
    async with anyio.create_task_group() as group:
        group.start_soon(tasks)
        await started.wait()
        with pytest.raises(RunInProgress):
            await tasks()
        go_on.set()
    tasks.add_task(noting(seen, "later"))
    await tasks()
    assert seen == ["later"]


@pytest.mark.parametrize("then_sync", [True, False])
@pytest.mark.parametrize("sync", [True, False])
async def test_arguments_are_released_once_their_task_has_ended(
    sync: bool, then_sync: bool, seen: list[Any]
) -> None:
    def take(argument: Argument, *, by_name: Argument) -> None: ...

    async def take_async(argument: Argument, *, by_name: Argument) -> None:
        await anyio.lowlevel.checkpoint()

    def look() -> None:
        seen.extend(reference() for reference in references)

    async def look_async() -> None:
        look()

    gc.disable()
    try:
        one, two = Argument(), Argument()
        references = [weakref.ref(one), weakref.ref(two)]
        tasks = BackgroundTasks()
        tasks.add_task(take if sync else take_async, one, by_name=two)
        tasks.add_task(look if then_sync else look_async)
        del one, two
        await tasks()
        look()
    finally:
        gc.enable()
    assert seen == [None] * 4


@pytest.mark.parametrize("then_sync", [True, False])
@pytest.mark.parametrize("sync", [True, False])
async def test_what_a_task_returned_is_released_though_it_is_an_argument(
    sync: bool, then_sync: bool, seen: list[Any]
) -> None:
    def give_back(argument: Argument) -> Argument:
        return argument

    async def give_back_async(argument: Argument) -> Argument:
        return argument

    def look() -> None:
        seen.append(reference())

    async def look_async() -> None:
        look()

    gc.disable()
    try:
        argument = Argument()
        reference = weakref.ref(argument)
        tasks = BackgroundTasks()
        tasks.add_task(give_back if sync else give_back_async, argument)
        tasks.add_task(look if then_sync else look_async)
        del argument
        await tasks()
        look()
    finally:
        gc.enable()
    assert seen == [None] * 2


@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("error", [ValueError, SystemExit])
async def test_arguments_of_a_failed_task_are_released_with_its_error(
    sync: bool, error: type[BaseException]
) -> None:
    def fail(argument: Argument) -> None:
        raise error

    async def fail_async(argument: Argument) -> None:
        await anyio.lowlevel.checkpoint()
        raise error

    async def run() -> None:
        try:
            await tasks()
        except error:
            pass
        else:
            pytest.fail("the task did not fail")

    gc.disable()
    try:
        argument = Argument()
        reference = weakref.ref(argument)
        tasks = BackgroundTasks()
        tasks.add_task(fail if sync else fail_async, argument)
        del argument
        await run()
        # A worker thread may hold the last error until it has its next call.
        await to_thread.run_sync(lambda: None)
        assert reference() is None
    finally:
        gc.enable()


# Order: ORD.


async def test_a_task_starts_after_the_one_before_it_ended(seen: list[Any]) -> None:
    tasks = BackgroundTasks()
    for number in range(6):
        tasks.add_task(noting(seen, number, number, sync=bool(number % 2)))
    await tasks()
    assert seen == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


# Sync and async: CALL.


async def test_a_sync_task_runs_off_the_thread_of_the_loop_and_an_async_one_on_it() -> None:
    threads: list[int] = []

    def note() -> None:
        threads.append(threading.get_ident())

    async def note_async() -> None:
        note()

    await BackgroundTasks([note, note_async])()
    assert threads[0] != threading.get_ident() == threads[1]


async def test_the_loop_keeps_turning_while_a_sync_task_runs() -> None:
    turned = threading.Event()
    tasks = BackgroundTasks()
    tasks.add_task(turned.wait, 30)
    async with anyio.create_task_group() as group:
        group.start_soon(tasks)
        await anyio.lowlevel.checkpoint()
        turned.set()


async def test_a_sync_task_can_call_back_into_the_loop(seen: list[Any]) -> None:
    async def note() -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(threading.get_ident())

    await BackgroundTasks([lambda: from_thread.run(note)])()
    assert seen == [threading.get_ident()]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_a_sync_task_can_run_a_loop_of_its_own(backend: str, seen: list[Any]) -> None:
    async def note() -> None:
        seen.append("ran")

    await BackgroundTasks([lambda: anyio.run(note, backend=backend)])()
    assert seen == ["ran"]


async def test_an_async_task_added_from_a_thread_knows_its_loop(seen: list[Any]) -> None:
    async def note() -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(await to_thread.run_sync(lambda: "thread"))

    tasks = BackgroundTasks()
    await to_thread.run_sync(tasks.add_task, note)
    await tasks()
    assert seen == ["thread"]


def awaitables(seen: list[Any]) -> dict[str, Callable[[], object]]:
    """Sync callables that return an awaitable."""

    async def note() -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(threading.get_ident())

    @functools.wraps(note)
    def decorated() -> Awaitable[None]:
        return note()

    class Inner:
        def __call__(self) -> Awaitable[None]:
            return note()

    class Outer:
        __call__ = Inner()

    @types.coroutine
    def generator_based() -> Generator[Any, Any, None]:
        yield from note().__await__()

    class Awaited:
        def __await__(self) -> Generator[Any, Any, None]:
            yield from note().__await__()

    return {
        "a lambda": lambda: note(),
        "a decorator": decorated,
        "a cache": functools.lru_cache(note),
        "a raw staticmethod": staticmethod(note),
        "an instance of an instance": Outer(),
        "a generator-based coroutine": generator_based,
        "a lambda around one": lambda: generator_based(),
        "a class whose instances are awaitable": Awaited,
        "a container in a lambda": lambda: BackgroundTasks([note])(),
    }


@pytest.mark.parametrize("shape", awaitables([]))
async def test_an_awaitable_that_a_sync_callable_returns_is_awaited_on_the_loop(
    shape: str, seen: list[Any]
) -> None:
    tasks = BackgroundTasks()
    tasks.add_task(awaitables(seen)[shape])
    tasks.add_task(noting(seen, "next"))
    await tasks()
    assert seen == [threading.get_ident(), "next"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_future_that_a_sync_callable_returns_is_awaited() -> None:
    future = asyncio.get_running_loop().create_future()
    future.set_exception(ValueError("from the future"))
    with pytest.raises(ValueError, match="from the future"):
        await BackgroundTasks([lambda: future])()


async def test_a_container_is_a_task(seen: list[Any]) -> None:
    inner = BackgroundTasks([noting(seen, 1), noting(seen, 2)])
    await BackgroundTasks([inner, noting(seen, 3)])()
    assert seen == [1, 2, 3]


# What can be told of a container.


def test_pending_tasks_can_be_read() -> None:
    tasks = BackgroundTasks()
    tasks.add_task(print, 1, 2, sep="-")
    [task] = tasks.tasks
    assert (task.func, task.args, task.kwargs) == (print, (1, 2), {"sep": "-"})
    assert (task.is_async, task.name, repr(task)) == (False, "print", "<Task print>")


def test_an_empty_container_is_true() -> None:
    assert BackgroundTasks()


async def test_the_repr_names_what_is_pending_and_says_when_it_runs(seen: list[Any]) -> None:
    tasks = BackgroundTasks()
    assert repr(tasks) == "<BackgroundTasks: 0 pending>"

    async def look() -> None:
        seen.append(repr(tasks))

    tasks.add_task(look)
    for _ in range(6):
        tasks.add_task(print)
    await tasks()
    names = "print, print, print, print, print and 1 more"
    assert seen == [f"<BackgroundTasks: 6 pending ({names}), running>"]


def test_it_is_what_the_protocols_ask_for() -> None:
    tasks: SupportsBackgroundTasks = BackgroundTasks()
    assert tasks
