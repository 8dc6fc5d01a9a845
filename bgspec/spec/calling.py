"""Chapter CALL: sync tasks on threads, async tasks on the loop.

One container takes `def` and `async def` alike, and gives each the place where it does no harm: a
sync task may block, so it runs on a worker thread; an async task belongs to the loop, so it runs
there and is awaited. All hangs on telling which is which before the call, for the call decides the
thread. Where it cannot be told, what comes back from the call still can be looked at, and an
awaitable that nobody awaits is work that was lost without a word.
"""

from __future__ import annotations

from typing import Final

from bgspec.spec._clause import Clause, Level, Profile

__all__ = ["CLAUSES"]

_ANY_CONTAINER: Final = (Profile.COLLECTOR, Profile.DISPATCHER)

CLAUSES: Final[tuple[Clause, ...]] = (
    Clause(
        id="CALL-1",
        level=Level.MUST,
        profiles=_ANY_CONTAINER,
        title="a sync task runs off the loop's thread",
        sentence="A sync task MUST run in a thread other than the event loop's.",
        reason=(
            "`smtplib` or `time.sleep` in a task is fine on a thread; on the loop it stops the "
            "whole server for its length."
        ),
        source=(
            "FastAPI's tutorial, A task function; observed with Starlette 1.10.0 on asyncio and "
            "trio: a worker thread"
        ),
        rests_on=(
            "ADD-1",
            "RUN-1",
        ),
    ),
    Clause(
        id="CALL-2",
        level=Level.MUST,
        profiles=_ANY_CONTAINER,
        title="the loop keeps turning",
        sentence=(
            "While a sync task runs, the event loop MUST keep turning, so that other work on it "
            "goes on."
        ),
        reason=(
            "A thread that the loop waits for without turning is no better than none: all other "
            "requests stand still."
        ),
        source=(
            "FastAPI's tutorial, A task function; observed with Starlette 1.10.0 on asyncio and "
            "trio: a sync task that waits for a sign gets it from code on the loop"
        ),
        rests_on=("CALL-1",),
    ),
    Clause(
        id="CALL-3",
        level=Level.MUST,
        profiles=_ANY_CONTAINER,
        title="an async task runs on the container's loop",
        sentence=(
            "An async task MUST run on the event loop that runs the container, and in that loop's "
            "thread."
        ),
        reason=(
            "Database pools and HTTP clients belong to the loop that they were opened on, and "
            "fail on any other."
        ),
        source=(
            "FastAPI's tutorial, A task function; observed with Starlette 1.10.0 on asyncio and "
            "trio: the same loop, the same thread, and the very event-loop task that awaits the "
            "container"
        ),
        rests_on=("RUN-1",),
    ),
    Clause(
        id="CALL-4",
        level=Level.MUST,
        profiles=_ANY_CONTAINER,
        title="an async task is awaited to its end",
        sentence="An async task MUST be awaited to its end, through every suspension.",
        reason=(
            "A coroutine that is started and left at its first await has opened the transaction "
            "and not committed it."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: tasks that sleep and visit a "
            "thread have ended before the next one starts"
        ),
        rests_on=("RUN-1", "RUN-2"),
    ),
    Clause(
        id="CALL-5",
        level=Level.MUST,
        profiles=_ANY_CONTAINER,
        title="async callables are recognised",
        sentence=(
            "These MUST be recognised as async: an `async def` function; a bound, class or static "
            "method that is one, as looked up on its class or an instance; a method that "
            "`functools.partialmethod`, however nested, makes of one, as looked up where that "
            "binds it, and with no partial inside; an instance whose class has an async "
            "`__call__`; a wrapper that is itself `async def`; another container; and a "
            "`functools.partial`, however nested, of any of these."
        ),
        reason=(
            "What is async and not noticed is called on a thread, and its coroutine is dropped: "
            "the task is counted as done, and did nothing."
        ),
        source=(
            "FastAPI's tutorial, A task function; observed with Starlette 1.10.0 on asyncio and "
            "trio: each is awaited, on Python 3.11.7, 3.12.1 and 3.13.0; a partialmethod that is "
            "left unbound, or has a partial inside, is not awaited before 3.13"
        ),
        rests_on=("RUN-1", "CALL-3", "CALL-4"),
    ),
    Clause(
        id="CALL-6",
        level=Level.SHOULD,
        profiles=_ANY_CONTAINER,
        title="any other awaitable is awaited",
        sentence=(
            "Any other awaitable that a sync callable returns SHOULD be awaited on the event loop "
            "that runs the container: that of a lambda around a coroutine function, a sync "
            "decorator, `functools.lru_cache`, a raw `staticmethod` object, a "
            "`functools.partialmethod` that CALL-5 leaves out, an instance whose `__call__` is in "
            "turn an instance with an async `__call__`, or a `types.coroutine` function."
        ),
        reason=(
            "`add_task(lambda: send(mail))` looks right, type-checks and passes review. On asyncio "
            "it sends nothing and raises nothing."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio: all of these are dropped, with at most a "
            "warning that a coroutine was never awaited; on trio a coroutine is a TypeError of the "
            "run, and a `types.coroutine` function is dropped"
        ),
        rests_on=("CALL-5", "ADD-2"),
    ),
    Clause(
        id="CALL-7",
        level=Level.SHOULD,
        profiles=_ANY_CONTAINER,
        title="generator functions are refused",
        sentence=(
            "A generator function or async generator function, but for one made with "
            "`types.coroutine`, SHOULD be refused with TypeError, by the add or at the run; it is "
            "never a silent nothing."
        ),
        reason=(
            "One `yield` left over from a dependency turns the task into a generator, whose body "
            "nobody ever runs."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: both are called, nothing of their "
            "body runs, and the run ends without error"
        ),
    ),
    Clause(
        id="CALL-8",
        level=Level.CHOICE,
        profiles=_ANY_CONTAINER,
        title="back into the loop from a sync task",
        sentence=(
            "A sync task MAY be able to call back into the event loop with `anyio.from_thread`, or "
            "not; the answer is yes or no."
        ),
        reason=(
            "A sync library with one async part works as a task where the thread knows its loop, "
            "and raises where it is a bare thread."
        ),
        source="observed with Starlette 1.10.0 on asyncio and trio: yes",
        rests_on=("CALL-1",),
        answers=("yes", "no"),
    ),
    Clause(
        id="CALL-9",
        level=Level.CHOICE,
        profiles=_ANY_CONTAINER,
        title="event loops",
        sentence=(
            "An implementation MAY run on asyncio alone, or on asyncio and trio. A clause that "
            "fails on one backend that it runs on has failed, and what was seen names the "
            "backend."
        ),
        reason=(
            "Some faults show on one loop alone: a coroutine dropped by a thread is silent on "
            "asyncio and a TypeError on trio."
        ),
        source="observed with Starlette 1.10.0: asyncio and trio",
        answers=("asyncio", "asyncio and trio"),
    ),
)
