"""Chapter ORD: one task after another.

A container is a queue with one server. The order of adds is the order of starts; each task has
ended before the next starts; and so each finds all that the one before it did, as if the tasks
were statements of one function, whichever threads they ran on.
"""

from __future__ import annotations

from typing import Final

from bgspec.spec._clause import Clause, Level, Profile

__all__ = ["CLAUSES"]

_COLLECTOR: Final = (Profile.COLLECTOR,)

CLAUSES: Final[tuple[Clause, ...]] = (
    Clause(
        id="ORD-1",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="first added, first started",
        sentence="Tasks MUST start in the order of their adds.",
        reason=(
            "An application adds `create` before `notify` because it means that order, and has no "
            "other way to say it."
        ),
        source=(
            "Starlette's documentation, Background Tasks; observed with Starlette 1.10.0 on "
            "asyncio and trio: 40 tasks, sync and async in turn, start in the order of adds"
        ),
        rests_on=("RUN-1", "ORD-2"),
    ),
    Clause(
        id="ORD-2",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="one at a time",
        sentence=(
            "A task MUST NOT start before the one added before it has ended, sync and async tasks "
            "mixed."
        ),
        reason=(
            "Tasks that share a session or a file need no lock, for there is never more than one "
            "of them at work."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: of 40 tasks, sync and async in "
            "turn, no two overlap; Litestar 2.25.0 gives it up where asked to, with "
            "`run_in_task_group=True`"
        ),
        rests_on=("ADD-1", "RUN-1", "CALL-4"),
    ),
    Clause(
        id="ORD-3",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="a task finds what the one before it wrote",
        sentence=(
            "What a task wrote before it ended, the next one MUST read, whichever threads the two "
            "ran on."
        ),
        reason=(
            "A sync task makes the file on a worker thread, and an async one on the loop sends "
            "it. Neither takes a lock."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: a counter that 60 tasks, sync and "
            "async in turn, raise by one without a lock counts to 60"
        ),
        rests_on=("RUN-1", "ORD-2"),
    ),
)
