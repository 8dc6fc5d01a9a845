"""Members that break CALL-5, CALL-6 and CALL-7, of the shapes of callables, and an odd one."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import Any

from tests.gallery.member import breaks, odd
from tests.gallery.model import (
    LATE,
    Counting,
    Entry,
    Model,
    awaiting,
    boxed,
    heart,
    inner,
    is_async,
    is_generator,
    now_and_then,
    stepped,
)

# CALL-5: async callables are recognised ------------------------------------------------------


class Misses(Model):
    """Calls some async tasks on a thread, and drops their coroutines."""

    def misses(self, func: Any) -> bool:
        """Which: none, unless a member says so."""
        return False

    async def perform(self, entry: Entry) -> None:
        if is_async(entry.func) and self.misses(entry.func):
            (coroutine,) = await self.thread(functools.partial(boxed, entry.call))
            coroutine.close()
        else:
            await super().perform(entry)


@breaks("CALL-5")
class MissesInstances(Misses):
    """Takes an instance with an async `__call__` for a sync task, other containers too."""

    def misses(self, func: Any) -> bool:
        return not inspect.isroutine(inner(func))


@breaks("CALL-5")
class MissesContainers(Misses):
    """Takes another container for a sync task."""

    def misses(self, func: Any) -> bool:
        return isinstance(func, Model)


@breaks("CALL-5")
class MissesPartials(Misses):
    """Does not look inside partials."""

    def misses(self, func: Any) -> bool:
        return isinstance(func, functools.partial)


@breaks("CALL-5")
class MissesNestedPartials(Misses):
    """Looks inside one partial only."""

    def misses(self, func: Any) -> bool:
        return isinstance(getattr(func, "func", None), functools.partial)


@breaks("CALL-5")
class MissesPartialsOfInstances(Misses):
    """Looks inside partials for functions only."""

    def misses(self, func: Any) -> bool:
        return isinstance(func, functools.partial) and not inspect.isroutine(inner(func))


@breaks("CALL-5")
class MissesMethods(Misses):
    """Takes async bound methods for sync tasks, class methods too."""

    def misses(self, func: Any) -> bool:
        return inspect.ismethod(func)


@breaks("CALL-5")
class MissesClassMethods(Misses):
    """Takes async class methods for sync tasks."""

    def misses(self, func: Any) -> bool:
        return inspect.ismethod(func) and isinstance(func.__self__, type)


@breaks("CALL-5")
class MissesWrappers(Misses):
    """Takes an async wrapper for the sync function that it wraps."""

    def misses(self, func: Any) -> bool:
        return hasattr(func, "__wrapped__") and not is_async(inspect.unwrap(func))


@breaks("CALL-5")
class RefusesInstances(Model):
    """Refuses an instance with an async `__call__`, but for other containers."""

    def examine(self, func: Any) -> None:
        super().examine(func)
        if is_async(func) and not inspect.isroutine(inner(func)) and not isinstance(func, Model):
            raise TypeError("functions only")


# CALL-6: any other awaitable is awaited ------------------------------------------------------


class Dropping(Counting):
    """Does not await some of what sync tasks give back."""

    def drops(self, entry: Entry, result: Any) -> bool:
        """Which: none, unless a member says so."""
        return False

    async def in_thread(self, entry: Entry) -> Any:
        (result,) = await self.thread(functools.partial(boxed, entry.call))
        if not inspect.isawaitable(result):
            return result
        if not self.drops(entry, result):
            return await stepped(result, entry.context)
        if inspect.iscoroutine(result):
            result.close()
        return None


@breaks("CALL-6")
class DropsAwaitables(Dropping):
    """Awaits nothing that a sync task gives back."""

    def drops(self, entry: Entry, result: Any) -> bool:
        return True


@breaks("CALL-6")
class DropsAwaitableObjects(Dropping):
    """Awaits coroutines only."""

    def drops(self, entry: Entry, result: Any) -> bool:
        return not inspect.iscoroutine(result)


@breaks("CALL-6")
class DropsOfLambdas(Dropping):
    """Does not await what a function without a name gives back."""

    def drops(self, entry: Entry, result: Any) -> bool:
        return getattr(entry.func, "__name__", "") == "<lambda>"


@breaks("CALL-6")
class DropsLate(Dropping):
    """Awaits nothing that a sync task gives back from the sixth task on."""

    def drops(self, entry: Entry, result: Any) -> bool:
        return self.begun > LATE


@breaks("CALL-6")
class DropsAtTimes(Dropping):
    """Does not await what one sync task in eight gives back."""

    def drops(self, entry: Entry, result: Any) -> bool:
        return now_and_then()


@breaks("CALL-6")
class AwaitsInTheThread(Model):
    """Awaits what a sync task gives back by asyncio.run, on the thread where it was called."""

    async def in_thread(self, entry: Entry) -> Any:
        def call() -> Any:
            result = entry.func(*entry.args, **entry.kwargs)
            return asyncio.run(awaiting(result)) if inspect.isawaitable(result) else result

        return await self.thread(functools.partial(entry.context.run, call))


@breaks("CALL-6")
class RefusesRawStaticMethods(Model):
    """Refuses a raw staticmethod object."""

    def examine(self, func: Any) -> None:
        super().examine(func)
        if isinstance(func, staticmethod):
            raise TypeError("call it through its class")


# CALL-7: generator functions are refused -----------------------------------------------------


@breaks("CALL-7")
class AcceptsGenerators(Model):
    """Calls generator functions like any other, and iterates nothing."""

    def examine(self, func: Any) -> None:
        if not callable(func):
            raise TypeError("not callable")


@breaks("CALL-7")
class AcceptsAsyncGenerators(Model):
    """Refuses generator functions, but not async ones."""

    def examine(self, func: Any) -> None:
        if not inspect.isasyncgenfunction(heart(func)):
            super().examine(func)


@breaks("CALL-7")
class AcceptsGeneratorInstances(Model):
    """Refuses generator functions, but not instances with a generator for their `__call__`."""

    def examine(self, func: Any) -> None:
        if not callable(func) or inspect.isroutine(inner(func)):
            super().examine(func)


@breaks("CALL-7")
class RefusesWithValueError(Model):
    """Refuses generator functions with ValueError."""

    def examine(self, func: Any) -> None:
        if callable(func) and is_generator(func):
            raise ValueError("a generator function")
        super().examine(func)


@breaks("CALL-7")
class IteratesGenerators(AcceptsGenerators):
    """Iterates over generators, as nobody asked it to."""

    async def perform(self, entry: Entry) -> None:
        made: Any = entry.func(*entry.args, **entry.kwargs) if is_generator(entry.func) else None
        if inspect.isasyncgen(made):
            async for _ in made:
                pass
        elif made is not None:
            for _ in made:
                pass
        else:
            await super().perform(entry)


# Odd -----------------------------------------------------------------------------------------


@odd
class RefusesAtTheRun(Model):
    """Refuses generator functions at the run only, and makes every coroutine on a thread."""

    def examine(self, func: Any) -> None:
        if not callable(func):
            raise TypeError("not callable")

    async def perform(self, entry: Entry) -> None:
        if is_generator(entry.func):
            raise TypeError("a generator function")
        await self.in_thread(entry)
