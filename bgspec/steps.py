"""Async tasks: called and stepped within the task that awaits the run.

A coroutine needs no task of its own to have a context of its own: each of its steps is made by
``context.run``, and what it yields is yielded on to the loop. That takes 0.05 us, where an
`asyncio.create_task` with a context takes 6.

What is stepped is not the coroutine itself but one generator for all neighbours (`_calls`), which
calls a task and delegates to its coroutine. It is entered in the context of whichever task it is
at, and yields between two. So nothing is made for a task but its coroutine (an iterator of its own
takes 0.03 us more), and ``next`` with a default spares the StopIteration at the end (0.2 us). Only
a task that suspends gets a generator to carry it through (`_resumed`).

A failure is returned, not raised, so it cannot be mistaken for what happens to the run itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Generator
from types import CoroutineType, coroutine
from typing import Any, TypeAlias, cast

from bgspec.callables import Rest, rest_of
from bgspec.task import CONTEXT, KIND, Record, noted

__all__ = ["Begun", "begin", "begin_rest"]

Begun: TypeAlias = Awaitable[BaseException | None] | BaseException | None
"""Tasks that were begun: they ended well, or the last raised this, or what it raises is awaited."""

# What a step gives, instead of what a task yields: the task has ended; and so have all.
NEXT, DONE = object(), object()


def begin(pending: deque[Record], is_requested: Callable[[], int]) -> Begun:
    """Call the next task, an async one, and make its first step, and so on with its neighbours.

    Args:
        pending: the container's tasks; those that are begun are taken from its left end.
        is_requested: whether ``task.cancel()`` has hit the run; asked between tasks.
    """
    calls = _delegating(pending, is_requested)
    while True:
        task = pending[0]
        try:
            awaited = task[CONTEXT].run(next, calls, DONE)
        except BaseException as error:  # the run raises it, at its end
            if pending and pending[0] is task:  # it was not even called: its context is in use
                pending.popleft()
            return noted(error, task)
        if awaited is DONE:
            return None
        if awaited is not NEXT:
            return _resumed(task, calls, awaited)


def begin_rest(task: Record, rest: Rest) -> Begun:
    """Make the first step of what a sync task left to await."""
    try:
        awaited = task[CONTEXT].run(next, rest, DONE)
    except BaseException as error:  # likewise
        return noted(error, task)
    return None if awaited is DONE else _resumed(task, rest, awaited)


def _calls(pending: deque[Record], is_requested: Callable[[], int]) -> Rest:
    """Call and await one task after the other, with a NEXT between two."""
    while True:
        func, args, kwargs, _, _, _, _ = pending.popleft()
        result = func(*args, **kwargs) if kwargs else func(*args)
        if type(result) is CoroutineType:  # as almost always; `rest_of` would see that for 60 ns
            yield from result  # type: ignore[misc]  # as `types.coroutine` allows, see below
        elif (rest := rest_of(result)) is not None:
            yield from rest
        if not pending or not pending[0][KIND] or is_requested():
            return None
        result = None  # nor are the others held while the next task runs
        yield NEXT


# It stays a generator, which the type of `coroutine` does not tell.
_delegating = cast("Callable[[deque[Record], Callable[[], int]], Rest]", coroutine(_calls))


@coroutine
def _resumed(
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
    run = task[CONTEXT].run
    while awaited is not NEXT and awaited is not DONE:
        step: Callable[[Any], object] | None = None
        value: object = None
        try:
            value = yield awaited
        except GeneratorExit:
            run(rest.close)
            raise
        except BaseException as error:  # it is thrown into the task
            step, value = rest.throw, error
        try:
            # None is what asyncio sends, ever, and `next` spares the StopIteration at the end.
            awaited = run(next, rest, DONE) if value is None else run(step or rest.send, value)
        except StopIteration:
            break
        except BaseException as error:  # it is returned
            value = None  # the frame is in the error's traceback: holding it would be a cycle
            return noted(error, task)
    return None
