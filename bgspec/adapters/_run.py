"""The run of a request's container, made in place or by a supervisor, and what is told of it.

What tasks raise is told (logged, and given to `on_error`), and so is a cancellation error that a
task raised by itself; then the run goes on. It ends early only by KeyboardInterrupt, SystemExit,
and a cancellation of its own.

A run in place is shielded if a scope around it was cancelled before, for that was meant for the
request. A cancellation that comes while it is on means that the server's patience is over, and cuts
it short: if it outlasted that, hypercorn 0.18 would not end before the tasks do, and uvicorn 0.54
would end the process with nothing told. On asyncio it has a task of its own, so that what was asked
of the request's task before, and what a background task does to its own, stay apart.

Errors are values here, and no frame that one is raised through has a name for it, which would make
a cycle of error, traceback and frame.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NoReturn, TypeAlias, cast

from anyio import CancelScope, current_effective_deadline, get_cancelled_exc_class

from bgspec.adapters._request import RequestTasks

__all__ = ["OnError", "Run", "raise_as_it_is", "what_it_raised"]

OnError: TypeAlias = Callable[[BaseException], object]

EXITS: Final = (KeyboardInterrupt, SystemExit)

# How the runner's note in the error of a task begins.
NOTE: Final = "in the background task "

# How many names the name of a run gives before it only counts.
NAMES_SHOWN: Final = 5

logger = logging.getLogger("bgspec.adapters.asgi")


class Run:
    """The run of one container, until nothing is pending in it; then that is closed.

    Args:
        tasks: the container.
        on_error: is called with each error of a task, or None.
    """

    __slots__ = ("_on_error", "_tasks")

    def __init__(self, tasks: RequestTasks, on_error: OnError | None) -> None:
        self._tasks = tasks
        self._on_error = on_error

    @property
    def name(self) -> str:
        """What to call it: by the first of its tasks."""
        names = [task.name for task in self._tasks.tasks]
        more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
        return ", ".join(names[:NAMES_SHOWN]) + more

    async def in_place(self) -> None:
        """Run the tasks while whoever serves the request waits.

        Raises:
            BaseException: what ended the run early: KeyboardInterrupt, SystemExit, a cancellation
                that came while it was on.
        """
        await self._to_the_end(self._apart)

    async def supervised(self) -> None:
        """Run the tasks as a task of a supervisor, which may cancel it.

        Raises:
            BaseException: what ended the run early: KeyboardInterrupt, SystemExit, a cancellation.
        """
        await self._to_the_end(self._directly)

    async def _to_the_end(self, run: Callable[[], Awaitable[None]]) -> None:
        """Run what is pending until nothing is, and take nothing more then."""
        tasks = self._tasks
        try:
            while len(tasks):
                await run()
            tasks.close()
            while len(tasks):  # what a thread has added just before
                await run()
        except BaseException:
            tasks.close()
            tasks.tell_unrun("its run was cut short")
            raise

    async def _apart(self) -> None:
        """Run what is pending, whatever was cancelled around it before."""
        ends: list[BaseException] = []
        with CancelScope(shield=current_effective_deadline() == -math.inf) as scope:
            if _current_task() is None:
                await self._directly()
                return
            apart = asyncio.create_task(self._what_ended_it())
            while not apart.done():
                try:
                    await asyncio.wait([apart])
                except asyncio.CancelledError as cancellation:
                    apart.cancel()
                    ends = [cancellation]
                    scope.shield = True  # a scope tells it again and again, and once is enough
            if (end := apart.result()) is not None and _is_exit(end):
                ends = [end]
            del end
        if ends:
            raise_as_it_is(ends)

    async def _directly(self) -> None:
        """Run what is pending within the current task, and let it be cancelled with that."""
        ends = [await self._what_ended_it()]
        if ends[0] is not None and (_is_exit(ends[0]) or _is_being_cancelled()):
            raise_as_it_is(ends)

    async def _what_ended_it(self) -> BaseException | None:
        """Run what is pending, tell what it raises, and give back what ended the run early."""
        error = await what_it_raised(self._tasks)
        if error is None or _is_exit(error):
            return error
        if not isinstance(error, get_cancelled_exc_class()):
            return await what_it_raised(self._tell, _failures(error))
        if not _is_being_cancelled():
            return await what_it_raised(self._tell, [error]) or error
        logger.warning("%s was cancelled", _described(error))
        return error

    async def _tell(self, failures: Sequence[BaseException]) -> None:
        """Log what tasks raised, and then hand it to `on_error`."""
        for failure in failures:
            logger.error("%s failed", _described(failure), exc_info=failure)
        if self._on_error is None:
            return
        for failure in failures:
            try:
                answer = self._on_error(failure)
                if inspect.isawaitable(answer):
                    await answer
            except BaseException as error:
                if _is_exit(error) or (not isinstance(error, Exception) and _is_being_cancelled()):
                    raise
                logger.exception("on_error raised, when told that %s failed", _described(failure))


async def what_it_raised(
    func: Callable[..., Awaitable[object]], *args: object
) -> BaseException | None:
    """Await a call, and give back what it raised.

    Args:
        func: what to call.
        args: its arguments.

    Raises:
        GeneratorExit: this is being closed, and can await nothing any more.
    """
    try:
        await func(*args)
    except GeneratorExit:
        raise
    except BaseException as error:  # the caller tells or raises it
        return error
    return None


def raise_as_it_is(errors: Sequence[BaseException | None]) -> NoReturn:
    """Raise an error with its own context, though it may be raised where another is handled.

    Args:
        errors: a list of the one, which is emptied.
    """
    error = cast("list[BaseException]", errors).pop()
    context = error.__context__
    try:
        raise error
    finally:
        error.__context__ = context
        del error, context


def _current_task() -> asyncio.Task[Any] | None:
    """The current task of asyncio; None on trio."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def _is_being_cancelled() -> bool:
    """Whether a cancellation error comes from a cancellation of the current task.

    On trio it always does, for nobody can raise one.
    """
    task = _current_task()
    return task is None or task.cancelling() > 0


def _is_exit(error: BaseException) -> bool:
    """Whether this is KeyboardInterrupt or SystemExit, or a group with one in it."""
    if isinstance(error, BaseExceptionGroup):
        return cast("BaseExceptionGroup[BaseException]", error).subgroup(EXITS) is not None
    return isinstance(error, EXITS)


def _failures(error: BaseException) -> Sequence[BaseException]:
    """What the tasks raised: the members, if this is the run's own group, or else this.

    A group that a task raised is told from it by the runner's note.
    """
    if _note(error) or not isinstance(error, BaseExceptionGroup):
        return (error,)
    return cast("BaseExceptionGroup[BaseException]", error).exceptions


def _note(error: BaseException) -> str:
    """The runner's note, which names the task and the place of its add; empty without one."""
    notes: Sequence[str] = getattr(error, "__notes__", ())
    return next((note for note in reversed(notes) if note.startswith(NOTE)), "")


def _described(error: BaseException) -> str:
    """What to call the task that raised this."""
    return _note(error).removeprefix("in ") or "a background task"
