"""Chapter ERR: what becomes of a task that fails.

An exception *surfaces* when it is what the run raised, or is reached from that by the members of
exception groups, by `__cause__` or by `__context__`. Nothing else counts: a line in a log is seen
by nobody who awaits the run. How the run goes on after a failure is open (ERR-4); that the failure
is told, by the very object that was raised, is not.

Some exceptions mean more than a failure. KeyboardInterrupt and SystemExit end the process;
StopIteration, StopAsyncIteration and GeneratorExit drive generators and coroutines, and get lost
in machinery made of these; the backend's cancellation error belongs to whoever cancelled. Each has
a clause of its own, and the others are about all the rest.
"""

from __future__ import annotations

from typing import Final

from bgspec.spec._clause import Clause, Level, Profile

__all__ = ["CLAUSES"]

_COLLECTOR: Final = (Profile.COLLECTOR,)

CLAUSES: Final[tuple[Clause, ...]] = (
    Clause(
        id="ERR-1",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="a failure surfaces",
        sentence=(
            "An exception that a task raises MUST surface: it is what the run raises, or is "
            "reached from that by the members of exception groups, `__cause__` or `__context__`. "
            "One that a sync task raises after it was left behind (CAN-4, CAN-7) need not."
        ),
        reason=(
            "With the response gone, the run is the last place where anybody can learn that the "
            "work failed: the server's log and the error tracker sit there."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: the run raises it, an Exception, "
            "a BaseException or a group, from sync and async tasks"
        ),
        rests_on=("RUN-1",),
    ),
    Clause(
        id="ERR-2",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="it is the same exception",
        sentence=(
            "What surfaces MUST be the same object that the task raised, with a traceback that "
            "reaches into the task; only StopIteration MAY come as the `__cause__` of a "
            "RuntimeError."
        ),
        reason=(
            "Handlers match by type and read attributes, and whoever mends the task needs the "
            "line that raised. A copy, or a text of it, has neither."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: the same object, whose last frame "
            "is the task's; StopIteration as the cause of \"RuntimeError: coroutine raised "
            'StopIteration", from sync and async tasks'
        ),
        rests_on=("ERR-1",),
    ),
    Clause(
        id="ERR-3",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="a failure undoes nothing",
        sentence=(
            "When a task fails, the tasks that ended before it MUST NOT be undone, nor repeated "
            "within that run."
        ),
        reason=(
            "A container is no transaction. One that starts over after a failure sends the first "
            "mail again."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: a task before the failing one was "
            "called once"
        ),
        rests_on=("RUN-1", "ORD-3"),
    ),
    Clause(
        id="ERR-4",
        level=Level.CHOICE,
        profiles=_COLLECTOR,
        title="after a failure",
        sentence=(
            "After a task has failed, the run MAY stop, so that no later task starts, or continue "
            "with the tasks that follow; the answer is one for sync and async tasks."
        ),
        reason=(
            "Where it stops, a failing audit line costs the user the mail that was added after "
            "it. Where it continues, a later task runs although what it builds on failed."
        ),
        source=(
            "Starlette's documentation, Background Tasks; observed with Starlette 1.10.0 on "
            "asyncio and trio: stop"
        ),
        rests_on=("RUN-1", "ADD-2", "CALL-5", "ORD-1", "ADD-3", "ADD-4", "ADD-8"),
        answers=("stop", "continue"),
    ),
    Clause(
        id="ERR-5",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="every failure is told",
        sentence=(
            "Where the run continues after a failure, every failure MUST surface; a run that then "
            "ends by KeyboardInterrupt or SystemExit (ERR-6), or by a cancellation, MUST carry the "
            "earlier failures in its `__context__` chain, or tell them by log."
        ),
        reason=(
            "A run that goes on and raises the first failure, or the last, hides all the others, "
            "and the fault in the second task is found when the first is mended."
        ),
        source=(
            "follows from ERR-1 and ERR-4; observed with Litestar 2.25.0 on asyncio, "
            "`run_in_task_group=True`: two failing tasks surface as one ExceptionGroup of both; "
            "Starlette 1.10.0 stops, and keeps it with nothing to do"
        ),
        rests_on=("ERR-1",),
    ),
    Clause(
        id="ERR-6",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="KeyboardInterrupt and SystemExit pass",
        sentence=(
            "KeyboardInterrupt and SystemExit MUST leave the run as they are, from sync and async "
            "tasks alike: the run raises that very object, in no group, and no later task starts."
        ),
        reason=(
            "They are how a process is told to end. A container that files them with the other "
            "failures and goes on holds up the shutdown."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: the run raises the same object, "
            "from sync and async tasks, and the next task is not called"
        ),
        rests_on=("RUN-1", "ERR-1"),
    ),
    Clause(
        id="ERR-7",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="StopIteration and its kin surface",
        sentence=(
            "StopIteration, StopAsyncIteration and GeneratorExit out of a task MUST surface too, "
            "and nothing hangs; on asyncio, a GeneratorExit that comes out of a thread, or of an "
            "event-loop task of its own, MAY close the coroutines that await the run, and surface "
            "as what the event-loop task that holds them ends with."
        ),
        reason=(
            "A bare `next()` in a sync task raises StopIteration, which an asyncio future "
            "refuses: a naive hand-over from the thread leaves the run waiting for ever."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: all three surface, from sync and "
            "async tasks; on asyncio a GeneratorExit out of a sync task is thrown into the "
            "coroutines around the run, which Python closes: no `except` in them sees that object, "
            "and the event-loop task ends with it"
        ),
        rests_on=("ERR-1",),
    ),
    Clause(
        id="ERR-8",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="a failure harms nothing else",
        sentence=(
            "After a failed run other containers, the event loop and its worker threads MUST serve "
            "as before."
        ),
        reason=(
            "Forty failing tasks that each keep a thread token leave a server on which no sync "
            "endpoint is ever answered again."
        ),
        source=(
            "observed with Starlette 1.10.0 and anyio 4.16.0 on asyncio and trio: after failing "
            "runs with seven kinds of exception, from sync and from async tasks, a new container "
            "runs tasks of both, no thread token is borrowed, and no thread is left over"
        ),
        rests_on=("RUN-1",),
    ),
    Clause(
        id="ERR-9",
        level=Level.CHOICE,
        profiles=_COLLECTOR,
        title="a cancellation error of the task's own",
        sentence=(
            "The backend's cancellation error that a task raises by itself MAY surface, as any "
            "failure does, or count as a cancellation, so that the run ends as a cancelled one and "
            "no later task starts; it MUST NOT be swallowed. Where it surfaces, that is the "
            "answer, whatever else holds."
        ),
        reason=(
            "A task that awaits a future that somebody else cancelled raises it. Taken for a "
            "success, the work was not done and nobody knows."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio: the run raises the same CancelledError, "
            "from a sync and from an async task; trio gives no way to make its Cancelled"
        ),
        rests_on=("RUN-1", "ERR-1", "CAN-3"),
        answers=("surfaces", "counts as cancellation"),
        situations=("from a sync task", "from an async task"),
    ),
)
