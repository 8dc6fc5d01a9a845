"""Members that break the chapter CALL, and odd ones that use its freedoms."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import random
import threading
from collections.abc import Callable, Generator
from contextvars import copy_context
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread

from tests.gallery.member import breaks, odd
from tests.gallery.model import Entry, Model, awaiting, heart, is_async, is_generator, stepped

logger = logging.getLogger("gallery")

LATE = 5
"""Tasks that are treated well by a member that goes wrong from the sixth on."""


class Counting(Model):
    """Knows how many tasks it has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0

    async def perform(self, entry: Entry) -> None:
        """Run one entry where it belongs, and count it."""
        self.begun += 1
        await super().perform(entry)


def one_in_eight() -> bool:
    """Now and then."""
    return random.random() < 1 / 8


# CALL-1 --------------------------------------------------------------------------------------


class OnLoop(Counting):
    """Calls some sync tasks on the loop."""

    def on_loop_instead(self, entry: Entry) -> bool:
        """Which."""
        raise NotImplementedError

    async def in_thread(self, entry: Entry) -> Any:
        """Call a sync task, and await what it gives back."""
        if not self.on_loop_instead(entry):
            return await super().in_thread(entry)
        result = entry.context.run(entry.func, *entry.args, **entry.kwargs)
        return await stepped(result, entry.context) if inspect.isawaitable(result) else result


@breaks("CALL-1")
class SyncOnLoop(OnLoop):
    """Calls sync tasks on the loop."""

    def on_loop_instead(self, entry: Entry) -> bool:
        return True


@breaks("CALL-1")
class SyncOnLoopLate(OnLoop):
    """Calls sync tasks on the loop from the sixth task on."""

    def on_loop_instead(self, entry: Entry) -> bool:
        return self.begun > LATE


@breaks("CALL-1")
class SyncOnLoopAtTimes(OnLoop):
    """Calls one sync task in eight on the loop."""

    def on_loop_instead(self, entry: Entry) -> bool:
        return one_in_eight()


@breaks("CALL-1")
class SyncOnLoopAfterFailure(OnLoop):
    """Calls sync tasks on the loop once a task has failed."""

    def on_loop_instead(self, entry: Entry) -> bool:
        return bool(self.failures)


@breaks("CALL-1")
class PartialsOnLoop(OnLoop):
    """Calls partials of sync functions on the loop, for a partial is no function."""

    def on_loop_instead(self, entry: Entry) -> bool:
        return isinstance(entry.func, functools.partial)


@breaks("CALL-1")
class FollowsWrapped(OnLoop):
    """Takes a sync wrapper for the async function that it wraps."""

    def on_loop_instead(self, entry: Entry) -> bool:
        return inspect.iscoroutinefunction(inspect.unwrap(heart(entry.func)))


@breaks("CALL-1")
class SyncOnLoopAfterAsync(OnLoop):
    """Calls a sync task on the loop where the task before it was async."""

    came_from_loop = False

    def on_loop_instead(self, entry: Entry) -> bool:
        return self.came_from_loop

    async def perform(self, entry: Entry) -> None:
        try:
            await super().perform(entry)
        finally:
            self.came_from_loop = is_async(entry.func)


# CALL-2 --------------------------------------------------------------------------------------


class Joining(Counting):
    """Blocks the loop while some sync tasks run."""

    def blocks(self) -> bool:
        """Whether this time."""
        raise NotImplementedError

    async def thread(self, call: Callable[[], Any]) -> Any:
        """Call in a thread, and wait for it."""
        if not self.blocks():
            return await super().thread(call)
        box = Box(call)
        worker = threading.Thread(target=box)
        worker.start()
        worker.join()
        return box.open()


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


@breaks("CALL-2")
class JoinsThread(Joining):
    """Starts a thread for a sync task, and joins it on the loop."""

    def blocks(self) -> bool:
        return True


@breaks("CALL-2")
class JoinsThreadLate(Joining):
    """Joins the threads of sync tasks on the loop from the sixth task on."""

    def blocks(self) -> bool:
        return self.begun > LATE


@breaks("CALL-2")
class JoinsThreadAtTimes(Joining):
    """Joins one thread in eight on the loop."""

    def blocks(self) -> bool:
        return one_in_eight()


# CALL-3 --------------------------------------------------------------------------------------


class PrivateLoop(Counting):
    """Runs some async tasks by a loop of their own, on a thread."""

    def alone(self, entry: Entry) -> bool:
        """Which."""
        raise NotImplementedError

    async def on_loop(self, entry: Entry) -> Any:
        """Await an async task."""
        if not self.alone(entry):
            return await super().on_loop(entry)
        work = entry.context.run(entry.func, *entry.args, **entry.kwargs)

        def run() -> Any:
            return asyncio.run(awaiting(work))

        return await anyio.to_thread.run_sync(entry.context.run, run)


@breaks("CALL-3")
class PrivateLoopForInstances(PrivateLoop):
    """Runs instances with an async `__call__` by asyncio.run on a thread."""

    def alone(self, entry: Entry) -> bool:
        return not inspect.isroutine(inner(entry.func)) and not isinstance(entry.func, Model)


@breaks("CALL-3")
class PrivateLoopForArguments(PrivateLoop):
    """Runs async tasks that take arguments by asyncio.run on a thread."""

    def alone(self, entry: Entry) -> bool:
        return bool(entry.args) and not entry.kwargs and all(isinstance(a, str) for a in entry.args)


@breaks("CALL-3")
class PrivateLoopLate(PrivateLoop):
    """Runs async functions by asyncio.run on a thread from the sixth task on."""

    def alone(self, entry: Entry) -> bool:
        return self.begun > LATE and not isinstance(inner(entry.func), Model)


# CALL-4 --------------------------------------------------------------------------------------


@breaks("CALL-4")
class FewTurns(Model):
    """Gives an async task a hundred turns of the loop, and then goes on without it."""

    async def on_loop(self, entry: Entry) -> Any:
        failures: list[BaseException] = []
        async with anyio.create_task_group() as group:
            group.start_soon(self.count, group.cancel_scope)
            try:
                await super().on_loop(entry)
            except anyio.get_cancelled_exc_class():
                raise
            except BaseException as exc:
                failures.append(exc)
            group.cancel_scope.cancel()
        try:
            if failures:
                raise failures[0]
        finally:
            failures.clear()

    async def count(self, scope: anyio.CancelScope) -> None:
        """Give it so many turns."""
        for _ in range(100):
            await anyio.lowlevel.checkpoint()
        scope.cancel()


class Leaving(Counting):
    """Leaves some async tasks at one of their suspensions."""

    def patience(self) -> int:
        """How many steps a task gets."""
        raise NotImplementedError

    async def on_loop(self, entry: Entry) -> Any:
        coroutine = entry.context.run(entry.func, *entry.args, **entry.kwargs)
        return await Steps(stepped(coroutine, entry.context), self.patience())


class Steps:
    """Awaits the first few steps of something."""

    def __init__(self, work: Any, steps: int) -> None:
        self.work = awaiting(work)
        self.steps = steps

    def __await__(self) -> Generator[Any, Any, Any]:
        call: Callable[[], Any] = functools.partial(self.work.send, None)
        for step in range(self.steps):
            try:
                waited_for = call()
            except StopIteration as stop:
                return stop.value
            if step == self.steps - 1:
                break
            try:
                sent = yield waited_for
            except BaseException as exc:
                call = functools.partial(self.work.throw, exc)
            else:
                call = functools.partial(self.work.send, sent)
        self.work.close()
        return None


@breaks("CALL-4", backends=("asyncio",))
class FirstStepOnly(Leaving):
    """Starts an async task, and leaves it at its first suspension."""

    def patience(self) -> int:
        return 1


@breaks("CALL-4", backends=("asyncio",))
class ThreeSteps(Leaving):
    """Leaves an async task at its third suspension."""

    def patience(self) -> int:
        return 3


@breaks("CALL-4", backends=("asyncio",))
class LeavesAtTimes(Leaving):
    """Leaves one async task in eight at its first suspension."""

    def patience(self) -> int:
        return 1 if one_in_eight() else 10_000


# CALL-5 --------------------------------------------------------------------------------------


class Misses(Model):
    """Calls some async tasks on a thread, and drops their coroutines."""

    def misses(self, func: Any) -> bool:
        """Which."""
        raise NotImplementedError

    async def perform(self, entry: Entry) -> None:
        if is_async(entry.func) and self.misses(entry.func):
            coroutine: Any = await self.thread(lambda: Held(entry))
            coroutine.value.close()
        else:
            await super().perform(entry)


class Held:
    """What a call gave back, hidden from trio, which refuses a coroutine that leaves a thread."""

    def __init__(self, entry: Entry) -> None:
        self.value: Any = entry.context.run(entry.func, *entry.args, **entry.kwargs)


def inner(func: Any) -> Any:
    """What is inside partials."""
    while isinstance(func, functools.partial):
        func = func.func
    return func


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
    """Recognises functions only, not bound methods."""

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
    """Refuses an instance with an async `__call__`."""

    def examine(self, func: Any) -> None:
        super().examine(func)
        if is_async(func) and not inspect.isroutine(inner(func)) and not isinstance(func, Model):
            raise TypeError("functions only")


# CALL-6 --------------------------------------------------------------------------------------


class Dropping(Counting):
    """Does not await some of what sync tasks give back."""

    def drops(self, entry: Entry, result: Any) -> bool:
        """Which."""
        raise NotImplementedError

    async def in_thread(self, entry: Entry) -> Any:
        call = functools.partial(entry.context.run, entry.func, *entry.args, **entry.kwargs)
        (result,) = await self.thread(lambda: (call(),))
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
        return one_in_eight()


@breaks("CALL-6")
class AwaitsElsewhere(Model):
    """Awaits what a sync task gives back by asyncio.run, on the thread where it was called."""

    async def in_thread(self, entry: Entry) -> Any:
        def call() -> Any:
            result = entry.func(*entry.args, **entry.kwargs)
            return asyncio.run(awaiting(result)) if inspect.isawaitable(result) else (result,)

        return await self.thread(functools.partial(entry.context.run, call))


@breaks("CALL-6")
class RefusesRawStaticMethods(Model):
    """Refuses a raw staticmethod object."""

    def examine(self, func: Any) -> None:
        super().examine(func)
        if isinstance(func, staticmethod):
            raise TypeError("call it through its class")


# CALL-7 --------------------------------------------------------------------------------------


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
            await Model.perform(self, entry)


# CALL-8 --------------------------------------------------------------------------------------


class OwnThreads(Counting):
    """Calls some sync tasks in threads that no event loop knows of."""

    def own(self) -> bool:
        """Whether this time."""
        return True

    async def thread(self, call: Callable[[], Any]) -> Any:
        if not self.own():
            return await super().thread(call)
        box = Box(call)
        worker = threading.Thread(target=box, daemon=True)
        worker.start()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(worker.join)
        return box.open()


@breaks("CALL-8")
class OwnThreadsLate(OwnThreads):
    """Lets sync tasks call back into the loop up to the fifth, and not from the sixth on."""

    def own(self) -> bool:
        return self.begun > LATE


@breaks("CALL-8")
class OwnThreadsAtTimes(OwnThreads):
    """Lets sync tasks call back into the loop, but for one in eight."""

    def own(self) -> bool:
        return one_in_eight()


# Odd -----------------------------------------------------------------------------------------


@odd
class BareThreads(OwnThreads):
    """Gives every sync task a thread of its own, from which nothing leads back to the loop."""


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


@odd
class Stopping:
    """Built otherwise: a list that is indexed, each task in a task of its own, as of the run."""

    def __init__(self) -> None:
        self.added: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []
        self.place = 0
        self.busy = False

    def add_task(*args: Any, **kwargs: Any) -> None:
        """Take a task, unless it could not be called."""
        self, *rest = args
        func = rest.pop(0) if rest else kwargs.pop("func")
        if not callable(func) or is_generator(func):
            raise TypeError(f"{func!r} cannot be a task")
        self.added.append((func, tuple(rest), kwargs))

    async def __call__(self) -> None:
        """Run what has not been run, up to the first failure; what is left is dropped then."""
        if self.busy:
            raise RuntimeError("busy")
        self.busy = True
        try:
            context = copy_context()
            while self.place < len(self.added):
                await anyio.lowlevel.checkpoint()
                func, args, kwargs = self.added[self.place]
                self.added[self.place] = (None, (), {})
                self.place += 1
                call = functools.partial(func, *args, **kwargs)
                del func, args, kwargs
                await self.alone(call, context.copy())
                del call
        finally:
            self.place = len(self.added)
            self.busy = False

    async def alone(self, call: functools.partial[Any], context: Any) -> None:
        """Run one task in a task of its own, and bring back what it raised."""
        raised: list[BaseException] = []

        async def child() -> None:
            try:
                if is_async(call):
                    await stepped(context.run(call), context)
                else:
                    (result,) = await anyio.to_thread.run_sync(lambda: (context.run(call),))
                    if inspect.isawaitable(result):
                        await stepped(result, context)
            except BaseException as exc:
                raised.append(exc)

        try:
            async with anyio.create_task_group() as group:
                group.start_soon(child)
            if raised:
                raise raised[0]
        except BaseException as exc:
            if raised and all(exc is not other for other in raised):
                logger.error("a task failed before the run was left", exc_info=raised[0])
            raise
        finally:
            raised.clear()
