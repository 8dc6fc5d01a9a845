"""Chapter DSP: sinks that start the work at the add.

A dispatcher (an executor, a nursery, Quart's `add_background_task`) has no run: each task has its
turn by itself. Of the chapters before this one it keeps ADD-2 to ADD-10, ARG, CALL and CTX, where
"the loop that runs the container" is the loop of the add, and "the run" is the task's own end; the
others are about a run, and do not apply. What takes their place is here: the adder goes on at
once, tasks do not touch each other, and since nobody awaits them, what goes wrong must be told.
"""

from __future__ import annotations

from typing import Final

from bgspec.spec._clause import Clause, Level, Profile

__all__ = ["CLAUSES"]

_DISPATCHER: Final = (Profile.DISPATCHER,)

CLAUSES: Final[tuple[Clause, ...]] = (
    Clause(
        id="DSP-1",
        level=Level.MUST,
        profiles=_DISPATCHER,
        title="the add does not wait",
        sentence=("The add MUST return before the task has ended, and MUST NOT wait for it."),
        reason=(
            "The endpoint adds work so as to answer without it. An add that waits is a function "
            "call."
        ),
        source="FastAPI's tutorial, Introduction",
    ),
    Clause(
        id="DSP-2",
        level=Level.MUST,
        profiles=_DISPATCHER,
        title="each accepted task is called once",
        sentence="Every task that an add accepted MUST be called exactly once.",
        reason=(
            "An event loop holds its tasks by weak references; a dispatcher that keeps no other "
            "loses work to the garbage collector."
        ),
        source=(
            "FastAPI's tutorial, Introduction; Python's documentation, `asyncio.create_task`, on "
            "keeping a reference"
        ),
    ),
    Clause(
        id="DSP-3",
        level=Level.CHOICE,
        profiles=_DISPATCHER,
        title="order",
        sentence=(
            "Tasks MAY run one at a time in the order of their adds, start in that order and "
            "overlap, or start in any order."
        ),
        reason=(
            "Code that moves here from a collector relied on `create` having ended before `notify` "
            "starts."
        ),
        source="the counterpart of ORD-1 and ORD-2, which every collector keeps",
        rests_on=("DSP-2",),
        answers=("one at a time", "started in order", "free"),
    ),
    Clause(
        id="DSP-4",
        level=Level.MUST,
        profiles=_DISPATCHER,
        title="a failure touches no other task",
        sentence=(
            "The failure of one task MUST NOT keep another from its start, cancel it, or change "
            "how it ends."
        ),
        reason=(
            "A task group cancels all its children when one of them fails; as a dispatcher it "
            "makes one user's bad address stop every other user's mail."
        ),
        source=(
            "observed with anyio 4.16.0 on asyncio: in Litestar 2.25.0's `run_in_task_group=True` "
            "two failing tasks kept a third, sync, from being called"
        ),
        rests_on=("DSP-2",),
    ),
    Clause(
        id="DSP-5",
        level=Level.MUST,
        profiles=_DISPATCHER,
        title="a failure is told",
        sentence=(
            "The failure of a task MUST be told: logged, signalled, or handed over to whoever asks."
        ),
        reason=(
            "Nobody awaits a dispatched task. An exception kept in a future that nobody reads is "
            "work that failed in silence."
        ),
        source="the counterpart of ERR-1, where there is no run to raise anything",
        rests_on=("DSP-2",),
    ),
    Clause(
        id="DSP-6",
        level=Level.CHOICE,
        profiles=_DISPATCHER,
        title="an add from another thread",
        sentence=(
            "An add from a thread other than the event loop's MAY be taken, or be refused with an "
            "error; it MUST NOT be lost in silence."
        ),
        reason=(
            "Sync endpoints run on worker threads. There, `asyncio.create_task` finds no loop, and "
            "`loop.create_task` is not safe to call."
        ),
        source=(
            "FastAPI's tutorial, A task function; Python's documentation, Developing with asyncio, "
            "on concurrency and multithreading"
        ),
        rests_on=("DSP-2",),
        answers=("taken", "refused"),
    ),
    Clause(
        id="DSP-7",
        level=Level.CHOICE,
        profiles=_DISPATCHER,
        title="shutdown with work in progress",
        sentence=(
            "A shutdown with tasks in progress MAY wait for them, cancel them, or abandon them."
        ),
        reason=(
            "Every deployment is a shutdown. Which of the three it is decides what may be "
            "dispatched at all."
        ),
        source="the counterpart of CAN-4, at the end of the application in place of a run's",
        rests_on=("DSP-2",),
        answers=("waits", "cancels", "abandons"),
    ),
    Clause(
        id="DSP-8",
        level=Level.SHOULD,
        profiles=_DISPATCHER,
        title="what is abandoned is told",
        sentence=(
            "A task that is abandoned at the shutdown SHOULD be told: logged, signalled, or handed "
            "over to whoever asks."
        ),
        reason=(
            "Work that is known to be lost can be done again by hand; of the rest nobody knows "
            "that there was any."
        ),
        source="the counterpart of CAN-5, at the end of the application in place of a run's",
        rests_on=("DSP-2",),
    ),
)
