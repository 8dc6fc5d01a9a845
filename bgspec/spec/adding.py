"""Chapter ADD: how work gets into a container.

An add notes a callable and its arguments, and does nothing with them. All that an adder may
rely on afterwards follows from that: the note is complete, it is kept once for every add, it is
this container's alone, and what could never be carried out is refused while the adder is there
to be told.
"""

from __future__ import annotations

from typing import Final

from bgspec.spec._clause import Clause, Level, Profile

__all__ = ["CLAUSES"]

_COLLECTOR: Final = (Profile.COLLECTOR,)
_ANY_CONTAINER: Final = (Profile.COLLECTOR, Profile.DISPATCHER)

CLAUSES: Final[tuple[Clause, ...]] = (
    Clause(
        id="ADD-1",
        level=Level.MUST,
        profiles=_COLLECTOR,
        title="adding calls nothing",
        sentence=(
            "The callable of a task MUST NOT be called, nor a coroutine made from it, before the "
            "run."
        ),
        reason=(
            "Work that begins while the request is still being served delays the response, and "
            "runs even where the request then fails. A coroutine made too early warns that it "
            "was never awaited when the container is dropped."
        ),
        source=(
            "FastAPI's tutorial, Introduction; observed with Starlette 1.10.0 on asyncio and trio: "
            "neither a sync nor an async task had been called before the container was awaited"
        ),
    ),
    Clause(
        id="ADD-2",
        level=Level.MUST,
        profiles=_ANY_CONTAINER,
        title="any callable is taken",
        sentence=(
            "Any callable MUST be taken by `add_task`, and called in its turn: a function, a "
            "lambda, a bound method, a class method, a static method, a `functools.partial` "
            "however nested, an instance whose class defines `__call__`, a builtin, and a class, "
            "unless the instances of that class have an async `__call__`."
        ),
        reason=(
            "Applications add what they have at hand: a client's method, a partial that binds a "
            "session, `list.append`. One shape that fails is found in production, after the "
            "response."
        ),
        source=(
            "FastAPI's tutorial, A task function; observed with Starlette 1.10.0 on asyncio and "
            "trio: every shape is called; a class whose instances have an async `__call__` is "
            "taken for async, so it is called on the loop, and awaiting the instance is a "
            "TypeError"
        ),
        rests_on=("RUN-1",),
    ),
    Clause(
        id="ADD-3",
        level=Level.MUST,
        profiles=_ANY_CONTAINER,
        title="every add counts",
        sentence=(
            "Every add MUST count: two adds of an equal callable with equal arguments are two "
            "tasks, and there is no limit to how many are kept."
        ),
        reason=(
            "Two equal log lines or two equal charges may both be meant. A container that keeps a "
            "set, or the last hundred, loses work that was accepted."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: 3,000 adds of one function made "
            "3,000 calls"
        ),
        rests_on=("ADD-1", "RUN-1", "RUN-4"),
    ),
    Clause(
        id="ADD-4",
        level=Level.MUST,
        profiles=_ANY_CONTAINER,
        title="adds from several threads are kept",
        sentence=(
            "Adds from several threads MUST all be kept, those of each thread in that thread's own "
            "order."
        ),
        reason=(
            "FastAPI runs `def` endpoints and dependencies on worker threads, so one request's "
            "container is added to from several. A lost add there is a mail that is never sent, "
            "once in a thousand requests."
        ),
        source=(
            "FastAPI's tutorial, Dependency injection; observed with Starlette 1.10.0 on asyncio "
            "and trio: four threads added 500 tasks each, and all ran, each thread's in order"
        ),
        rests_on=("RUN-1", "ORD-1", "ADD-3", "RUN-4"),
    ),
    Clause(
        id="ADD-5",
        level=Level.MUST,
        profiles=_ANY_CONTAINER,
        title="no keyword is swallowed",
        sentence=(
            "A keyword argument given along with the callable MUST reach it under its own name, or "
            "the add MUST be refused with TypeError; it is never swallowed."
        ),
        reason=(
            "A `timeout=` or `name=` that the container keeps for itself leaves the function with "
            "its default, and nobody is told."
        ),
        source=(
            "FastAPI's tutorial, Adding the task; observed with Starlette 1.10.0 on asyncio and "
            "trio: of 21 names, `timeout`, `args` and `kwargs` among them, 19 reach the function, "
            "and `func` and `self` are a TypeError of the add"
        ),
        rests_on=("RUN-1",),
    ),
    Clause(
        id="ADD-6",
        level=Level.SHOULD,
        profiles=_ANY_CONTAINER,
        title="func, self, args and kwargs reach the task",
        sentence=(
            "A keyword argument named `func`, `self`, `args` or `kwargs` SHOULD reach the callable "
            "like any other, rather than be refused."
        ),
        reason=(
            "A task function is named by whoever wrote it, and `func` is a fair name for a "
            "parameter. That a container uses the same name inside is none of the caller's "
            "business."
        ),
        source=(
            "observed with Starlette 1.10.0 and FastAPI 0.165.0 on asyncio and trio: "
            "`add_task(f, func=1)` and `add_task(f, self=1)` are a TypeError, got multiple values; "
            "`args` and `kwargs` reach the function"
        ),
        rests_on=("ADD-5",),
    ),
    Clause(
        id="ADD-7",
        level=Level.SHOULD,
        profiles=_ANY_CONTAINER,
        title="what cannot be called is refused at the add",
        sentence="What cannot be called SHOULD be refused with TypeError by the add.",
        reason=(
            "`add_task(send())` in place of `add_task(send)` is the commonest slip. Told at the "
            "add it is a traceback to the line; told at the run it points into the framework, "
            "with the response gone."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: None, a number, a string and a "
            'coroutine object are taken, and the run fails with "TypeError: the first argument '
            'must be callable"'
        ),
    ),
    Clause(
        id="ADD-8",
        level=Level.MUST,
        profiles=_ANY_CONTAINER,
        title="containers share nothing",
        sentence=(
            "Two containers MUST share nothing: a task added to the one is never run by the other."
        ),
        reason=(
            "A container a request is what keeps one user's work apart from another's. A default "
            "argument that is a list is enough to mix them."
        ),
        source=(
            "FastAPI's tutorial, Using `BackgroundTasks`; observed with Starlette 1.10.0 on "
            "asyncio and trio: a run of an empty container called nothing of the other's"
        ),
        rests_on=("RUN-1", "RUN-2", "RUN-4"),
    ),
    Clause(
        id="ADD-9",
        level=Level.CHOICE,
        profiles=_ANY_CONTAINER,
        title="when wrong arguments are told",
        sentence=(
            "A TypeError for arguments that do not fit the callable's signature MAY be raised by "
            "the add, or surface at the run."
        ),
        reason=(
            "At the add, the request can still answer with an error. At the run, the client has "
            "been told that all is well."
        ),
        source=(
            "observed with Starlette 1.10.0 on asyncio and trio: at the run, for sync and async "
            "tasks"
        ),
        rests_on=("ADD-1", "RUN-2", "ERR-1"),
        answers=("at the add", "at the run"),
    ),
    Clause(
        id="ADD-10",
        level=Level.MUST,
        profiles=_ANY_CONTAINER,
        title="the add returns None",
        sentence="`add_task` MUST return None.",
        reason=(
            "Code that adds need not know what it adds to. A sink that returns a coroutine does "
            "nothing until somebody awaits it, and one that returns a handle tempts callers to "
            "need it."
        ),
        source=(
            "FastAPI's tutorial, Adding the task; observed with Starlette 1.10.0 on asyncio and "
            "trio: None"
        ),
    ),
)
