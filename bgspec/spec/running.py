"""Chapter RUN: what awaiting a container does.

A run is one pass over what was added. It calls each task once, lasts as long as they do, and
gives nothing back. The pass can meet the container in odd states: empty, still growing, already
run, or in the middle of a run; in each of them accepted work is run or refused aloud, and
is never lost in silence.
"""

from __future__ import annotations

from typing import Final

from bgspec.spec._clause import Clause, Level, Profile

__all__ = ["CLAUSES"]

_COLLECTOR: Final = (Profile.COLLECTOR,)

CLAUSES: Final[tuple[Clause, ...]] = (
    Clause(
        id="RUN-1",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="each task is called once a run",
        sentence=(
            "A run MUST NOT call any task twice, and MUST call each one unless a failure (ERR-4), "
            "a cancellation or the answer to RUN-6 keeps it from that."
        ),
        reason=(
            "It is what the container is for. A mail that is not sent and a mail that is sent "
            "twice are both complaints."
        ),
        source=(
            "FastAPI's tutorial, Introduction; observed with Starlette 1.10.0 on asyncio and trio: "
            "one call each, for up to 3,000 tasks"
        ),
    ),
    Clause(
        id="RUN-2",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="the run lasts as long as its tasks",
        sentence=(
            "The run MUST NOT end before the last of its tasks has ended, but for a sync task that "
            "is left behind on cancellation (CAN-4, CAN-7)."
        ),
        reason=(
            "Whoever awaits the container closes what the tasks use next: the session, the "
            "loop, the process."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: whatever sync and async tasks "
            "had to do was done when the run returned"
        ),
        rests_on=("RUN-1",),
    ),
    Clause(
        id="RUN-3",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="an empty run ends at once",
        sentence="The run of a container with no task in it MUST end at once, without error.",
        reason=(
            "Most requests that ask for a container add nothing to it, and the framework awaits "
            "it all the same."
        ),
        source="observed with Starlette 1.10.0 on asyncio and trio: it returns None",
        rests_on=("ADD-8",),
    ),
    Clause(
        id="RUN-4",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="return values have no effect",
        sentence=(
            "What a task returns MUST have no effect, but for an awaitable that a sync callable "
            "returns (CALL-6), and the run MUST return None."
        ),
        reason=(
            "Functions that serve elsewhere too return all kinds of things. A False that stops "
            "the run, or an exception object that is taken for a failure, would be a trap."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: True, False, None, an exception "
            "class, exception objects and NotImplemented, from sync and async tasks, change "
            "nothing"
        ),
        rests_on=("RUN-1",),
    ),
    Clause(
        id="RUN-5",
        level=Level.CHOICE,
        profiles=_COLLECTOR,
        title="an add while the container runs",
        sentence=(
            "A task that is added while the container runs MAY run in this run, run in the next, "
            "or be refused with an error by the add; it MUST NOT be lost in silence, and the "
            "answer is one for adds from sync and from async tasks."
        ),
        reason=(
            "A task that fans out adds its parts to the container that it runs in. Where nobody "
            "runs that again, `next run` means never."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: this run, after the tasks already "
            "added, from sync and async tasks, the last one included"
        ),
        rests_on=("RUN-1", "ADD-2", "CALL-5", "ADD-3"),
        answers=("this run", "next run", "refused"),
    ),
    Clause(
        id="RUN-6",
        level=Level.CHOICE,
        profiles=_COLLECTOR,
        title="a second run",
        sentence=(
            "A second run of a container MAY call its tasks again, do nothing with tasks that a "
            "run has had, or be refused with an error."
        ),
        reason=(
            "A middleware that runs the container of a response that runs it too charges the card "
            "twice, or not."
        ),
        source="observed with Starlette 1.10.0 on asyncio and trio: again, every task",
        rests_on=("RUN-1",),
        answers=("again", "nothing", "refused"),
    ),
    Clause(
        id="RUN-7",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="an add after a run is not lost",
        sentence=(
            "A task that is added after a run MUST be run by the next one, unless the add or that "
            "run is refused with an error, or a failure (ERR-4) or a cancellation ends that run "
            "before it."
        ),
        reason=(
            "A container that is kept and run again and again is a fair use, and one that forgets "
            "to look for new work after its first run is hard to notice."
        ),
        source="observed with Starlette 1.10.0 on asyncio and trio: the next run has it",
        rests_on=("RUN-1",),
    ),
    Clause(
        id="RUN-8",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="two containers run at once",
        sentence=(
            "Two containers MUST be able to run at once on one event loop, neither waiting for the "
            "other, as long as there are worker threads for both."
        ),
        reason=(
            "A server has many requests in flight. One slow task must not hold up the work of all "
            "the others, nor two tasks that wait for each other hang."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: two runs whose tasks wait for "
            "each other both end"
        ),
        rests_on=("RUN-1", "CALL-4", "ADD-8"),
    ),
    Clause(
        id="RUN-9",
        level=Level.CHOICE,
        profiles=_COLLECTOR,
        title="awaited while it runs",
        sentence=(
            "A container that is awaited within a task of its own, or twice at once, MAY call its "
            "tasks again, refuse with an error, or join the run in progress; it MUST NOT "
            "deadlock."
        ),
        reason=(
            "It happens by accident, where a helper both adds and runs. A lock that the same task "
            "waits for never opens, and the worker is stuck for good."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: again, within a task of its own "
            "and twice at once; a container that holds itself ends in a RecursionError"
        ),
        rests_on=("RUN-1",),
        answers=("again", "refused", "joined"),
        situations=("within a task of its own", "twice at once"),
    ),
    Clause(
        id="RUN-10",
        level=Level.SHOULD,
        profiles=_COLLECTOR,
        title="arguments are released",
        sentence=(
            "Once a task has ended, its arguments SHOULD be released: neither the container nor "
            "the run refers to them any more."
        ),
        reason=(
            "An uploaded file or a data frame that the first task used should not sit in memory "
            "while the tenth one waits for a mail server."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: an argument that nobody else "
            "holds is alive during the next task, and after the run"
        ),
        rests_on=("RUN-1",),
    ),
)
