"""Chapter CTX: context variables.

A context variable carries what code further up set: a request id, a tenant, a trace. A task has
two pieces of code further up, the adder and the awaiter, and the contract leaves open whose values
it sees. What a task sets is its own: a container that lets it out makes the next task, or the
server's loop around the run, see a value that nobody there asked for.
"""

from __future__ import annotations

from typing import Final

from bgspec.spec._clause import Clause, Level, Profile

__all__ = ["CLAUSES"]

_ANY_CONTAINER: Final = (Profile.COLLECTOR, Profile.DISPATCHER)

CLAUSES: Final[tuple[Clause, ...]] = (
    Clause(
        id="CTX-1",
        level=Level.MUST,
        profiles=_ANY_CONTAINER,
        title="tasks see context variables",
        sentence=(
            "Sync and async tasks MUST see the values that context variables had for the adder or "
            "for the awaiter, whichever CTX-2 says, but for what earlier tasks set (CTX-3)."
        ),
        reason=(
            "A log line without its request id cannot be traced, and a sync task on a bare thread "
            "has lost all of them."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: sync and async tasks see the "
            "awaiter's value"
        ),
        rests_on=("RUN-1", "ORD-1"),
    ),
    Clause(
        id="CTX-2",
        level=Level.CHOICE,
        profiles=_ANY_CONTAINER,
        title="as of the add or the run",
        sentence=(
            "The values that a task sees MAY be those as of its add, or those as of the run."
        ),
        reason=(
            "A middleware that resets the tenant once the response is sent resets it for tasks "
            "that see the run's values, and not for those that see the add's."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: the run, for sync and async tasks"
        ),
        rests_on=("CTX-1",),
        answers=("the add", "the run"),
    ),
    Clause(
        id="CTX-3",
        level=Level.SHOULD,
        profiles=_ANY_CONTAINER,
        title="what a task sets is its own",
        sentence=(
            "What a task sets in a context variable SHOULD be seen neither by tasks already added "
            "nor by the caller of the run."
        ),
        reason=(
            "One task logs in as the service account, and the next one, or the middleware around "
            "the run, acts under that name."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: what an async task sets is seen "
            "by every later task, sync and async, and by the caller; what a sync task sets is seen "
            "by none"
        ),
        rests_on=("CTX-1",),
    ),
)
