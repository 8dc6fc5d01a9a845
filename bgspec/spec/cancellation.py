"""Chapter CAN: what a cancellation stops.

Whoever awaits a run can be cancelled: a server shuts down, a deadline passes, a client leaves. A
cancellation goes inwards to the task in progress, and outwards again through the run, and on its
way it ends both. An async task can be reached, at its next suspension; a thread cannot, so a sync
task is waited for or left behind. Two mechanisms differ: a cancel scope (anyio's, trio's) stays
cancelled, while asyncio's `Task.cancel()` is delivered once.
"""

from __future__ import annotations

from typing import Final

from bgspec.spec._clause import Clause, Level, Profile

__all__ = ["CLAUSES"]

_COLLECTOR: Final = (Profile.COLLECTOR,)

CLAUSES: Final[tuple[Clause, ...]] = (
    Clause(
        id="CAN-1",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="it reaches the task in progress",
        sentence=(
            "A cancellation of the run MUST reach the async task in progress at that task's next "
            "suspension."
        ),
        reason=(
            "A task shielded without having asked for it holds up the shutdown until the server "
            "is killed, and then gets no chance to clean up."
        ),
        source=(
            "observed with Starlette 1.10.0: the sleeping task gets CancelledError on asyncio, by "
            "a scope and by `Task.cancel()`, and Cancelled on trio"
        ),
        rests_on=("RUN-1", "CALL-4"),
    ),
    Clause(
        id="CAN-2",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="no task starts after it",
        sentence="After a cancellation has left a task, a later task MUST NOT start.",
        reason=(
            "Who cancels a run closes what its tasks use. A container that treats cancellation as "
            "one more failure and continues starts them against closed pools."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio, by a scope and by `Task.cancel()`, and on "
            "trio: the next task is not called"
        ),
        rests_on=("CAN-1", "CAN-3", "ORD-2"),
    ),
    Clause(
        id="CAN-3",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="it leaves the run",
        sentence="A cancellation that has left a task MUST leave the run as well.",
        reason=(
            "A cancellation that stops inside is lost: the deadline has passed and its `async "
            "with` goes on, the shutdown waits for a task that believes it is done."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio, by a scope and by `Task.cancel()`, and on "
            "trio: the run raises the backend's cancellation error"
        ),
        rests_on=("CAN-1",),
    ),
    Clause(
        id="CAN-4",
        level=Level.CHOICE,
        profiles=_COLLECTOR,
        title="a sync task under a cancelled scope",
        sentence=(
            "A sync task in progress when a cancel scope around the run is cancelled MAY be waited "
            "for, so that the run ends after it, or left behind, so that it goes on alone."
        ),
        reason=(
            "Waited for, one slow thread delays the shutdown. Left behind, it works on with a "
            "session that has been closed."
        ),
        source="observed with Starlette 1.10.0 on asyncio and trio: waited for",
        rests_on=("CALL-1",),
        answers=("waited for", "left behind"),
    ),
    Clause(
        id="CAN-5",
        level=Level.SHOULD,
        profiles=_COLLECTOR,
        title="what never started can be told",
        sentence=(
            "After a run that was cancelled, the tasks that never started SHOULD be told, by an "
            "optional interface; to an implementation without it this clause does not apply."
        ),
        reason=(
            "On shutdown, the mails that were not sent can be logged or stored for later only by "
            "someone who knows which they are."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: after a cancelled run nothing "
            "tells the tasks that ran from those that did not"
        ),
    ),
    Clause(
        id="CAN-6",
        level=Level.SHOULD,
        profiles=_COLLECTOR,
        title="nothing starts once it was cancelled",
        sentence=(
            "Once the scope or the event-loop task of the run has been cancelled, be it before the "
            "run or while a task was suspended or on a thread, a further task SHOULD NOT start, "
            "even though none suspends in between."
        ),
        reason=(
            "Tasks that never suspend never notice: a loop of a thousand short ones runs to its "
            "end after the deadline."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: an async task that does not "
            "suspend is called in a scope cancelled before the run, after a sync task that was "
            "waited for, and after a task that swallowed the cancellation; on asyncio after "
            "`Task.cancel()` too"
        ),
        rests_on=("CAN-2", "CALL-1"),
    ),
    Clause(
        id="CAN-7",
        level=Level.CHOICE,
        profiles=_COLLECTOR,
        title="a sync task under asyncio's Task.cancel()",
        sentence=(
            "A sync task in progress when asyncio's `Task.cancel()` hits the event-loop task that "
            "awaits the run MAY be waited for, or left behind, as in CAN-4."
        ),
        reason=(
            "`asyncio.timeout`, `asyncio.TaskGroup` and most servers cancel this way, and the "
            "answer need not be the one for scopes."
        ),
        source=(
            "observed with Starlette 1.10.0 and anyio 4.16.0 on asyncio: left behind; the run is "
            "cancelled while the thread works on"
        ),
        rests_on=("CALL-1",),
        answers=("waited for", "left behind"),
    ),
)
