"""Starlette's own container, held to every MUST by hand: how a task runs, and how it ends.

As in the other half, the tests ask what Starlette 1.10.0 does, and say where it keeps a clause not.
"""

from __future__ import annotations

import asyncio
import dataclasses
import decimal
import functools
import threading
import traceback
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar, copy_context
from types import MethodType
from typing import Any, NoReturn
from unittest.mock import AsyncMock

import anyio
import pytest
from anyio import from_thread, to_thread
from starlette.background import BackgroundTasks

from tests.test_starlette_by_hand import PATIENCE, both, either, filled, until

pytestmark = pytest.mark.anyio

on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])
variable: ContextVar[object] = ContextVar("variable", default="unset")


@pytest.fixture
def seen() -> list[Any]:
    """What the tasks of a test did, in the order in which they did it."""
    return []


# Sync and async: CALL.


async def test_a_sync_task_runs_off_the_thread_of_the_loop(seen: list[Any]) -> None:
    """CALL-1: in every shape, nested, and where the loop itself runs in a worker thread."""

    class Shapes:
        def __init__(self) -> None:
            note()

        def __call__(self, *_: object) -> None:
            note()

        method = __call__
        bound = functools.partialmethod(__call__)
        of_class = classmethod(__call__)
        static = staticmethod(__call__)

    def note(*_: object) -> None:
        seen.append(threading.get_ident())

    async def run() -> list[Any]:
        it: Any = Shapes()
        seen.clear()
        shapes = [note, Shapes, it, it.method, it.bound, it.of_class, functools.partial(it.bound)]
        shapes += [lambda: note(), functools.partial(it.static, 1), functools.lru_cache(note)]
        await filled(*shapes, filled(*shapes))()
        return [len(seen) == 2 * len(shapes), threading.get_ident() in seen]

    assert await run() == [True, False]
    there = await to_thread.run_sync(lambda: anyio.run(run, backend="trio"))
    assert there == [True, False]


class Awkward:
    """Sync things that Starlette takes for async, and async ones that it takes for sync."""

    def __init__(self, seen: list[Any]) -> None:
        def note() -> None:
            seen.append(threading.get_ident())

        class Sync:
            def __call__(self) -> None:
                note()

        class Async:
            async def __call__(self) -> None:
                note()

        class SyncPartial(functools.partial[object]):
            def __call__(self, *_: object, **__: object) -> None:
                note()

        class AsyncPartial(functools.partial[object]):
            async def __call__(self, *_: object, **__: object) -> None:
                note()

        class Meta(type):
            async def __call__(cls) -> None:
                note()

        class OfMeta(metaclass=Meta):
            def __call__(self) -> None: ...

        self.sync: list[Any] = [Sync(), SyncPartial(anyio.lowlevel.checkpoint)]
        self.sync[0].__call__ = anyio.lowlevel.checkpoint
        self.unawaited: list[Any] = [Async(), AsyncPartial(note), OfMeta]
        self.unawaited[0].__call__ = note


@pytest.mark.parametrize("which", ["an attribute __call__", "a subclass of partial"])
async def test_a_sync_instance_that_looks_async_runs_on_the_loop(
    which: str, seen: list[Any]
) -> None:
    """CALL-1: not kept where an own `__call__` hides that of the class; the run then fails."""
    task = Awkward(seen).sync[which == "a subclass of partial"]
    with pytest.raises(TypeError, match="can't be used in 'await'"):
        await filled(task)()
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
        await anyio.sleep(0)
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
    async def wrapper(*args: object) -> None:
        await function(*args)

    class Shapes:
        async def method(self, *args: object) -> None:
            await function(*args)

        of_class = classmethod(method)
        static = staticmethod(function)
        bound = functools.partialmethod(method, 1)
        nested = functools.partialmethod(functools.partialmethod(method, 1), 2)
        bound_of_class = functools.partialmethod(of_class, 1)
        bound_static = functools.partialmethod(static, 1)
        __call__ = method

    class Derived(Shapes):
        __slots__ = ("slot",)

        def __len__(self) -> int:
            return 0

    class Meta(type):
        async def __call__(cls) -> None:
            await function()

    class Static:
        __call__ = staticmethod(function)

    it: Any = Derived()
    kind: Any = Derived
    shapes: list[Any] = [
        *(function, wrapper, it.method, it.of_class, it.static, kind.of_class, kind.static),
        *(it.bound, it.nested, it.bound_of_class, it.bound_static, kind.bound_of_class),
        *(kind.bound_static, it, Shapes(), Static(), MethodType(function, it), it.__call__),
        *(Meta("Class", (), {}), AsyncMock(side_effect=function), filled(function)),
        *(functools.partialmethod(function).__get__(it), type("Sub", (BackgroundTasks,), {})()),
    ]
    shapes[-1].add_task(function)
    partials = [functools.partial(shape) for shape in shapes]
    nested = [functools.partial(functools.partial(partial)) for partial in partials]
    tasks = BackgroundTasks()
    for number, shape in enumerate([*shapes, *partials, *nested]):
        tasks.add_task(shape)
        tasks.add_task(seen.append, -number)
    await tasks()
    here = threading.get_ident()
    assert seen == [each for number in range(3 * len(shapes)) for each in (here, -number)]


def unawaited(backend: str) -> AbstractContextManager[object]:
    """How a coroutine that nobody awaits shows."""
    if backend == "asyncio":
        return pytest.warns(RuntimeWarning, match="never awaited")
    return pytest.raises(TypeError, match="Trio expected a sync function")


@pytest.mark.parametrize(
    "which", ["an attribute __call__", "a subclass of partial", "a class of an async metaclass"]
)
async def test_an_async_instance_that_looks_sync_is_not_awaited(
    which: str, anyio_backend_name: str, seen: list[Any]
) -> None:
    """CALL-5: not kept where another `__call__` hides that of the class, nothing of it runs."""
    index = ["an attribute __call__", "a subclass of partial"]
    task = Awkward(seen).unawaited[index.index(which) if which in index else 2]
    with unawaited(anyio_backend_name):
        try:
            await filled(task)()
        finally:
            # A worker thread may hold the coroutine until it has its next call.
            await to_thread.run_sync(lambda: None)
    assert seen == []


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


FAILURES: list[BaseException] = [
    *(ValueError(), Unusual(), Falsy(), Frozen(), TimeoutError(), RecursionError(), OSError(2)),
    *(ExceptionGroup("", [ValueError()]), BaseExceptionGroup("", [Unusual(), ValueError()])),
]


@both
@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
async def test_a_failure_surfaces(sync: bool, error: BaseException, seen: list[Any]) -> None:
    """ERR-1: errors of every kind, first, last and nested, and those of a cancelled task."""
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
async def test_what_surfaces_is_the_same_exception(sync: bool) -> None:
    """ERR-2: raised anew by run after run, with its cause, its context and its last frame."""
    for error in FAILURES:
        error.__cause__ = cause = KeyError()
        tasks = filled(either(raising(error), sync=sync))
        for container in (tasks, tasks, filled(tasks)):
            raised = await raised_by(container)
            if not isinstance(error, Frozen):
                assert raised is error
            assert surfaced(error, raised)
            assert error.__cause__ is cause
            frames = traceback.extract_tb(error.__traceback__)
            assert [frame.name for frame in frames].count("fail") > 0


@both
async def test_a_stop_iteration_is_the_cause_of_a_runtime_error(sync: bool) -> None:
    """ERR-2: as Python has it for every coroutine, and the traceback reaches the task."""
    error = StopIteration(3)
    raised = await raised_by(filled(either(raising(error), sync=sync)))
    assert type(raised) is RuntimeError
    assert raised.__cause__ is error
    assert "fail" in [frame.name for frame in traceback.extract_tb(error.__traceback__)]


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
    """ERR-7: alone and nested, as what the event-loop task of the run ends with, and no hang."""
    error = kind()
    fail = either(raising(error), sync=sync)
    for tasks in (filled(fail), filled(filled(fail), lambda: seen.append("later"))):
        with anyio.fail_after(PATIENCE):
            raised = await ended_with(tasks, anyio_backend_name)
        assert surfaced(error, raised)
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
        for error in [*(kind() for kind in kinds for _ in range(10)), *FAILURES]:
            failing = filled(either(raising(error), sync=sync))
            assert await ended_with(failing, anyio_backend_name) is not None
        for error in (KeyboardInterrupt(), SystemExit()):
            assert await raised_by(filled(either(raising(error), sync=sync))) is error
        go_on.set()
    assert (seen, limiter.borrowed_tokens) == (["at once"] * 2, 0)
    assert threading.active_count() <= threads + 1
    await filled(*(either(lambda: seen.append("later"), sync=each) for each in (True, False)))()
    assert seen[2:] == ["later"] * 2


# Context variables: CTX.


@both
async def test_tasks_see_the_context_variables_of_the_awaiter(sync: bool, seen: list[Any]) -> None:
    """CTX-1: those as of the run, before and after a suspension, nested, and run after run."""

    def look() -> None:
        seen.append((variable.get(), decimal.getcontext().prec))

    look = either(look, sync=sync)
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


# Cancellation: CAN.


@pytest.fixture(params=["scope", "deadline", "Task.cancel"])
def cancelled_run(
    request: pytest.FixtureRequest, anyio_backend_name: str
) -> Callable[[Callable[[], Awaitable[None]]], Awaitable[BaseException | None]]:
    """Run a container until nothing goes on any more, cancel it then, and tell what it raised."""
    if request.param == "Task.cancel" and anyio_backend_name == "trio":
        pytest.skip("trio has no Task.cancel()")

    async def run(tasks: Callable[[], Awaitable[None]]) -> BaseException | None:
        raised: list[BaseException | None] = []

        async def run_in(scope: anyio.CancelScope) -> None:
            with scope:
                raised.append(await raised_by(tasks))

        if request.param == "Task.cancel":
            host = asyncio.ensure_future(raised_by(tasks))
            await anyio.wait_all_tasks_blocked()
            host.cancel()
            return await host
        scope = anyio.CancelScope()
        async with anyio.create_task_group() as group:
            group.start_soon(run_in, scope)
            await anyio.wait_all_tasks_blocked()
            if request.param == "scope":
                scope.cancel()
            else:
                scope.deadline = anyio.current_time()
        return raised[0]

    return run


CancelledRun = Callable[[Callable[[], Awaitable[None]]], Awaitable[BaseException | None]]
