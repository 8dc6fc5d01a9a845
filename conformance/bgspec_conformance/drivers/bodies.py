"""Bodies: what a task does when the implementation calls it, and the callables around it."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio
import anyio.from_thread
import anyio.lowlevel

from bgspec_conformance import history as seen
from bgspec_conformance.drivers.stage import VAR
from bgspec_conformance.plan import (
    Add,
    Await,
    CallBack,
    Cancel,
    Linger,
    Raise,
    Run,
    SetVar,
    Step,
    Suspend,
    Write,
)
from bgspec_conformance.shapes import BINDS, BUILDERS, UNCALLABLE_OBJECTS
from bgspec_conformance.values import make_value
from bgspec_conformance.vocabulary import ON_THE_LOOP, Shape, Suspension, Value

if TYPE_CHECKING:
    from bgspec_conformance.drivers.collector import Performance

__all__ = ["Callee", "build"]

TURNS_AFTER_A_CANCELLATION = 50
"""Turns of the loop that a sync task stays for when its run was cancelled."""


class Callee(NamedTuple):
    """What is handed to ``add_task``."""

    func: Any
    args: tuple[object, ...]
    kwargs: dict[str, object]


def build(performance: Performance, index: int) -> Callee:
    """The callable of a task, and its arguments."""
    stage = performance.stage
    task = stage.task(index)
    args, kwargs = stage.arguments(index)
    if task.shape in UNCALLABLE_OBJECTS:
        return Callee(eval(UNCALLABLE_OBJECTS[task.shape]), args, kwargs)  # noqa: S307  our own
    if task.shape in ON_THE_LOOP or task.shape is Shape.COROUTINE:
        work: Callable[..., Any] = async_body(performance, index)
    else:
        work = sync_body(performance, index)
    if task.shape is Shape.COROUTINE:
        coroutine = work(*args, **kwargs)
        performance.leftovers.append(coroutine)
        return Callee(coroutine, (), {})
    if task.shape is Shape.CONTAINER:
        inner = performance.implementation.make()
        inner.add_task(work)
        return Callee(inner, args, kwargs)
    if task.shape is Shape.BUILTIN:
        return Callee(operator.call, (work, *args), kwargs)
    if task.shape not in BUILDERS:
        return Callee(work, args, kwargs)
    binds = BINDS.get(task.shape, 0)
    return Callee(BUILDERS[task.shape](work, *args[:binds]), args[binds:], kwargs)


# Sync ----------------------------------------------------------------------------------------


def sync_body(performance: Performance, index: int) -> Callable[..., object]:
    """The function that a sync task is, at its heart."""
    stage = performance.stage
    task = stage.task(index)

    def body(*args: Any, _made: str = "the add", **kwargs: Any) -> object:
        call = stage.start(index, args, kwargs, _made, on_loop=False)
        try:
            if call == 0:
                for step in task.body:
                    sync_step(performance, index, call, step)
            if isinstance(task.outcome, Raise):
                problem = stage.problem(index, call, task.outcome.problem)
                stage.record(seen.Raised(index, call))
                raise problem
            stage.record(seen.Ended(index, call))
            return give(task.outcome.value, stage.shared)
        finally:
            stage.finish()

    performance.late_bind(body)
    return body


def give(value: Value, shared: list[str]) -> object:
    """What a task returns."""
    return shared if value is Value.SHARED else make_value(value)


def sync_step(performance: Performance, index: int, call: int, step: Step) -> None:
    """One step of a sync body; it waits only off the loop's thread, and while the loop turns."""
    stage = performance.stage
    may_wait = stage.turns and threading.get_ident() != stage.thread
    match step:
        case Linger(turns=turns):
            if may_wait:
                linger(performance, index, call, turns)
        case Await(task=other):
            if may_wait and not stage.wait_in_thread(stage.started[other]):
                stage.record(seen.Expired(index, call, f"the start of t{other}"))
        case CallBack():
            # Nothing could end a call into a loop that does not turn, so that is asked first.
            if may_wait and linger(performance, index, call, 1):
                error = ""
                try:
                    anyio.from_thread.run_sync(performance.no_op)
                except Exception as exc:
                    error = type(exc).__name__
                stage.record(seen.CalledBack(index, call, error))
        case Cancel(by=means):
            requested = threading.Event()
            stage.backend.post(lambda: performance.cancel(means, requested.set))
            if may_wait and stage.wait_in_thread(requested):
                linger(performance, index, call, TURNS_AFTER_A_CANCELLATION)
        case _:
            common_step(performance, index, call, step)


def linger(performance: Performance, index: int, call: int, turns: int) -> bool:
    """Stay in the thread while the loop turns; False where it does not."""
    stage = performance.stage
    for _ in range(turns):
        turned = threading.Event()
        stage.backend.post(turned.set)
        if not stage.wait_in_thread(turned):
            stage.turns = False
            stage.record(seen.Expired(index, call, "a turn of the loop"))
            return False
    stage.record(seen.Turned(index, call))
    return True


def common_step(performance: Performance, index: int, call: int, step: Step) -> None:
    """A step that does not wait."""
    match step:
        case SetVar(value=value):
            VAR.set(value)
        case Write():
            performance.stage.shared.append(f"t{index}")
            performance.stage.record(seen.Written(index, call))
        case Add(task=other, container=container):
            performance.add(other, container, by=index)
        case _:
            pass


# Async ---------------------------------------------------------------------------------------


def async_body(performance: Performance, index: int) -> Callable[..., Coroutine[Any, Any, object]]:
    """The coroutine function that an async task is, at its heart."""
    stage = performance.stage
    task = stage.task(index)

    async def body(*args: Any, _made: str = "the add", **kwargs: Any) -> object:
        call = stage.start(index, args, kwargs, _made, on_loop=True)
        try:
            if call == 0:
                for step in task.body:
                    await async_step(performance, index, call, step)
        except stage.backend.cancelled:
            stage.record(seen.Cancelled(index, call))
            raise
        finally:
            stage.finish()
        if isinstance(task.outcome, Raise):
            problem = stage.problem(index, call, task.outcome.problem)
            stage.record(seen.Raised(index, call))
            raise problem
        stage.record(seen.Ended(index, call))
        return give(task.outcome.value, stage.shared)

    performance.late_bind(body)
    return body


async def async_step(performance: Performance, index: int, call: int, step: Step) -> None:
    """One step of an async body; on a loop that is not the run's it cannot wait for that one."""
    stage = performance.stage
    may_wait = stage.place() is seen.Place.LOOP
    match step:
        case Suspend(by=by, times=times):
            for _ in range(times):
                stage.record(seen.Suspended(index, call))
                await suspend(performance, by)
                stage.record(seen.Resumed(index, call, stage.place()))
        case Await(task=other) if may_wait:
            while not stage.started[other].is_set():
                sign = anyio.Event()
                performance.on_start(other, sign)
                if not await stage.wait_on_loop(sign):
                    stage.record(seen.Expired(index, call, f"the start of t{other}"))
                    break
        case Cancel(by=means, shielded=shielded) if may_wait:
            requested, never = anyio.Event(), anyio.Event()
            stage.backend.post(lambda: performance.cancel(means, requested.set))
            if shielded:
                with anyio.CancelScope(shield=True):
                    await stage.wait_on_loop(requested)
                    await anyio.lowlevel.checkpoint()
            elif not await stage.wait_on_loop(never):
                stage.record(seen.Expired(index, call, "the cancellation"))
        case Run(container=container):
            await performance.run(container, by=index)
        case _:
            common_step(performance, index, call, step)


async def suspend(performance: Performance, by: Suspension) -> None:
    """Give the loop its turn, in one of several ways."""
    stage = performance.stage
    match by:
        case Suspension.EVENT if stage.place() is seen.Place.LOOP:
            sign = anyio.Event()
            stage.backend.post(sign.set)
            await sign.wait()
        case Suspension.THREAD:
            await performance.trip(performance.no_op)
        case Suspension.SCOPE:
            with anyio.CancelScope() as scope:
                scope.cancel()
                await anyio.lowlevel.checkpoint()
        case Suspension.GROUP:
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.lowlevel.checkpoint)
        case Suspension.CHECKPOINT | Suspension.EVENT:
            await anyio.lowlevel.checkpoint()
