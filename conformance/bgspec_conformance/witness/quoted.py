"""Functions that a witness quotes: each writes lines of the transcript, or does a step of a plan.

A witness is a program of its own, so what it needs of these stands in it word for word. They share
two globals, which every witness has: ``log``, the transcript, and ``stage``, what they know.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import sys
import sysconfig
import threading
import traceback
import weakref
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import trio
from typing_extensions import TypeIs

__all__ = [
    "TellLogged",
    "await_start",
    "be_cancelled",
    "be_cancelled_shielded",
    "call_back",
    "cancel_from_thread",
    "cancel_run",
    "enter_loop",
    "failure",
    "found_in",
    "how_it_ended",
    "in_task",
    "in_thread",
    "is_group",
    "linger",
    "name_of",
    "race",
    "refusal",
    "tell_arguments",
    "tell_changes",
    "tell_failures",
    "tell_pending",
    "tell_released",
    "wait_for",
    "watch",
    "where",
]

log: list[str] = []
stage: dict[str, Any] = {}


def enter_loop() -> None:
    """Keep what other threads need of this loop."""
    stage["thread"] = threading.get_ident()
    if anyio.get_cancelled_exc_class() is asyncio.CancelledError:
        stage["post"] = asyncio.get_running_loop().call_soon_threadsafe
    else:
        stage["post"] = trio.lowlevel.current_trio_token().run_sync_soon


def where() -> str:
    """Where the caller is."""
    if threading.get_ident() == stage["thread"]:
        return "the loop's thread"
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return "another thread"
    return "another loop"


def linger(name: str, turns: int) -> None:
    """Stay in a thread while the loop turns."""
    if threading.get_ident() == stage["thread"]:
        return
    for _ in range(turns):
        turned = threading.Event()
        stage["post"](turned.set)
        if not turned.wait(5):
            log.append(f"{name} waited in vain for a turn of the loop")
            return
    log.append(f"{name} saw the loop turn")


def wait_for(name: str, other: str) -> None:
    """Stay in a thread until another task has started."""
    for _ in range(500):
        if f"{other} started" in log:
            return
        threading.Event().wait(0.01)
    log.append(f"{name} waited in vain for the start of {other}")


async def await_start(name: str, other: str) -> None:
    """Suspend until another task has started."""
    for _ in range(500):
        if f"{other} started" in log:
            return
        await anyio.sleep(0.01)
    log.append(f"{name} waited in vain for the start of {other}")


def cancel_run(means: str, done: Callable[[], object]) -> None:
    """Cancel the run in progress, from the loop."""
    if stage["running"]:
        run, scope, task = stage["running"][-1]
        log.append(f"run {run} is cancelled by {means}")
        scope.cancel() if means == "cancel scope" else task.cancel()
    done()


async def be_cancelled(name: str, means: str) -> None:
    """Have the run cancelled, and stay suspended until that arrives."""
    stage["post"](lambda: cancel_run(means, lambda: None))
    with anyio.move_on_after(5):
        await anyio.sleep_forever()
    log.append(f"{name} waited in vain for the cancellation")


async def be_cancelled_shielded(means: str) -> None:
    """Have the run cancelled while suspended where that does not reach."""
    done = anyio.Event()
    with anyio.CancelScope(shield=True):
        stage["post"](lambda: cancel_run(means, done.set))
        await done.wait()
        await anyio.lowlevel.checkpoint()


def cancel_from_thread(name: str, means: str) -> None:
    """Have the run cancelled while in a thread, and stay there for a while."""
    done = threading.Event()
    stage["post"](lambda: cancel_run(means, done.set))
    if threading.get_ident() != stage["thread"]:
        done.wait(5)
        linger(name, 50)


def call_back(name: str) -> None:
    """Call into the loop from a thread."""
    try:
        anyio.from_thread.run_sync(int)
    except Exception as exc:
        log.append(f"{name} called back: {type(exc).__name__}")
    else:
        log.append(f"{name} called back")


async def in_thread(function: Callable[[], object]) -> None:
    """Call a function in a thread of its own."""
    thread = threading.Thread(target=function)
    thread.start()
    await anyio.to_thread.run_sync(thread.join)


async def in_task(coroutine: Coroutine[Any, Any, None]) -> None:
    """Await a coroutine in a task of its own, which may be cancelled."""
    await asyncio.wait([asyncio.ensure_future(coroutine)])


async def race(first: Callable[[], object], second: Callable[[], object], pause: int) -> None:
    """Hold one thread at an instruction of what it calls, while another thread goes through."""
    other = threading.Thread(target=second)

    def watched(code: Any) -> bool:
        file = code.co_filename
        if file == step.__code__.co_filename:
            return False
        site = file.startswith(sysconfig.get_path("purelib"))
        return site or not file.startswith(sysconfig.get_path("stdlib"))

    def step() -> None:
        nonlocal pause
        pause -= 1
        if pause == -1:
            other.start()
            other.join(0.1)

    def call(frame: Any, event: str, arg: Any) -> Any:
        if not watched(frame.f_code):
            return None
        frame.f_trace_opcodes = True
        return instruction

    def instruction(frame: Any, event: str, arg: Any) -> Any:
        if event == "opcode":
            step()
        return instruction

    def traced() -> None:
        sys.settrace(call)
        try:
            first()
        finally:
            sys.settrace(None)

    def monitored() -> None:
        monitoring: Any = vars(sys)["monitoring"]
        events, thread = monitoring.events, threading.get_ident()
        codes: set[Any] = set()

        def start(code: Any, offset: int) -> None:
            if threading.get_ident() == thread and code not in codes and watched(code):
                codes.add(code)
                monitoring.set_local_events(4, code, events.INSTRUCTION)

        def at(code: Any, offset: int) -> None:
            if threading.get_ident() == thread:
                step()

        monitoring.use_tool_id(4, "witness")
        monitoring.register_callback(4, events.PY_START, start)
        monitoring.register_callback(4, events.INSTRUCTION, at)
        monitoring.set_events(4, events.PY_START)
        try:
            first()
        finally:
            monitoring.set_events(4, 0)
            for code in codes:
                monitoring.set_local_events(4, code, 0)
            monitoring.free_tool_id(4)

    # From Python 3.12 on a trace function does not hear of every instruction.
    await in_thread(monitored if "monitoring" in vars(sys) else traced)
    if other.ident is None:
        other.start()
    await anyio.to_thread.run_sync(other.join)


def name_of(arrived: object, own: str, sent: object) -> str:
    """What an argument that arrived is."""
    if arrived is sent:
        return own
    if id(arrived) in stage["names"]:
        return str(stage["names"][id(arrived)])
    return f"copy of {own}" if sent is not None and type(arrived) is type(sent) else "a stranger"


def tell_arguments(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Write down which arguments arrived."""
    sent, sent_by_name = stage["sent"][name]
    told = [
        name_of(arrived, f"{name}.args[{place}]", sent[place] if place < len(sent) else None)
        for place, arrived in enumerate(args)
    ]
    told += [
        f"{key}={name_of(arrived, f'{name}.{key}', sent_by_name.get(key))}"
        for key, arrived in kwargs.items()
    ]
    log.append(f"{name} got " + ", ".join(told))


def tell_changes(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Write down which arguments have not the content that they were added with."""
    fresh, fresh_by_name = stage["fresh"][name]()
    pairs = [
        (f"{name}.args[{place}]", *pair)
        for place, pair in enumerate(zip(args, fresh, strict=False))
    ]
    pairs += [
        (f"{name}.{key}", kwargs[key], value)
        for key, value in fresh_by_name.items()
        if key in kwargs
    ]
    for argument, arrived, value in pairs:
        if (
            type(value) in {list, dict, set, tuple}
            and type(arrived) is type(value)
            and arrived != value
        ):
            log.append(f"{argument} was changed")


def watch(name: str, value: object) -> object:
    """Keep a weak reference to an argument that nobody else holds."""
    stage["weak"][name] = weakref.ref(value)
    return value


def tell_released(name: str = "") -> None:
    """Write down which of the arguments that nobody else holds are gone."""
    for owner, reference in stage["weak"].items():
        if owner != name and f"{owner} ended" in log:
            if reference() is not None:
                gc.collect()
            state = "gone" if reference() is None else "held"
            log.append(
                f"{owner}'s argument is {state} "
                + (f"when {name} starts" if name else "after the run")
            )


def failure(name: str, exc: BaseException) -> BaseException:
    """Keep the exception that a task is about to raise."""
    stage["failures"].append((name, exc))
    return exc


def is_group(exc: BaseException) -> TypeIs[BaseExceptionGroup[BaseException]]:
    """Whether an exception has others as its members."""
    return isinstance(exc, BaseExceptionGroup)


def found_in(exc: BaseException) -> list[tuple[str, bool]]:
    """Whose exceptions a run carries, and whether each is the very object, as ERR-2 asks."""
    found: list[tuple[str, bool]] = []
    seen: set[int] = set()
    queue: list[tuple[BaseException, bool]] = [(exc, True)]
    while queue:
        current, fair = queue.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        same = [task for task, raised in stage["failures"] if raised is current]
        like = [
            task
            for task, raised in stage["failures"]
            if type(raised) is type(current) and f"{task} failed" in str(current)
        ]
        name = (same or like or [""])[0]
        kind = type(current).__name__
        if name:
            frames = {frame.f_code.co_name for frame, _ in traceback.walk_tb(current.__traceback__)}
            found.append((name, bool(same) and fair and name in frames))
        elif isinstance(current, TypeError):  # of no task
            found.append(("a TypeError", False))
        if is_group(current):
            queue += [(member, fair) for member in current.exceptions]
        if current.__cause__ is not None:
            kin = isinstance(current.__cause__, StopIteration) and kind == "RuntimeError"
            queue.append((current.__cause__, fair and kin and not name))
        if current.__context__ is not None:
            ends = {"KeyboardInterrupt", "SystemExit", "CancelledError", "Cancelled"}
            queue.append((current.__context__, fair and (bool(name) or kind in ends)))
    return sorted(found)


def tell_failures(run: int, exc: BaseException) -> None:
    """Write down the tasks' exceptions that a run raised."""
    for name, itself in found_in(exc):
        log.append(f"run {run} carries {name}")
        if itself:
            log.append(f"run {run} is {name}")


class TellLogged(logging.Handler):
    """Writes down whose exceptions are logged."""

    def emit(self, record: logging.LogRecord) -> None:
        """Find the tasks in what is logged."""
        told = f"{record.getMessage()} {record.exc_info}"
        log.extend(f"{name} logged" for name in sorted({*re.findall(r"\b(t\d+) failed", told)}))


def tell_pending(run: int, functions: Iterable[Any]) -> None:
    """Write down which tasks a container still holds."""
    names: list[str] = []
    for function in functions:
        inner = function
        while hasattr(inner, "func"):
            inner = inner.func
        names.append(getattr(inner, "__name__", "a stranger"))
    log.append(f"after run {run} pending: " + ", ".join(names))


def refusal(exc: Exception) -> str:
    """The kind of an error that refused an add; TypeError stands for every kind of it."""
    return "TypeError" if isinstance(exc, TypeError) else type(exc).__name__


def how_it_ended(exc: BaseException) -> str:
    """How a run ended that raised: a cancellation may come in a group."""
    kind = anyio.get_cancelled_exc_class()
    if is_group(exc) and exc.subgroup(kind) is not None:
        return "cancelled"
    return "cancelled" if isinstance(exc, kind) else f"raised {type(exc).__name__}"
