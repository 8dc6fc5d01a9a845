"""Chapter QUE: another process does the work.

What leaves the process leaves as a message: a name and encoded arguments, kept by a broker, taken
by a worker. Objects by identity and context variables are gone with that, and other promises become
possible, which a process alone cannot give: work that outlives a crash, a backlog, workers on
other machines. Each way has its own silences (a value that arrives as another, a name that the
worker does not know, a broker that is not there), and the adder is the one to be told.
"""

from __future__ import annotations

from typing import Final

from bgspec.spec._clause import Clause, Level, Profile

__all__ = ["CLAUSES"]

_QUEUE: Final = (Profile.QUEUE,)

CLAUSES: Final[tuple[Clause, ...]] = (
    Clause(
        id="QUE-1",
        level=Level.MUST,
        profiles=_QUEUE,
        title="accepted work is executed",
        sentence=(
            "A task that an add accepted MUST be executed by a worker, with arguments equal to "
            "those of the add."
        ),
        reason=(
            "It is what one sets up a broker for. Equal is all that a message can promise, and no "
            "less will do."
        ),
        source="FastAPI's tutorial, Caveat",
    ),
    Clause(
        id="QUE-2",
        level=Level.SHOULD,
        profiles=_QUEUE,
        title="values that do not survive are refused",
        sentence=(
            "A value that would arrive as another, such as a tuple as a list, an int key as a str, "
            "or NaN as None, SHOULD be refused by the add, with an error that names the argument."
        ),
        reason=(
            "The task that looked up `prices[3]` finds `prices['3']`, in another process, an hour "
            "later."
        ),
        source=(
            "observed with `json` of CPython 3.11.7: `{3: (1, 2)}` comes back as "
            "`{'3': [1, 2]}`; with msgspec 0.22's: NaN is encoded as null"
        ),
        rests_on=("QUE-1",),
    ),
    Clause(
        id="QUE-3",
        level=Level.MUST,
        profiles=_QUEUE,
        title="one worker takes tasks in order",
        sentence=(
            "One worker that executes one task at a time MUST take tasks in the order of their "
            "adds."
        ),
        reason=(
            "What needs an order gives up parallel workers for it; that must then be all it takes."
        ),
        source="the counterpart of ORD-1, in another process",
        rests_on=("QUE-1",),
    ),
    Clause(
        id="QUE-4",
        level=Level.MUST,
        profiles=_QUEUE,
        title="a failure stops nothing",
        sentence="A task that fails MUST stop neither the worker nor the tasks after it.",
        reason=(
            "One bad message at the head of the queue, and nothing of anybody's is done any more."
        ),
        source="the counterpart of DSP-4, in another process",
        rests_on=("QUE-1",),
    ),
    Clause(
        id="QUE-5",
        level=Level.MUST,
        profiles=_QUEUE,
        title="unknown functions are refused",
        sentence="A function that the worker does not know MUST be refused by the add.",
        reason=(
            "A lambda or a local function has no name to send. A worker that gets a name it does "
            "not know can only throw the message away."
        ),
        source="Celery's documentation, Tasks, on names",
    ),
    Clause(
        id="QUE-6",
        level=Level.MUST,
        profiles=_QUEUE,
        title="async def tasks run, or are refused",
        sentence=(
            "An `async def` task MUST run to its end in the worker, or be refused by the add; it "
            "is never a silent nothing."
        ),
        reason=(
            "A worker that calls functions and stores what they return gets a coroutine, drops it, "
            "and reports a success."
        ),
        source="FastAPI's tutorial, A task function; the counterpart of CALL-4 and CALL-6",
        rests_on=("QUE-1",),
    ),
    Clause(
        id="QUE-7",
        level=Level.SHOULD,
        profiles=_QUEUE,
        title="a killed worker's task is run again",
        sentence=(
            "A task whose worker is killed by SIGKILL in the middle of it SHOULD be run again."
        ),
        reason=(
            "The kernel kills what uses too much memory, and a deployment kills what is too slow. "
            "The task was accepted, and nobody else knows of it."
        ),
        source=(
            "Celery's documentation, Tasks: the message is acknowledged before the task runs "
            "unless `acks_late` is set, and then too where the process executing it is killed"
        ),
        rests_on=("QUE-1",),
    ),
    Clause(
        id="QUE-8",
        level=Level.MUST,
        profiles=_QUEUE,
        title="without a broker the add fails",
        sentence=(
            "With the broker away, an add MUST fail within a bounded time, and a task MUST NOT be "
            "dropped in silence."
        ),
        reason=(
            "An endpoint that waits for ever for the broker takes the web server down with it, and "
            "one that answers 202 regardless lies."
        ),
        source="FastAPI's tutorial, Caveat, on the broker that has to be there",
    ),
    Clause(
        id="QUE-9",
        level=Level.MUST,
        profiles=_QUEUE,
        title="a backlog outlives a restart",
        sentence="Tasks that wait for a worker MUST outlive a restart of that worker.",
        reason=(
            "The worker restarts at every deployment, and the backlog is longest when it was down."
        ),
        source="FastAPI's tutorial, Caveat",
        rests_on=("QUE-1",),
    ),
    Clause(
        id="QUE-10",
        level=Level.SHOULD,
        profiles=_QUEUE,
        title="SIGTERM lets the task end",
        sentence="On SIGTERM, the task that a worker has in progress SHOULD end before it exits.",
        reason=(
            "It is how deployments stop workers, several times a day. A task broken off half-way "
            "is worse than one not begun."
        ),
        source="Celery's documentation, Workers Guide, on stopping the worker",
        rests_on=("QUE-1",),
    ),
    Clause(
        id="QUE-11",
        level=Level.MUST,
        profiles=_QUEUE,
        title="a worker runs what was registered",
        sentence=(
            "A worker MUST run only functions that were registered with it, and no payload can "
            "make it run anything else; so payloads are not pickles."
        ),
        reason=(
            "Whoever can write to the broker can otherwise run any code on the worker, with all "
            "its secrets."
        ),
        source=(
            "Celery's documentation, Security, on serializers; observed with CPython 3.11.7: "
            "`pickle.loads` calls whatever function the payload names"
        ),
        rests_on=("QUE-1",),
    ),
)
