"""Chapter ARG: what a task is called with.

A container passes arguments on and does nothing else to them. In one process there is no need
to copy, convert or inspect a value, so what the adder gave is, object for object, what the
callable gets, in whatever state it is by then.
"""

from __future__ import annotations

from typing import Final

from bgspec.spec._clause import Clause, Level, Profile

__all__ = ["CLAUSES"]

_ANY_CONTAINER: Final = (Profile.COLLECTOR, Profile.DISPATCHER)

CLAUSES: Final[tuple[Clause, ...]] = (
    Clause(
        id="ARG-1",
        level=Level.MUST,
        profiles=_ANY_CONTAINER,
        title="positional arguments arrive as given",
        sentence=(
            "The positional arguments of an add MUST reach the callable as the very same objects, "
            "all of them, in the order in which they were given."
        ),
        reason=(
            "`write(path, text)` with its arguments exchanged is another call. An argument that "
            "is None, empty or a tuple is as much an argument as any."
        ),
        source=(
            "FastAPI's tutorial, Adding the task; observed with Starlette 1.10.0 on asyncio and "
            "trio: five objects, None and a tuple among them, arrive as themselves and in order"
        ),
        rests_on=("RUN-1",),
    ),
    Clause(
        id="ARG-2",
        level=Level.MUST,
        profiles=_ANY_CONTAINER,
        title="keyword arguments arrive as given",
        sentence=(
            "The keyword arguments of an add MUST reach the callable as the very same objects "
            "under the same names, in the order in which they were given."
        ),
        reason=(
            "A function that takes `**fields` writes columns or log keys in the order of the "
            "call. One that takes `message=` must not find it under another name."
        ),
        source=(
            "FastAPI's tutorial, Adding the task; observed with Starlette 1.10.0 on asyncio and "
            "trio: keywords given as z, a, m arrive in that order"
        ),
        rests_on=("RUN-1", "ADD-5"),
    ),
    Clause(
        id="ARG-3",
        level=Level.MUST,
        profiles=_ANY_CONTAINER,
        title="arguments are neither copied nor mixed",
        sentence=(
            "Between the add and the call, arguments MUST NOT be copied, changed, or mixed between "
            "tasks; a mutable argument shows the callable its state at the call."
        ),
        reason=(
            "What needs the application's own objects stays in the process for this: a "
            "connection, a cache, a lock. A copy of one is useless at best, and another task's is "
            "worse."
        ),
        source=(
            "FastAPI's tutorial, Caveat; observed with Starlette 1.10.0 on asyncio and trio: a "
            "list appended to after the add arrives longer, and a task that changes its own "
            "`**kwargs` does not change the next one's"
        ),
        rests_on=("ARG-1", "ARG-2"),
    ),
)
