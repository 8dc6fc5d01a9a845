"""The reference runner: what a task raises surfaces, and what comes after it still runs."""

from __future__ import annotations

import asyncio
import functools
import linecache
import logging
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import anyio
import pytest

from bgspec import BackgroundTasks

pytestmark = pytest.mark.anyio

both = pytest.mark.parametrize("sync", [True, False])
suspended_or_not = pytest.mark.parametrize("suspends", [True, False])


class Unusual(BaseException):
    """An error that is no Exception."""


@pytest.fixture
def seen() -> list[object]:
    return []


def raising(error: BaseException, *, sync: bool, suspends: bool = False) -> Callable[[], object]:
    """A task that raises this."""

    def fail() -> NoReturn:
        raise error

    async def fail_async() -> NoReturn:
        if suspends:
            await anyio.lowlevel.checkpoint()
        raise error

    return fail if sync else fail_async


async def raised_by(tasks: BackgroundTasks) -> BaseException:
    """What the run raises, caught on the spot, for some of it would end the tests."""
    try:
        await tasks()
    except BaseException as error:
        return error
    raise AssertionError("the run raised nothing")


def members(group: Any) -> list[BaseException]:
    """What a group holds; what is no group has none."""
    return list(group.exceptions)


def contexts(error: BaseException) -> list[BaseException]:
    """The chain of what an error was raised in the context of."""
    chain: list[BaseException] = []
    while error.__context__ is not None:
        error = error.__context__
        chain.append(error)
    return chain


async def cancellation() -> BaseException:
    """The backend's cancellation error, as a task could have kept it."""
    with anyio.CancelScope() as scope:
        scope.cancel()
        try:
            await anyio.lowlevel.checkpoint()
        except anyio.get_cancelled_exc_class() as error:
            return error
    raise AssertionError("the scope did not cancel")


@both
@suspended_or_not
@pytest.mark.parametrize(
    "kind", [ValueError, TimeoutError, StopAsyncIteration, GeneratorExit, Unusual, RuntimeError]
)
async def test_an_error_surfaces_as_itself_and_later_tasks_run(
    kind: type[BaseException], sync: bool, suspends: bool, seen: list[object]
) -> None:
    error = kind("why")
    tasks = BackgroundTasks([raising(error, sync=sync, suspends=suspends)])
    tasks.add_task(seen.append, "next")
    assert await raised_by(tasks) is error
    assert seen == ["next"]
    assert traceback.extract_tb(error.__traceback__)[-1].name in ("fail", "fail_async")


@both
async def test_a_stop_iteration_surfaces_as_the_cause_of_a_runtime_error(
    sync: bool, seen: list[object]
) -> None:
    error = StopIteration(3)
    tasks = BackgroundTasks([raising(error, sync=sync)])
    tasks.add_task(seen.append, "next")
    raised = await raised_by(tasks)
    assert type(raised) is RuntimeError
    assert raised.__cause__ is error
    assert seen == ["next"]


@both
@suspended_or_not
async def test_a_failure_names_its_task_and_where_that_was_added(
    sync: bool, suspends: bool
) -> None:
    tasks = BackgroundTasks()
    fail = raising(ValueError("why"), sync=sync, suspends=suspends)
    tasks.add_task(fail)
    [task] = tasks.tasks
    error = await raised_by(tasks)
    assert error.__notes__ == [f"in the background task {task.name}, added at {task.where}"]
    path, _, line = task.where.rpartition(":")
    assert linecache.getline(path, int(line)) == "    tasks.add_task(fail)\n"


async def test_a_failure_that_takes_no_note_surfaces_all_the_same() -> None:
    class Bare(Exception):
        def add_note(self, note: str) -> None:
            raise RuntimeError("no notes")

    error = Bare()
    assert await raised_by(BackgroundTasks([raising(error, sync=True)])) is error


@both
async def test_the_context_and_cause_of_an_error_are_kept(sync: bool) -> None:
    error, cause, context = ValueError(), KeyError(), IndexError()

    def fail() -> NoReturn:
        try:
            raise context
        except IndexError:
            raise error from cause

    async def fail_async() -> NoReturn:
        fail()

    tasks = BackgroundTasks([fail if sync else fail_async])
    try:
        raise LookupError("what the caller was handling")
    except LookupError:
        await raised_by(tasks)
    assert error.__cause__ is cause
    assert error.__context__ is context


async def test_a_task_whose_context_is_in_use_fails_and_is_not_tried_again() -> None:
    tasks = BackgroundTasks([anyio.lowlevel.checkpoint])
    [task] = tasks.tasks
    run: Any = tasks()
    with pytest.raises(RuntimeError, match="cannot enter context"):
        task.context.run(run.send, None)
    assert len(tasks) == 0


async def test_several_failures_come_as_one_group_in_the_order_of_the_adds() -> None:
    errors = [ValueError(), KeyError(), ValueError()]
    tasks = BackgroundTasks(
        [raising(error, sync=bool(number % 2)) for number, error in enumerate(errors)]
    )
    group = await raised_by(tasks)
    assert type(group) is ExceptionGroup
    assert members(group) == errors
    assert str(group) == "3 background tasks failed (3 sub-exceptions)"


async def test_a_group_holds_what_is_no_exception() -> None:
    errors = [ValueError(), Unusual()]
    tasks = BackgroundTasks([raising(error, sync=True) for error in errors])
    group = await raised_by(tasks)
    assert type(group) is BaseExceptionGroup
    assert members(group) == errors


async def test_one_error_that_two_tasks_raise_surfaces_twice() -> None:
    error = ValueError()
    group = await raised_by(BackgroundTasks([raising(error, sync=False)] * 2))
    assert members(group) == [error, error]


async def test_a_failure_within_an_awaitable_that_a_sync_task_returned_surfaces() -> None:
    error = ValueError()
    fail = raising(error, sync=False, suspends=True)
    assert await raised_by(BackgroundTasks([lambda: fail()])) is error


@both
async def test_a_container_serves_after_a_failed_run(sync: bool, seen: list[object]) -> None:
    tasks = BackgroundTasks([raising(ValueError(), sync=sync)])
    await raised_by(tasks)
    tasks.add_task(seen.append, "later")
    await tasks()
    assert seen == ["later"]


@both
async def test_stopping_at_an_error_leaves_the_rest_pending_and_tells_it(
    sync: bool, seen: list[object], caplog: pytest.LogCaptureFixture
) -> None:
    error = ValueError()
    tasks = BackgroundTasks([raising(error, sync=sync)], on_error="stop")
    tasks.add_task(seen.append, "later")
    assert await raised_by(tasks) is error
    assert seen == []
    assert [task.func for task in tasks.tasks] == [seen.append]
    assert "cut short: 1 pending (list.append)" in caplog.text
    await tasks()
    assert seen == ["later"]


# What ends a run at once.


@both
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
async def test_an_exit_leaves_the_run_as_it_is_and_no_later_task_starts(
    kind: type[BaseException], sync: bool, seen: list[object], caplog: pytest.LogCaptureFixture
) -> None:
    error = kind("why")
    tasks = BackgroundTasks([raising(error, sync=sync)])
    tasks.add_task(seen.append, "later")
    assert await raised_by(tasks) is error
    assert (seen, len(tasks)) == ([], 1)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@both
async def test_a_cancellation_error_of_a_tasks_own_counts_as_cancellation(
    sync: bool, seen: list[object]
) -> None:
    error = await cancellation()
    tasks = BackgroundTasks([raising(error, sync=sync)])
    tasks.add_task(seen.append, "later")
    assert await raised_by(tasks) is error
    assert (seen, len(tasks)) == ([], 1)


@both
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, None])
async def test_a_group_that_holds_an_exit_or_a_cancellation_ends_the_run(
    kind: type[BaseException] | None, sync: bool, seen: list[object]
) -> None:
    inner = BaseExceptionGroup("inner", [kind() if kind else await cancellation()])
    error = BaseExceptionGroup("outer", [ValueError(), inner])
    tasks = BackgroundTasks([raising(error, sync=sync)])
    tasks.add_task(seen.append, "later")
    assert await raised_by(tasks) is error
    assert (seen, len(tasks)) == ([], 1)


async def test_an_exit_of_a_child_of_a_task_ends_the_run(seen: list[object]) -> None:
    async def task() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(functools.partial(anyio.sleep_forever))
            raise KeyboardInterrupt

    tasks = BackgroundTasks([task])
    tasks.add_task(seen.append, "later")
    error = await raised_by(tasks)
    assert isinstance(error, BaseExceptionGroup)
    assert (seen, len(tasks)) == ([], 1)


@both
async def test_an_exit_carries_an_earlier_failure_in_its_context_and_it_is_logged(
    sync: bool, caplog: pytest.LogCaptureFixture
) -> None:
    failure, end, near = ValueError(), SystemExit(1), KeyError()
    end.__context__ = near
    tasks = BackgroundTasks([raising(failure, sync=sync), raising(end, sync=sync)])
    assert await raised_by(tasks) is end
    assert contexts(end) == [near, failure]
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert record.exc_info[1] is failure


async def test_an_exit_carries_several_earlier_failures_as_a_group() -> None:
    failures, end = [ValueError(), KeyError()], KeyboardInterrupt()
    tasks = BackgroundTasks([raising(error, sync=False) for error in [*failures, end]])
    assert await raised_by(tasks) is end
    [group] = contexts(end)
    assert members(group) == failures


async def test_an_exit_that_was_raised_from_the_earlier_failure_makes_no_cycle() -> None:
    failure, end = ValueError(), SystemExit()
    end.__context__ = failure
    tasks = BackgroundTasks([raising(failure, sync=False), raising(end, sync=False)])
    assert await raised_by(tasks) is end
    assert contexts(end) == [failure]


async def test_an_earlier_failure_is_told_though_a_scope_swallows_the_cancellation(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failure = ValueError()
    tasks = BackgroundTasks([raising(failure, sync=False), anyio.sleep_forever])
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(tasks)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert record.exc_info[1] is failure


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit, Unusual])
@both
def test_nothing_hangs_and_the_loop_ends_as_ever(kind: type[BaseException], sync: bool) -> None:
    with pytest.raises(kind):
        asyncio.run(BackgroundTasks([raising(kind(), sync=sync)])())


async def test_closing_a_run_closes_its_task_and_starts_no_other(seen: list[object]) -> None:
    async def wait() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            seen.append("closed")

    tasks: Any = BackgroundTasks([wait])
    tasks.add_task(seen.append, "later")
    run = tasks()
    run.send(None)
    run.close()
    assert (seen, len(tasks)) == (["closed"], 1)
    await tasks()
    assert seen == ["closed", "later"]
