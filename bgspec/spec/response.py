"""Chapter RSP: tasks and the response that they follow.

To a framework the container is one part of a request: made before the endpoint, filled by it,
awaited when the response has been sent. The client must be unable to tell that there was one: it
gets the same answer, as soon, and its connection back. What becomes of the tasks where a request
takes another way out (an exception, a client that leaves, a websocket) is open, for frameworks
differ; but each gives one answer to each way.
"""

from __future__ import annotations

from typing import Final

from bgspec.spec._clause import Clause, Level, Profile

__all__ = ["CLAUSES"]

_REQUEST: Final = (Profile.REQUEST,)

CLAUSES: Final[tuple[Clause, ...]] = (
    Clause(
        id="RSP-1",
        level=Level.MUST,
        profiles=_REQUEST,
        title="tasks start after the response",
        sentence=(
            "Where the response is sent whole, a task MUST NOT start before the `send` of the last "
            "body message has returned."
        ),
        reason=(
            "It is the promise in the name: the mail that takes seconds is not what the client "
            "waits for."
        ),
        source=(
            "FastAPI's tutorial, Introduction; observed with FastAPI 0.165.0 on asyncio: the task "
            "is called after `send` has returned from the last body message"
        ),
    ),
    Clause(
        id="RSP-2",
        level=Level.MUST,
        profiles=_REQUEST,
        title="tasks do not change the response",
        sentence=("Status, headers and body of the response MUST NOT depend on what the tasks do."),
        reason=(
            "A task that fails after a 202 must not turn it into a 500; the client has been told "
            "that its work was accepted."
        ),
        source=(
            "FastAPI's tutorial, Introduction; observed with FastAPI 0.165.0 on asyncio: a task "
            "that raises leaves a 200 as it is"
        ),
    ),
    Clause(
        id="RSP-3",
        level=Level.MUST,
        profiles=_REQUEST,
        title="the client has the response while a task runs",
        sentence=(
            "Over a real server, the client MUST have the whole response while a task still runs."
        ),
        reason=(
            "`send` can return long before the bytes are out. Where they wait for the tasks, the "
            "user waits too."
        ),
        source="FastAPI's tutorial, Introduction",
        rests_on=("RSP-1",),
    ),
    Clause(
        id="RSP-4",
        level=Level.MUST,
        profiles=_REQUEST,
        title="the connection is not held up",
        sentence=(
            "Over a real server, the next request on the same connection MUST NOT wait for the "
            "tasks of the one before it."
        ),
        reason=(
            "A browser sends the next request on the connection that it has open, and would wait "
            "there for the last request's mail."
        ),
        source="FastAPI's tutorial, Introduction",
        rests_on=("RSP-3",),
    ),
    Clause(
        id="RSP-5",
        level=Level.MUST,
        profiles=_REQUEST,
        title="for every kind of response",
        sentence=(
            "RSP-1 to RSP-4 MUST hold for plain, 202, 204, redirect, streaming and file responses, "
            "and for an answer to HEAD."
        ),
        reason=(
            "Each kind sends its body in its own way, or has none: the last body message is easily "
            "missed where it is the first, or one of many."
        ),
        source=(
            "FastAPI's tutorial, Introduction; observed with FastAPI 0.165.0 on asyncio: plain, "
            "202, 204 and streaming responses each call the task after the last body message"
        ),
        rests_on=("RSP-1", "RSP-2", "RSP-3", "RSP-4"),
    ),
    Clause(
        id="RSP-6",
        level=Level.CHOICE,
        profiles=_REQUEST,
        title="an HTTP exception after an add",
        sentence=(
            "Tasks added before the endpoint raises the framework's own HTTP exception MAY run, or "
            "be dropped."
        ),
        reason=(
            "An audit line added before a 403 is wanted most of all, and a confirmation added "
            "before a 409 not at all."
        ),
        source="observed with FastAPI 0.165.0 on asyncio: dropped",
        rests_on=("RSP-1", "DEP-2"),
        answers=("run", "dropped"),
    ),
    Clause(
        id="RSP-7",
        level=Level.CHOICE,
        profiles=_REQUEST,
        title="any other exception after an add",
        sentence=(
            "Tasks added before any other exception is raised, in the endpoint, in a dependency, "
            "in the validation of the response, or in a middleware after the endpoint, MAY run, or "
            "be dropped."
        ),
        reason=(
            "Whether a request that ended in a 500 still sent its mail is asked in every incident."
        ),
        source=(
            "observed with FastAPI 0.165.0 on asyncio: dropped, in the endpoint, in a dependency "
            "and in validation of the response; in a middleware, dropped where a "
            "`BaseHTTPMiddleware` raises before it passes the response on"
        ),
        rests_on=("RSP-1", "DEP-2"),
        answers=("run", "dropped"),
        situations=(
            "in the endpoint",
            "in a dependency",
            "in validation of the response",
            "in a middleware after the endpoint",
        ),
    ),
    Clause(
        id="RSP-8",
        level=Level.SHOULD,
        profiles=_REQUEST,
        title="a response's own background and the injected one",
        sentence=(
            "Where a response has a background of its own, whether the endpoint returned it or set "
            "it on an injected response, both that and the injected tasks SHOULD run."
        ),
        reason=(
            "A dependency adds an audit line, the endpoint returns a response with a task of its "
            "own, and one of the two is gone without a word."
        ),
        source=(
            "FastAPI's tutorial, Technical details; observed with FastAPI 0.165.0 on asyncio: with "
            "a returned response the injected tasks are dropped, and what is set on an injected "
            "response never runs"
        ),
        rests_on=("RSP-1", "DEP-2"),
    ),
    Clause(
        id="RSP-9",
        level=Level.CHOICE,
        profiles=_REQUEST,
        title="the client leaves while tasks run",
        sentence=(
            "When the client closes the connection while tasks run, they MAY finish, or be "
            "cancelled."
        ),
        reason=(
            "Clients close as soon as they have the answer. Work that is cancelled by that is not "
            "in the background."
        ),
        source="FastAPI's tutorial, Introduction",
        rests_on=("RSP-1",),
        answers=("they finish", "they are cancelled"),
    ),
    Clause(
        id="RSP-10",
        level=Level.MUST,
        profiles=_REQUEST,
        title="the same behind middleware",
        sentence=(
            "RSP-1 to RSP-4 MUST hold behind stacked middleware too: pure ASGI, GZip and "
            "`BaseHTTPMiddleware`."
        ),
        reason=(
            "A middleware that buffers or re-sends the response comes between its end and the "
            "tasks. Adding one for logging must not delay every answer by its tasks."
        ),
        source=(
            "Starlette's documentation, Middleware; observed on asyncio: with Starlette 0.20 to "
            "1.6 a task starts before the last `send` has returned where a `BaseHTTPMiddleware` is "
            "in the stack, from 1.7.0 on after it"
        ),
        rests_on=("RSP-1", "RSP-2", "RSP-3", "RSP-4"),
    ),
    Clause(
        id="RSP-11",
        level=Level.SHOULD,
        profiles=_REQUEST,
        title="SIGTERM waits for accepted work",
        sentence=(
            "On SIGTERM, tasks that have been accepted SHOULD end within the grace time that the "
            "server gives."
        ),
        reason=(
            "Every deployment sends one. Work whose client was answered a second ago should not "
            "depend on when that is."
        ),
        source="FastAPI's tutorial, Introduction, on 202 and processing later",
        rests_on=("RSP-3",),
    ),
    Clause(
        id="RSP-12",
        level=Level.CHOICE,
        profiles=_REQUEST,
        title="the client leaves mid-stream",
        sentence=(
            "When, over a real server, the client leaves while the body is being streamed, the "
            "tasks MAY run, or be dropped."
        ),
        reason=(
            "The task that removes the temporary file behind a download is needed most where the "
            "download was broken off."
        ),
        source="the ASGI specification, HTTP, on `http.disconnect`",
        rests_on=("RSP-1",),
        answers=("run", "dropped"),
    ),
    Clause(
        id="RSP-13",
        level=Level.CHOICE,
        profiles=_REQUEST,
        title="tasks of a websocket endpoint",
        sentence="Tasks that a websocket endpoint adds MAY run when it ends, or be dropped.",
        reason=(
            "The container is injected there like anywhere else and takes adds. That nothing ever "
            "awaits it cannot be seen from the endpoint."
        ),
        source="observed with FastAPI 0.165.0 on asyncio: dropped, without a word",
        rests_on=("DEP-2",),
        answers=("run", "dropped"),
    ),
    Clause(
        id="RSP-14",
        level=Level.CHOICE,
        profiles=_REQUEST,
        title="send fails",
        sentence=(
            "When `send` raises OSError while the response is being sent, the tasks MAY run, or be "
            "dropped."
        ),
        reason=(
            "It is how a server tells that the client has gone. The order was placed all the same, "
            "and its mail is due."
        ),
        source=(
            "the ASGI specification, HTTP, on sending to a closed connection; observed with "
            "FastAPI 0.165.0 on asyncio: dropped, at the start of the response and at its body"
        ),
        rests_on=("RSP-1", "DEP-2"),
        answers=("run", "dropped"),
    ),
)
