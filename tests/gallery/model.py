"""The model: a small container that keeps every MUST and SHOULD, in steps that a member overrides.

It is slow and plain on purpose, and shares nothing with the reference runner, so that a fault of
one is not a fault of both. Its answers: misfits at the run; an add while running joins this run; a
second run does what is new; awaited within itself or twice, it refuses; it continues after a
failure; context as of the add; a stray cancellation error leaves the run as it is.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import random
import types
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, ClassVar

import anyio
import anyio.lowlevel
import anyio.to_thread

__all__ = [
    "LATE",
    "Box",
    "Counting",
    "Entry",
    "Model",
    "Siblings",
    "awaiting",
    "boxed",
    "heart",
    "inner",
    "is_async",
    "is_generator",
    "lists_in",
    "logger",
    "now_and_then",
    "on_asyncio",
    "restore",
    "stepped",
]

logger = logging.getLogger("gallery")

LATE = 5
"""Tasks that are treated well by a member that goes wrong from the sixth on."""


def now_and_then() -> bool:
    """True one time in eight."""
    return random.random() < 1 / 8


@dataclass(slots=True, eq=False)
class Entry:
    """An add."""

    func: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    context: Context = field(default_factory=copy_context)

    def call(self) -> Any:
        """Call it here, within the context of its add."""
        return self.context.run(self.func, *self.args, **self.kwargs)


def inner(func: Any) -> Any:
    """What is inside partials."""
    while isinstance(func, functools.partial):
        func = func.func
    return func


def heart(func: Any) -> Any:
    """The function inside partials, bound methods and instances."""
    func = inner(func)
    if not inspect.isroutine(func) and not isinstance(func, type):
        func = type(func).__call__
    return func


def is_async(func: Any) -> bool:
    """Whether calling it makes a coroutine."""
    return inspect.iscoroutinefunction(heart(func))


def is_generator(func: Any) -> bool:
    """Whether calling it makes a generator that nobody would iterate."""
    function = heart(func)
    return inspect.isasyncgenfunction(function) or (
        inspect.isgeneratorfunction(function)
        and not inspect.unwrap(function).__code__.co_flags & inspect.CO_ITERABLE_COROUTINE
    )


async def awaiting(awaitable: Awaitable[Any]) -> Any:
    """Await anything that can be, as a coroutine."""
    return await awaitable


@types.coroutine
def stepped(awaitable: Awaitable[Any], context: Context) -> Generator[Any, Any, Any]:
    """Await something step by step within a context, in the task of the caller."""
    coroutine = awaiting(awaitable)
    step: Callable[[Any], Any] = coroutine.send
    value: Any = None
    while True:
        try:
            waited_for = context.run(step, value)
        except StopIteration as stop:
            return stop.value
        try:
            value = yield waited_for
            step = coroutine.send
        except BaseException as exc:
            value = exc
            step = coroutine.throw


def on_asyncio() -> bool:
    """Whether the loop that runs the caller is asyncio's."""
    return issubclass(anyio.get_cancelled_exc_class(), asyncio.CancelledError)


def boxed(call: Callable[[], Any]) -> tuple[Any]:
    """The result in a box: trio refuses a coroutine that comes out of a thread."""
    return (call(),)


class Box:
    """What a call gave or raised, to be taken out in another thread."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call
        self.value: Any = None
        self.problem: BaseException | None = None

    def __call__(self) -> None:
        try:
            self.value = self.call()
        except BaseException as exc:
            self.problem = exc

    def open(self) -> Any:
        """Return or raise it."""
        try:
            if self.problem is not None:
                raise self.problem
            return self.value
        finally:
            self.problem = None


def lists_in(args: Iterable[Any]) -> list[tuple[list[Any], list[Any]]]:
    """The lists among these, each with a copy."""
    return [(arg, [*arg]) for arg in args if type(arg) is list]


def restore(lists: list[tuple[list[Any], list[Any]]]) -> None:
    """Put lists back to what their copies hold."""
    for arg, held in lists:
        arg[:] = held


class Model:
    """Gathers, and runs when awaited."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.running = False
        self.failures: list[Exception] = []

    # Adding.

    def add_task(*args: Any, **kwargs: Any) -> None:
        """Take a task."""
        self, *rest = args
        func = rest.pop(0) if rest else kwargs.pop("func")
        self.examine(func)
        self.accept(self.entry(func, tuple(rest), kwargs))

    def examine(self, func: Any) -> None:
        """Refuse what cannot be called, and what would do nothing."""
        if not callable(func):
            raise TypeError(f"{func!r} is not callable")
        if is_generator(func):
            raise TypeError(f"{func!r} makes a generator, and nobody would iterate it")

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        """What is kept of an add."""
        return Entry(func, args, kwargs)

    def accept(self, entry: Entry) -> None:
        """Keep it."""
        self.entries.append(entry)

    # Running.

    async def __call__(self) -> None:
        """Run what was added."""
        if self.running:
            raise RuntimeError("this container is running already")
        self.running = True
        try:
            await self.run()
        finally:
            self.running = False

    async def run(self) -> None:
        """Run one entry after the other, and raise what failed at the end."""
        self.failures = []
        try:
            while (entry := self.next()) is not None:
                await self.look()
                self.drop(entry)
                await self.attempt(entry)
                del entry
        except BaseException:
            for failure in self.failures:
                logger.error("a task failed before the run was left", exc_info=failure)
            raise
        self.finish(self.failures)

    def next(self) -> Entry | None:
        """The entry whose turn it is."""
        return self.entries[0] if self.entries else None

    def drop(self, entry: Entry) -> None:
        """Forget an entry that is about to start."""
        self.entries.remove(entry)

    async def look(self) -> None:
        """Let a cancellation in before the next task starts."""
        await anyio.lowlevel.checkpoint()

    async def attempt(self, entry: Entry) -> None:
        """Run one entry, and go on after a failure."""
        try:
            await self.perform(entry)
        except Exception as exc:
            self.failures.append(exc)

    async def perform(self, entry: Entry) -> None:
        """Run one entry where it belongs."""
        if is_async(entry.func):
            await self.on_loop(entry)
        else:
            await self.in_thread(entry)

    async def on_loop(self, entry: Entry) -> Any:
        """Call and await an async task, within the context of its add."""
        return await stepped(entry.call(), entry.context)

    async def in_thread(self, entry: Entry) -> Any:
        """Call a sync task in a worker thread, and await what it gives back if it is awaitable."""
        (result,) = await self.thread(functools.partial(boxed, entry.call))
        return await stepped(result, entry.context) if inspect.isawaitable(result) else result

    async def thread(self, call: Callable[[], Any]) -> Any:
        """Call in a worker thread."""
        return await anyio.to_thread.run_sync(call)

    def finish(self, failures: list[Exception]) -> None:
        """Raise one failure as itself, several as a group."""
        try:
            if len(failures) == 1:
                raise failures[0]
            if failures:
                raise ExceptionGroup("several tasks failed", list(failures))
        finally:
            del failures
            self.failures = []


class Counting(Model):
    """Knows how many tasks it has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0

    async def perform(self, entry: Entry) -> None:
        self.begun += 1
        await super().perform(entry)


class Siblings(Model):
    """Knows the containers that were made together with it, before any of them was used."""

    family: ClassVar[list[Any]] = []

    def __init__(self) -> None:
        super().__init__()
        self.used = False
        if any(other.used for other in self.family):
            self.family.clear()
        self.family.append(self)

    @property
    def others(self) -> list[Any]:
        """The others that were made together with it."""
        return [other for other in self.family if other is not self]

    def accept(self, entry: Entry) -> None:
        self.used = True
        super().accept(entry)

    async def run(self) -> None:
        self.used = True
        await super().run()
