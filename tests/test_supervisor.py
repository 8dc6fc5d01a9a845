"""The supervisor: what it takes, how much at once, what it tells, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import threading
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar, copy_context
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import anyio
import httpx
import pytest
from anyio import from_thread, to_thread
from fastapi import FastAPI
from starlette.background import BackgroundTasks as StarletteTasks

from bgspec import BackgroundTasks, BgspecError, SupportsAddTask, TaskRefused
from bgspec.errors import SupervisorFull, SupervisorRefused
from bgspec.supervisor import Supervisor

pytestmark = pytest.mark.anyio

both = pytest.mark.parametrize("sync", [True, False])
on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])

PAGE = Path(__file__).parent.parent / "docs" / "supervisor.md"
VAR: ContextVar[object] = ContextVar("VAR", default="unset")

# How long a test waits for what a fault would keep from coming, in seconds.
PATIENCE = 30


@pytest.fixture
def seen() -> list[Any]:
    """What the tasks of a test did, in the order in which they did it."""
    return []


@asynccontextmanager
async def supervising(**options: Any) -> AsyncGenerator[Supervisor]:
    """A supervisor that is started, and a guard against one that does not end."""
    with anyio.fail_after(PATIENCE):
        async with Supervisor(**options) as supervisor:
            yield supervisor


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until the condition holds."""
    with anyio.fail_after(PATIENCE):
        while not condition():
            await anyio.lowlevel.checkpoint()


class Waiting:
    """An async task that says how far it has come, and ends when told, or when cancelled."""

    def __init__(self, *, at_cancellation: BaseException | None = None) -> None:
        self.started = anyio.Event()
        self.go_on = anyio.Event()
        self.end: Literal["cancelled", "returned"] | None = None
        self._at_cancellation = at_cancellation

    async def __call__(self) -> None:
        self.started.set()
        try:
            await self.go_on.wait()
        except anyio.get_cancelled_exc_class():
            self.end = "cancelled"
            if self._at_cancellation is not None:
                raise self._at_cancellation from None
            raise
        self.end = "returned"


class Lingering:
    """A sync task that says when it runs, and ends when told."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.go_on = threading.Event()
        self.has_ended = False

    def __call__(self) -> None:
        self.started.set()
        assert self.go_on.wait(PATIENCE)
        self.has_ended = True


def noting(seen: list[Any], what: object, *, sync: bool = False) -> Callable[[], object]:
    """A task that notes something."""

    async def note() -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(what)

    return (lambda: seen.append(what)) if sync else note


def failing(error: BaseException, *, sync: bool) -> Callable[[], object]:
    """A task that raises."""

    def fail() -> None:
        raise error

    async def fail_async() -> None:
        await anyio.lowlevel.checkpoint()
        raise error

    return fail if sync else fail_async


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    """What the supervisor logged: the levels, and the messages without the places."""
    return [
        (record.levelno, re.sub(r", added at \S+:\d+", "", record.getMessage()))
        for record in caplog.records
        if record.name == "bgspec.supervisor"
    ]


# What it takes.


@both
@pytest.mark.parametrize("way", ["add_task", "submit"])
async def test_arguments_reach_the_task_whatever_their_names(sync: bool, way: str) -> None:
    names = ["func", "self", "args", "kwargs", "task", "timeout", "name", "context"]
    given = {name: object() for name in names}
    argument = object()
    got: list[object] = []

    def take(*args: object, **kwargs: object) -> None:
        got.extend([args, kwargs])

    async def take_async(*args: object, **kwargs: object) -> None:
        take(*args, **kwargs)

    async with supervising() as supervisor:
        add: Any = getattr(supervisor, way)
        answer = add(take if sync else take_async, argument, **given)
        assert (await answer if way == "submit" else answer) is None
    assert got == [(argument,), given]


async def test_the_function_may_be_given_by_keyword(seen: list[Any]) -> None:
    async with supervising() as started:
        supervisor: Any = started
        supervisor.add_task(func=noting(seen, 1))
        await supervisor.submit(func=noting(seen, 2))
    assert sorted(seen) == [1, 2]


async def test_what_cannot_be_run_is_refused_at_the_add() -> None:
    def generate() -> Iterator[int]:
        yield 1

    async with supervising() as started:
        supervisor: Any = started
        for refused in (42, None, generate):
            with pytest.raises(TaskRefused):
                supervisor.add_task(refused)
            with pytest.raises(TaskRefused):
                await supervisor.submit(refused)
        with pytest.raises(TaskRefused):
            supervisor.add_task()


async def test_a_sync_task_runs_in_a_thread_and_an_async_one_on_the_loop() -> None:
    threads: dict[str, int] = {}

    def note(name: str) -> None:
        threads[name] = threading.get_ident()

    async def note_async() -> None:
        note("async")

    async with supervising() as supervisor:
        supervisor.add_task(note, "sync")
        supervisor.add_task(note_async)
        supervisor.add_task(lambda: note_async())
    assert threads["async"] == threading.get_ident() != threads["sync"]


async def test_the_add_does_not_wait_for_the_task() -> None:
    task = Waiting()
    async with supervising() as supervisor:
        await supervisor.submit(task)
        await task.started.wait()
        assert task.end is None
        task.go_on.set()
    assert task.end == "returned"


async def test_tasks_run_side_by_side() -> None:
    here, there = anyio.Event(), anyio.Event()

    async def meet(mine: anyio.Event, yours: anyio.Event) -> None:
        mine.set()
        await yours.wait()

    async with supervising() as supervisor:
        supervisor.add_task(meet, here, there)
        supervisor.add_task(meet, there, here)


@pytest.mark.parametrize("kind", [BackgroundTasks, StarletteTasks])
async def test_a_whole_container_is_a_task(
    kind: type[BackgroundTasks | StarletteTasks], seen: list[Any]
) -> None:
    container = kind()
    for number in range(5):
        container.add_task(noting(seen, number, sync=bool(number % 2)))
    async with supervising() as supervisor:
        supervisor.add_task(container)
    assert seen == [0, 1, 2, 3, 4]


async def test_a_task_may_add_another(seen: list[Any]) -> None:
    async with supervising() as supervisor:

        async def add() -> None:
            supervisor.add_task(noting(seen, "from the loop"))
            await to_thread.run_sync(supervisor.add_task, noting(seen, "from a thread"))

        supervisor.add_task(add)
        await until(lambda: len(seen) == 2)
    assert sorted(seen) == ["from a thread", "from the loop"]


@both
@pytest.mark.parametrize("way", ["add_task", "submit"])
async def test_a_task_sees_context_variables_as_of_its_add(
    sync: bool, way: str, seen: list[Any]
) -> None:
    def look() -> None:
        seen.append(VAR.get())
        VAR.set("by the task")

    async def look_async() -> None:
        await anyio.lowlevel.checkpoint()
        look()

    VAR.set("as of the start")
    async with supervising(running=1) as supervisor:
        for what in ("one", "two"):
            VAR.set(what)
            added = getattr(supervisor, way)(look if sync else look_async)
            if isinstance(added, Awaitable):
                await added
        VAR.set("later")
    assert (seen, VAR.get()) == (["one", "two"], "later")


async def test_the_variables_of_an_add_are_let_go_with_its_task() -> None:
    class Request:
        pass

    def add(supervisor: Supervisor, task: Callable[[], object]) -> weakref.ref[Request]:
        request = Request()
        VAR.set(request)
        supervisor.add_task(task)
        return weakref.ref(request)

    one, two = Waiting(), Waiting()
    gc.disable()
    try:
        async with supervising(running=1) as supervisor:
            first = copy_context().run(add, supervisor, one)
            second = copy_context().run(add, supervisor, two)
            one.go_on.set()
            await two.started.wait()
            await until(lambda: first() is None)
            assert second() is not None
            two.go_on.set()
    finally:
        gc.enable()


async def test_it_is_what_the_protocol_asks_for(seen: list[Any]) -> None:
    async with supervising() as supervisor:
        sink: SupportsAddTask = supervisor
        sink.add_task(seen.append, 1)
    assert seen == [1]


# How much at once.


@both
async def test_no_more_run_at_once_than_may(sync: bool, seen: list[Any]) -> None:
    full = threading.Barrier(3)

    def work() -> None:
        seen.append(len(supervisor.in_progress))
        full.wait(PATIENCE)

    async def work_async() -> None:
        seen.append(len(supervisor.in_progress))
        await to_thread.run_sync(full.wait, PATIENCE)

    async with supervising(running=3) as supervisor:
        for _ in range(9):
            supervisor.add_task(work if sync else work_async)
        assert len(supervisor.pending) == 6
    assert len(seen) == 9
    assert max(seen) == 3


async def test_pending_tasks_start_in_the_order_of_the_adds(seen: list[Any]) -> None:
    async with supervising(running=1) as supervisor:
        for number in range(20):
            supervisor.add_task(noting(seen, number, sync=bool(number % 2)))
    assert seen == list(range(20))


async def test_what_is_in_progress_and_pending_can_be_read() -> None:
    task = Waiting()
    async with supervising(running=1) as supervisor:
        supervisor.add_task(task)
        supervisor.add_task(print, end="")
        assert [each.func for each in supervisor.in_progress] == [task]
        [pending] = supervisor.pending
        assert (pending.func, pending.kwargs) == (print, {"end": ""})
        assert pending.where.startswith(f"{__file__}:")
        assert repr(supervisor) == "<Supervisor, open: 1 in progress, 1 pending>"
        task.go_on.set()
    assert repr(supervisor) == "<Supervisor, closed: 0 in progress, 0 pending>"


async def test_any_number_waits_by_default() -> None:
    task = Waiting()
    async with supervising(running=1) as supervisor:
        supervisor.add_task(task)
        for _ in range(1_000):
            supervisor.add_task(noting([], 1))
        assert len(supervisor.pending) == 1_000
        task.go_on.set()


@pytest.mark.parametrize("when_full", ["wait", "refuse"])
async def test_an_add_that_finds_no_room_is_refused(when_full: str, seen: list[Any]) -> None:
    task = Waiting()
    async with supervising(running=1, waiting=1, when_full=when_full) as supervisor:
        supervisor.add_task(task)
        supervisor.add_task(noting(seen, "pending"))
        with pytest.raises(SupervisorFull, match="is full: 1 run, and 1 wait") as refused:
            supervisor.add_task(seen.append, "refused")
        assert ("`await supervisor.submit" in str(refused.value)) is (when_full == "wait")
        assert isinstance(refused.value, (RuntimeError, BgspecError))
        task.go_on.set()
        await until(lambda: seen)
        supervisor.add_task(noting(seen, "there is room again"))
    assert seen == ["pending", "there is room again"]


async def test_a_submission_is_refused_too_if_so_told(seen: list[Any]) -> None:
    task = Waiting()
    async with supervising(running=1, waiting=0, when_full="refuse") as supervisor:
        await supervisor.submit(task)
        with pytest.raises(SupervisorFull, match=r"; list\.append was not taken"):
            await supervisor.submit(seen.append, "refused")
        task.go_on.set()
    assert seen == []


async def test_what_is_dropped_is_logged_and_counted(
    seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    task = Waiting()
    async with supervising(running=1, waiting=0, when_full="drop") as supervisor:
        supervisor.add_task(task)
        supervisor.add_task(seen.append, "dropped")
        await supervisor.submit(seen.append, "dropped")
        assert supervisor.dropped == 2
        task.go_on.set()
    dropped = "dropped list.append: this supervisor is full: 1 run, and 0 wait"
    assert told(caplog) == [(logging.WARNING, dropped)] * 2
    assert f"{__file__}:" in caplog.text
    assert seen == []


async def test_submissions_wait_for_room_in_turn_and_no_add_overtakes_them(
    seen: list[Any],
) -> None:
    tasks = [Waiting() for _ in range(3)]

    async def submit(number: int) -> None:
        await supervisor.submit(tasks[number])
        seen.append(number)

    async with supervising(running=1, waiting=0) as supervisor, anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(submit, number)
            await anyio.wait_all_tasks_blocked()
        for number in range(3):
            assert seen == list(range(number + 1))
            assert [task.started.is_set() for task in tasks].count(True) == number + 1
            tasks[number].go_on.set()
            while len(seen) < min(number + 2, 3):
                with pytest.raises(SupervisorFull):
                    supervisor.add_task(seen.append, "overtook")
                await anyio.lowlevel.checkpoint()
            await anyio.wait_all_tasks_blocked()


async def test_a_submission_that_is_cancelled_while_it_waits_adds_nothing(seen: list[Any]) -> None:
    task = Waiting()
    async with supervising(running=1, waiting=0) as supervisor, anyio.create_task_group() as group:
        await supervisor.submit(task)
        with anyio.CancelScope() as scope:
            group.start_soon(supervisor.submit, noting(seen, "in turn"))
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
            await supervisor.submit(noting(seen, "cancelled"))
        task.go_on.set()
        await until(lambda: seen)
        await supervisor.submit(noting(seen, "the place is not lost"))
    assert seen == ["in turn", "the place is not lost"]


async def test_a_submission_cancelled_just_as_it_gets_its_place_passes_it_on(
    seen: list[Any],
) -> None:
    task = Waiting()
    scope = anyio.CancelScope()

    async def submit(number: int) -> None:
        with scope if number == 1 else anyio.CancelScope():
            await supervisor.submit(noting(seen, number))
            seen.append(f"{number} returned")

    async with supervising(running=1, waiting=0) as supervisor, anyio.create_task_group() as group:
        await supervisor.submit(task)
        for number in (1, 2):
            group.start_soon(submit, number)
            await anyio.wait_all_tasks_blocked()
        task.go_on.set()
        while supervisor.in_progress:
            await anyio.lowlevel.checkpoint()
        scope.cancel()
    assert 2 in seen
    assert (1 in seen) is ("1 returned" in seen)


# What it tells of tasks that fail.


@both
@pytest.mark.parametrize("error", [ValueError, GeneratorExit, StopIteration])
async def test_a_failure_is_logged_with_the_tasks_name_and_touches_no_other(
    sync: bool, error: type[BaseException], seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    other = Waiting()
    fail = failing(error("why"), sync=sync)
    async with supervising(running=2) as supervisor:
        supervisor.add_task(other)
        supervisor.add_task(fail)
        supervisor.add_task(noting(seen, "next"))
        await until(lambda: seen)
        other.go_on.set()
    assert other.end == "returned"
    [(level, message)] = told(caplog)
    assert (level, message) == (logging.ERROR, f"the background task {fail.__qualname__} failed")
    assert f"added at {__file__}:" in caplog.text
    assert f"{error.__name__}: why" in caplog.text


async def test_every_failure_of_a_container_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    container = BackgroundTasks([failing(ValueError(why), sync=True) for why in ("one", "two")])
    async with supervising() as supervisor:
        supervisor.add_task(container)
    assert told(caplog) == [(logging.ERROR, "the background task a BackgroundTasks object failed")]
    assert "ValueError: one" in caplog.text
    assert "ValueError: two" in caplog.text


@on_asyncio
async def test_a_task_that_cancels_itself_is_told_of_and_touches_no_other(
    seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def cancel_itself() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.Event().wait()

    other = Waiting()
    async with supervising(running=2) as supervisor:
        supervisor.add_task(other)
        supervisor.add_task(cancel_itself)
        supervisor.add_task(noting(seen, "next"))
        await until(lambda: seen)
        other.go_on.set()
    assert other.end == "returned"
    name = cancel_itself.__qualname__
    assert told(caplog) == [
        (logging.WARNING, f"the background task {name} was cancelled from elsewhere")
    ]


async def test_a_failure_while_being_cancelled_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    task = Waiting(at_cancellation=ValueError("the clean-up failed"))
    async with supervising() as supervisor:
        supervisor.add_task(task)
        await task.started.wait()
        await supervisor.drain(0)
    # The run tells of it where it is cut short, and the supervisor where it is not.
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.ERROR]
    assert "ValueError: the clean-up failed" in caplog.text


@both
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_ends_the_program_is_let_out_and_nothing_more_is_started(
    backend: str, error: type[BaseException], sync: bool, caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[object] = []

    async def main() -> None:
        other = Waiting()
        try:
            async with supervising(running=2) as supervisor:
                supervisor.add_task(other)
                await other.started.wait()
                supervisor.add_task(failing(error("why"), sync=sync))
                supervisor.add_task(noting(ended, "a later task"))
                await anyio.sleep_forever()
        finally:
            ended.append(other.end)

    expected = error if backend == "asyncio" else BaseExceptionGroup
    with pytest.raises(expected) as raised:
        anyio.run(main, backend=backend)
    if backend == "trio":
        group = cast("BaseExceptionGroup[BaseException]", raised.value)
        assert [type(each) for each in group.exceptions] == [error]
    assert ended == ["cancelled"]
    assert [message.rpartition(">.")[2] for _, message in told(caplog)] == [
        "the background task a Waiting object was cancelled in progress",
        "note never started",
    ]


# How it is drained.


async def test_a_drain_waits_for_what_was_taken(seen: list[Any]) -> None:
    async with supervising(running=2) as supervisor:
        for number in range(6):
            supervisor.add_task(noting(seen, number, sync=bool(number % 2)))
        assert await supervisor.drain() == ()
        assert sorted(seen) == list(range(6))
        assert await supervisor.drain(0) == ()


async def test_a_drain_with_time_left_returns_when_all_has_ended(seen: list[Any]) -> None:
    async with supervising() as supervisor:
        supervisor.add_task(noting(seen, 1))
        assert await supervisor.drain(PATIENCE * 10) == ()
    assert seen == [1]


@pytest.mark.parametrize("seconds", [0, 0.01])
async def test_a_drain_whose_time_is_up_cancels_and_returns_what_has_not_ended(
    seconds: float, seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    task, other = Waiting(), Waiting()
    async with supervising(running=2) as supervisor:
        for add in (task, other, noting(seen, "late")):
            supervisor.add_task(add)
        await task.started.wait()
        await other.started.wait()
        left = await supervisor.drain(seconds)
        assert [(each.task.func, each.started) for each in left[:2]] == [
            (task, True),
            (other, True),
        ]
        assert not left[2].started
        assert left[2].task.where.startswith(f"{__file__}:")
    assert (task.end, other.end, seen) == ("cancelled", "cancelled", [])
    assert [message.rpartition(">.")[2] for _, message in told(caplog)] == [
        "the background task a Waiting object was cancelled in progress",
        "the background task a Waiting object was cancelled in progress",
        "note never started",
    ]
    await BackgroundTasks([left[2].task])()
    assert seen == ["late"]


async def test_a_sync_task_that_found_no_thread_in_time_never_started() -> None:
    first, second = Lingering(), Lingering()
    limiter = to_thread.current_default_thread_limiter()
    before, limiter.total_tokens = limiter.total_tokens, 1
    try:
        async with supervising() as supervisor:
            supervisor.add_task(first)
            await until(first.started.is_set)
            supervisor.add_task(second)
            await anyio.wait_all_tasks_blocked()
            left = await supervisor.drain(0)
            assert [each.started for each in left] == [True, False]
            first.go_on.set()
    finally:
        limiter.total_tokens = before
    assert not second.started.is_set()


async def test_a_drain_does_not_wait_longer_for_a_sync_task_but_leaving_does(
    caplog: pytest.LogCaptureFixture,
) -> None:
    task = Lingering()
    async with supervising() as supervisor:
        supervisor.add_task(task)
        await until(task.started.is_set)
        for _ in range(2):
            [left] = await supervisor.drain(0)
            assert (left.task.func, left.started) == (task, True)
        assert not task.has_ended
        task.go_on.set()
    assert task.has_ended
    assert len(told(caplog)) == 1


async def test_what_never_started_of_a_container_is_still_in_it(seen: list[Any]) -> None:
    task = Waiting()
    container = BackgroundTasks([task, noting(seen, "never")])
    async with supervising() as supervisor:
        supervisor.add_task(container)
        await task.started.wait()
        [left] = await supervisor.drain(0)
        assert (left.task.func, left.started) == (container, True)
    assert (task.end, seen, len(container)) == ("cancelled", [], 1)


async def test_a_drained_supervisor_takes_nothing(seen: list[Any]) -> None:
    async with supervising() as supervisor:
        await supervisor.drain()
        with pytest.raises(SupervisorRefused, match=r"is closed: .*; list\.append was not taken"):
            supervisor.add_task(seen.append, 1)
        with pytest.raises(SupervisorRefused, match="is closed"):
            await supervisor.submit(seen.append, 1)
    assert seen == []


@both
async def test_a_task_that_adds_during_a_drain_is_refused_and_that_is_told(
    sync: bool, seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    lingering, waiting = Lingering(), Waiting()

    def add() -> None:
        lingering()
        supervisor.add_task(seen.append, 1)

    async def add_async() -> None:
        await waiting()
        supervisor.add_task(seen.append, 1)

    async with supervising() as supervisor, anyio.create_task_group() as group:
        supervisor.add_task(add if sync else add_async)
        group.start_soon(supervisor.drain)
        await anyio.wait_all_tasks_blocked()
        (lingering if sync else waiting).go_on.set()
    assert [level for level, _ in told(caplog)] == [logging.ERROR]
    assert "SupervisorRefused: this supervisor is closed" in caplog.text
    assert seen == []


async def test_who_waits_for_room_is_refused_when_a_drain_begins(seen: list[Any]) -> None:
    task = Waiting()

    async def submit() -> None:
        with pytest.raises(SupervisorRefused, match="is closed"):
            await supervisor.submit(noting(seen, "submitted"))
        seen.append("refused")

    async with supervising(running=1, waiting=0) as supervisor, anyio.create_task_group() as group:
        supervisor.add_task(task)
        for _ in range(2):
            group.start_soon(submit)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(supervisor.drain)
        await until(lambda: len(seen) == 2)
        assert task.end is None
        task.go_on.set()
    assert (seen, task.end) == (["refused", "refused"], "returned")


async def test_a_drain_that_is_cancelled_cancels_nothing_and_can_be_repeated() -> None:
    task = Waiting()
    async with supervising() as supervisor:
        supervisor.add_task(task)
        await task.started.wait()
        with anyio.move_on_after(0) as scope:
            await supervisor.drain()
        assert scope.cancelled_caught
        assert task.end is None
        task.go_on.set()
        assert await supervisor.drain() == ()
    assert task.end == "returned"


async def test_two_drains_at_once_each_keep_to_their_time() -> None:
    task = Waiting()
    async with supervising() as supervisor, anyio.create_task_group() as group:
        supervisor.add_task(task)
        group.start_soon(supervisor.drain)
        await task.started.wait()
        [left] = await supervisor.drain(0)
        assert left.task.func is task
    assert task.end == "cancelled"


async def test_a_task_cannot_drain_its_own_supervisor(caplog: pytest.LogCaptureFixture) -> None:
    async with supervising() as supervisor:
        supervisor.add_task(supervisor.drain)
    assert "SupervisorRefused: this supervisor cannot be drained by a task of its" in caplog.text


@pytest.mark.parametrize("seconds", [-1, float("nan")])
async def test_a_drain_for_less_than_no_time_is_refused(seconds: float) -> None:
    async with supervising() as supervisor:
        with pytest.raises(ValueError, match="timeout is a number of seconds, 0 or more"):
            await supervisor.drain(seconds)
        supervisor.add_task(print, end="")


# How its block is left.


async def test_leaving_the_block_waits_for_all_that_was_taken(seen: list[Any]) -> None:
    async with supervising(running=1) as supervisor:
        for number in range(4):
            supervisor.add_task(noting(seen, number, sync=bool(number % 2)))
    assert seen == [0, 1, 2, 3]


async def test_leaving_the_block_cancels_after_the_grace(
    seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    task = Waiting()
    async with supervising(running=1, grace=0) as supervisor:
        supervisor.add_task(task)
        supervisor.add_task(noting(seen, "never"))
        await task.started.wait()
    assert (task.end, seen) == ("cancelled", [])
    assert [level for level, _ in told(caplog)] == [logging.WARNING] * 2


@pytest.mark.parametrize("error", [ValueError, SystemExit])
async def test_an_exception_of_the_block_cancels_at_once_and_comes_out_as_it_is(
    error: type[BaseException], seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    task = Waiting()

    async def block() -> None:
        async with supervising(running=1) as supervisor:
            supervisor.add_task(task)
            supervisor.add_task(noting(seen, "never"))
            await task.started.wait()
            raise error("why")

    with pytest.raises(error, match="why") as raised:
        await block()
    assert raised.value.__context__ is None
    assert (task.end, seen) == ("cancelled", [])
    assert [level for level, _ in told(caplog)] == [logging.WARNING] * 2


@both
async def test_what_was_only_just_added_never_starts_when_the_block_fails(
    sync: bool, seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def block() -> None:
        async with supervising() as supervisor:
            supervisor.add_task(noting(seen, "started", sync=sync))
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        await block()
    [(level, message)] = told(caplog)
    assert (level, message.endswith("never started"), seen) == (logging.WARNING, True, [])


async def test_a_cancellation_around_the_block_reaches_the_tasks_and_each_is_told_of_once(
    seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    task = Waiting()
    with anyio.CancelScope() as scope:
        async with supervising(running=1) as supervisor:
            supervisor.add_task(task)
            supervisor.add_task(noting(seen, "never"))
            await task.started.wait()
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert (task.end, seen) == ("cancelled", [])
    messages = [message for _, message in told(caplog)]
    assert len(messages) == 2
    assert sum("Waiting" in message for message in messages) == 1


async def test_a_cancellation_while_leaving_reaches_the_tasks() -> None:
    task = Waiting()
    with anyio.CancelScope() as scope:
        async with supervising() as supervisor:

            async def cancel() -> None:
                await task.started.wait()
                await anyio.wait_all_tasks_blocked()
                scope.cancel()

            supervisor.add_task(cancel)
            supervisor.add_task(task)
    assert scope.cancelled_caught
    assert task.end == "cancelled"


@on_asyncio
async def test_the_end_of_asyncios_loop_ends_it_too(caplog: pytest.LogCaptureFixture) -> None:
    ends: list[object] = []

    async def supervise() -> None:
        task = Waiting()
        try:
            async with Supervisor(running=1) as supervisor:
                supervisor.add_task(task)
                supervisor.add_task(noting(ends, "never"))
                await task.started.wait()
                # As `asyncio.run` does with every task that is left.
                for each in asyncio.all_tasks() - not_ours:
                    each.cancel()
                await anyio.sleep_forever()
        finally:
            ends.append(task.end)

    not_ours = asyncio.all_tasks()
    task = asyncio.create_task(supervise())
    with anyio.fail_after(PATIENCE), pytest.raises(asyncio.CancelledError):
        await task
    assert ends == ["cancelled"]
    assert len(told(caplog)) == 2


async def test_before_its_start_it_takes_nothing_and_drains_nothing(seen: list[Any]) -> None:
    supervisor = Supervisor()
    why = "has not been started, which `async with supervisor:` does"
    with pytest.raises(SupervisorRefused, match=rf"{why}; list\.append was not taken"):
        supervisor.add_task(seen.append, 1)
    with pytest.raises(SupervisorRefused, match=why):
        await supervisor.submit(seen.append, 1)
    with pytest.raises(SupervisorRefused, match=why):
        await supervisor.drain()
    async with supervisor:
        supervisor.add_task(seen.append, 2)
    assert seen == [2]


async def test_it_is_started_once() -> None:
    async with supervising() as supervisor:
        with pytest.raises(SupervisorRefused, match="was started before; make another"):
            await supervisor.__aenter__()
    with pytest.raises(SupervisorRefused, match="was started before; make another"):
        await supervisor.__aenter__()


@pytest.mark.parametrize(
    ("option", "value"),
    [("running", 0), ("waiting", -1), ("when_full", "explode"), ("grace", -0.5)],
)
def test_options_that_make_no_sense_are_refused(option: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{option} is .*, not {value!r}"):
        Supervisor(**{option: value})


# From other threads.


def in_a_thread(call: Callable[[], object]) -> Callable[[], Awaitable[list[object]]]:
    """Calls it in a thread that no loop knows; awaited, gives what it returned or raised."""

    async def called() -> list[object]:
        came: list[object] = []

        def target() -> None:
            try:
                came.append(call())
            except Exception as error:
                came.append(error)

        thread = threading.Thread(target=target, daemon=True)
        thread.start()
        await until(lambda: came)
        return came

    return called


async def test_any_thread_may_add_and_the_loop_runs_it(seen: list[Any]) -> None:
    async def note(what: object) -> None:
        await anyio.lowlevel.checkpoint()
        seen.append((what, VAR.get(), threading.get_ident()))

    def add() -> None:
        VAR.set("of the thread")
        for number in range(3):
            supervisor.add_task(note, number)

    async with supervising(running=1) as supervisor:
        assert await in_a_thread(add)() == [None]
    assert seen == [(number, "of the thread", threading.get_ident()) for number in range(3)]


async def test_a_thread_is_told_why_its_add_is_refused(seen: list[Any]) -> None:
    task = Waiting()
    async with supervising(running=1, waiting=0) as supervisor:
        supervisor.add_task(task)
        [error] = await in_a_thread(lambda: supervisor.add_task(seen.append, 1))()
        assert isinstance(error, SupervisorFull)
        task.go_on.set()
    [error] = await in_a_thread(lambda: supervisor.add_task(seen.append, 1))()
    assert isinstance(error, SupervisorRefused)
    assert "is closed" in str(error)
    assert seen == []


async def test_another_threads_loop_can_neither_submit_nor_drain(seen: list[Any]) -> None:
    async with supervising() as supervisor:

        async def submit() -> None:
            await supervisor.submit(seen.append, 1)

        for call in (submit, supervisor.drain):
            [error] = await in_a_thread(partial(anyio.run, call))()
            assert isinstance(error, SupervisorRefused)
            assert "runs on another thread's event loop" in str(error)
    assert seen == []


async def test_a_worker_thread_can_submit_through_the_loop(seen: list[Any]) -> None:
    async with supervising() as supervisor:

        async def submit() -> None:
            await supervisor.submit(seen.append, 1)

        await to_thread.run_sync(lambda: from_thread.run(submit))
    assert seen == [1]


# The page's example.


@pytest.fixture
def page() -> dict[str, Any]:
    """What the code on the page defines."""
    code = "\n".join(
        re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    )
    defined: dict[str, Any] = {"__name__": "page"}
    exec(compile(code, PAGE, "exec", dont_inherit=True), defined)
    return defined


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the application, whose lifespan is entered as a server would."""
    with anyio.fail_after(PATIENCE):
        async with app.router.lifespan_context(app) as state:

            async def served(scope: Any, receive: Any, send: Any) -> None:
                await app({**scope, "state": dict(state or {})}, receive, send)

            transport = httpx.ASGITransport(served)
            async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
                yield client


async def test_on_the_page_a_report_outlives_its_request(
    page: dict[str, Any], seen: list[Any]
) -> None:
    task = Waiting()

    async def make_report(month: str) -> None:
        await task()
        seen.append(month)

    page["make_report"] = make_report
    async with client_of(page["app"]) as client:
        response = await client.post("/reports/2026-05")
        assert (response.status_code, seen) == (202, [])
        task.go_on.set()
    assert seen == ["2026-05"]


async def test_on_the_page_what_finds_no_room_is_answered_with_503(page: dict[str, Any]) -> None:
    task = Waiting()

    async def make_report(month: str) -> None:
        await task()

    page["make_report"] = make_report
    async with client_of(page["app"]) as client:
        answers = [(await client.post("/reports/2026-05")).status_code for _ in range(105)]
        assert answers == [202] * 104 + [503]
        task.go_on.set()


async def test_on_the_page_an_import_waits_for_room(page: dict[str, Any], seen: list[Any]) -> None:
    async def make_report(month: str) -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(month)

    page["make_report"] = make_report
    months = [str(number) for number in range(20)]
    async with supervising(running=2, waiting=0) as supervisor:
        await page["make_reports"](supervisor, months)
    assert sorted(seen, key=int) == months


async def test_on_the_page_what_a_shutdown_leaves_is_returned(page: dict[str, Any]) -> None:
    task = Waiting()
    async with supervising() as supervisor:
        supervisor.add_task(task)
        await task.started.wait()
        supervisor.add_task(print, "never")
        assert await page["shut_down"](supervisor, 0) == ["print"]
