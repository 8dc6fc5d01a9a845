"""Async tasks: begun by the run, and stepped within the task that awaits it.

A coroutine needs no task of its own to have a context of its own: each of its steps is made by
``context.run``, and what it yields is yielded on to the loop. The first step is made here, by
``next`` with a default, for most small tasks have no second one, and catching the StopIteration of
the last costs more than the step (0.2 us against 0.06). Only a task that suspends gets a generator
to carry it through (`resumed`). That is 0.1 us for a task that does not suspend, where an
`asyncio.create_task` with a context takes 6.

A failure is returned, not raised, so it cannot be mistaken for what happens to the run itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from types import CoroutineType, coroutine
from typing import Any, TypeAlias

from bgspec.callables import Rest, out_of_a_call, rest_of
from bgspec.cancellation import Watch
from bgspec.task import CONTEXT, Record, noted

__all__ = ["begin", "begin_rest"]

Begun: TypeAlias = Awaitable[BaseException | None] | BaseException | None
"""A task that was begun: it ended well, or raised this, or what it raises is to be awaited."""

# Stands for what a step yields that was the last.
ENDED = object()


def begin(task: Record, watch: Watch) -> Begun:
    """Call an async task, and make the first step of it."""
    func, args, kwargs, kind, context, _ = task
    try:
        if kind > 1:  # no code of the task runs; within the context it would take twice as long
            result = func(*args, **kwargs) if kwargs else func(*args)
        else:
            result = context.run(func, *args, **(kwargs or {}))
        rest: Rest | None
        if type(result) is CoroutineType:  # as almost always; `rest_of` would see it too, for 60 ns
            rest = result.__await__()  # pyright: ignore[reportUnknownVariableType]
        elif (rest := rest_of(result)) is None:
            return None
        awaited = context.run(next, rest, ENDED)
    except BaseException as error:  # the run raises it, at its end
        return noted(out_of_a_call(error), task)
    if awaited is ENDED:
        return None
    watch.loop_turned = True
    return resumed(task, rest, awaited)


def begin_rest(task: Record, rest: Rest, watch: Watch) -> Begun:
    """Make the first step of what a sync task left to await."""
    try:
        awaited = task[CONTEXT].run(next, rest, ENDED)
    except BaseException as error:  # likewise
        return noted(error, task)
    if awaited is ENDED:
        return None
    watch.loop_turned = True
    return resumed(task, rest, awaited)


@coroutine
def resumed(
    task: Record, rest: Rest, awaited: object
) -> Generator[object, Any, BaseException | None]:
    """Await the rest of a task in its context (CTX-3), and return what it raised.

    It is stepped from within the task that awaits this, and what it yields goes to the loop as it
    is, so that the current task, cancel scopes and time-outs are what they would be without. An
    error is returned, not raised, for one reason: only so can the task's own GeneratorExit be told
    from one that closes the run.

    Args:
        task: in its context each step runs.
        rest: what is left to await, stepped at least once.
        awaited: what the last step yielded.
    """
    context = task[CONTEXT]
    while True:
        step: Callable[[Any], object] = rest.send
        value: object = None
        try:
            value = yield awaited
        except GeneratorExit:
            context.run(rest.close)
            raise
        except BaseException as error:  # it is thrown into the task
            step, value = rest.throw, error
        try:
            awaited = context.run(step, value)
        except StopIteration:
            return None
        except BaseException as error:  # it is returned
            value = None  # the frame is in the error's traceback: holding it would be a cycle
            return noted(error, task)
