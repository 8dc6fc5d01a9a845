"""Chapter DEP: one container for all functions of a request.

Where a framework has dependencies, each of them can ask for the container, and so can the endpoint.
They all get the same object, so that whoever adds need not know who else does, and the tasks run
once, as one list. The container belongs to the request and to nothing else. A dependency that
yields has a second half, whose place among the tasks is open.
"""

from __future__ import annotations

from typing import Final

from bgspec.spec._clause import Clause, Level, Profile

__all__ = ["CLAUSES"]

_REQUEST: Final = (Profile.REQUEST,)

CLAUSES: Final[tuple[Clause, ...]] = (
    Clause(
        id="DEP-1",
        level=Level.MUST,
        profiles=_REQUEST,
        title="one object in one request",
        sentence=(
            "Within one request, every function that asks for the container by one parameter MUST "
            "get the same object, at every level: endpoint, dependency, sub-dependency, router and "
            "application; sync, async, class-based and yielding; cached or not."
        ),
        reason=(
            "Code compares, wraps and stores it. Two objects are two runs, and a task added to the "
            "one that nobody awaits is lost."
        ),
        source=(
            "FastAPI's tutorial, Dependency injection; observed with FastAPI 0.165.0 on asyncio: "
            "one object in an endpoint, a dependency, and a sub-dependency with and without cache"
        ),
    ),
    Clause(
        id="DEP-2",
        level=Level.MUST,
        profiles=_REQUEST,
        title="the tasks are merged",
        sentence=(
            "What is added at any level MUST be merged: there is one run, and each task is called "
            "once."
        ),
        reason=(
            "A dependency that three others share adds its audit line once, and wants to read it "
            "once."
        ),
        source=(
            "FastAPI's tutorial, Dependency injection; observed with FastAPI 0.165.0 on asyncio: "
            "adds of router, application, sub-dependency, dependency and endpoint run once each"
        ),
        rests_on=("DEP-1", "DEP-7"),
    ),
    Clause(
        id="DEP-3",
        level=Level.MUST,
        profiles=_REQUEST,
        title="in the order of the adds",
        sentence="The merged tasks MUST start in the order in which their adds happened.",
        reason=(
            "A dependency reserves the stock and the endpoint confirms the order; the two mails "
            "should leave in that order, though no one function added both."
        ),
        source=(
            "FastAPI's tutorial, Dependency injection; observed with FastAPI 0.165.0 on asyncio: "
            "sub-dependency, dependency, endpoint"
        ),
        rests_on=("DEP-2",),
    ),
    Clause(
        id="DEP-4",
        level=Level.MUST,
        profiles=_REQUEST,
        title="requests share nothing",
        sentence="Requests that are in flight at once MUST NOT share a container or a task.",
        reason="A container that outlives its request sends one user's mail for another's request.",
        source="FastAPI's tutorial, Using `BackgroundTasks`",
        rests_on=("RSP-1", "DEP-3"),
    ),
    Clause(
        id="DEP-5",
        level=Level.CHOICE,
        profiles=_REQUEST,
        title="when a yielding dependency closes",
        sentence=(
            "The closing part of a dependency that yields MAY run after the tasks, or before them; "
            "each scope that the framework gives a dependency has one answer."
        ),
        reason=(
            "A task that uses the request's database session works where it is closed after the "
            "tasks, and fails on a closed session where before."
        ),
        source=(
            "FastAPI's documentation, Dependencies with yield; observed with FastAPI 0.165.0 on "
            "asyncio: after the tasks with scope `request`, the default, and before the response, "
            "so before the tasks, with scope `function`"
        ),
        answers=("after the tasks", "before them"),
        situations=("request scope", "function scope"),
    ),
    Clause(
        id="DEP-6",
        level=Level.CHOICE,
        profiles=_REQUEST,
        title="an add in the closing part",
        sentence=(
            "A task that a dependency adds in its closing part MAY run, be dropped, or be refused "
            "with an error; each scope that the framework gives a dependency has one answer."
        ),
        reason=(
            "The closing part knows whether the transaction was committed, so it is where an add "
            "makes most sense; and where it comes after the run, nobody runs it."
        ),
        source=(
            "observed with FastAPI 0.165.0 on asyncio: dropped with scope `request`, the default, "
            "and run with scope `function`"
        ),
        rests_on=("DEP-2",),
        answers=("run", "dropped", "refused"),
        situations=("request scope", "function scope"),
    ),
    Clause(
        id="DEP-7",
        level=Level.MUST,
        profiles=_REQUEST,
        title="an override gets the same object",
        sentence=(
            "A dependency that overrides another MUST get the same container as the other "
            "functions of the request."
        ),
        reason=(
            "Tests override dependencies. One that gets a container of its own makes the test pass "
            "where production would not."
        ),
        source=(
            "FastAPI's documentation, Testing Dependencies with Overrides; observed with FastAPI "
            "0.165.0 on asyncio: the same object"
        ),
        rests_on=("DEP-1",),
    ),
    Clause(
        id="DEP-8",
        level=Level.SHOULD,
        profiles=_REQUEST,
        title="two parameters get the same object",
        sentence=(
            "Two parameters of one function that ask for the container SHOULD get the same object."
        ),
        reason=(
            "Two parameters are left where functions are merged, or a decorator adds one of its "
            "own. An endpoint that fails on every request for it is out of proportion."
        ),
        source=(
            "observed with FastAPI 0.165.0 on asyncio: only the last one is passed, and every "
            "request is a 500, a TypeError for the missing argument"
        ),
        rests_on=("DEP-1",),
    ),
)
