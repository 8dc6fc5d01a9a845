"""What an observer is told, where it is told, and that it disturbs nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar

import anyio
import anyio.lowlevel
import pytest

from bgspec import BackgroundTasks
from bgspec.observer import Observer, TaskRun

pytestmark = pytest.mark.anyio
VAR: ContextVar[str] = ContextVar("VAR", default="unset")


class Noting(Observer):
    """Writes down what it is told, and where."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.runs: list[TaskRun] = []
        self.seen: list[tuple[str, int]] = []

    def started(self, run: TaskRun) -> None:
        self.told.append(("started", run.name))
        self.runs.append(run)
        self.seen.append((VAR.get(), threading.get_ident()))
        assert run.ran == 0.0

    def ended(self, run: TaskRun) -> None:
        self.told.append(("ended", run.name))
        assert run is self.runs[-1]

    def failed(self, run: TaskRun, error: BaseException) -> None:
        self.told.append(("failed", f"{run.name}: {error!r}"))
        assert run is self.runs[-1]


def sync() -> None: ...


async def suspending() -> None:
    await anyio.lowlevel.checkpoint()


def failing() -> None:
    raise ValueError("sync")


async def failing_async() -> None:
    await anyio.lowlevel.checkpoint()
    raise ValueError("async")


async def test_each_task_is_told_when_it_starts_and_how_it_ends() -> None:
    observer = Noting()
    tasks = BackgroundTasks(observer=observer)
    for func in (sync, suspending, failing, failing_async, lambda: suspending()):
        tasks.add_task(func)
    with pytest.raises(ExceptionGroup):
        await tasks()
    assert [(what, name.rpartition(".")[2]) for what, name in observer.told] == [
        ("started", "sync"),
        ("ended", "sync"),
        ("started", "suspending"),
        ("ended", "suspending"),
        ("started", "failing"),
        ("failed", "failing: ValueError('sync')"),
        ("started", "failing_async"),
        ("failed", "failing_async: ValueError('async')"),
        ("started", "<lambda>"),
        ("ended", "<lambda>"),
    ]
    assert all(run.waited >= 0.0 < run.ran for run in observer.runs)
    assert all(__file__ in run.where for run in observer.runs)


@pytest.mark.parametrize("func", [sync, suspending])
async def test_it_is_told_where_the_task_runs(func: Callable[[], object]) -> None:
    observer = Noting()
    tasks = BackgroundTasks(observer=observer)
    VAR.set("as of the add")
    tasks.add_task(func)
    VAR.set("as of the run")
    await tasks()
    [(value, thread)] = observer.seen
    assert value == "as of the add"
    assert (thread == threading.get_ident()) is (func is suspending)


class Raising(Observer):
    def started(self, run: TaskRun) -> None:
        raise RuntimeError("at the start")

    def ended(self, run: TaskRun) -> None:
        raise RuntimeError("at the end")

    def failed(self, run: TaskRun, error: BaseException) -> None:
        raise RuntimeError("at the failure")


@pytest.mark.parametrize("func", [sync, suspending])
async def test_one_that_raises_disturbs_no_task(
    func: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    tasks = BackgroundTasks(observer=Raising())
    tasks.add_task(func)
    await tasks()
    assert "at the start" in caplog.text
    assert "at the end" in caplog.text


async def test_one_that_raises_hides_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    tasks = BackgroundTasks(observer=Raising())
    tasks.add_task(failing)
    with pytest.raises(ValueError, match="sync"):
        await tasks()
    assert "at the failure" in caplog.text


async def test_a_cancellation_is_told_as_a_failure() -> None:
    async def cancelled() -> None:
        scope.cancel()
        await anyio.sleep_forever()

    observer = Noting()
    tasks = BackgroundTasks(observer=observer)
    tasks.add_task(cancelled)
    with anyio.CancelScope() as scope:
        await tasks()
    assert [what for what, _ in observer.told] == ["started", "failed"]


async def test_pending_tasks_show_the_function_that_was_added() -> None:
    tasks = BackgroundTasks(observer=Noting())
    tasks.add_task(sync)
    [task] = tasks.tasks
    assert (task.func, task.name, task.is_async) == (sync, "sync", False)


def test_what_cannot_be_run_is_refused_all_the_same() -> None:
    with pytest.raises(TypeError):
        BackgroundTasks(observer=Noting()).add_task(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_the_repr_tells_the_times() -> None:
    observer = Noting()
    tasks = BackgroundTasks(observer=observer)
    tasks.add_task(sync)
    await tasks()
    assert repr(observer.runs[0]).startswith("<TaskRun sync: waited 0.")
