"""A plan of the request profile: a whole little application, and the requests that it gets.

Works (the background tasks) and dependencies are named by their place: ``t0``, ``d0``. A dependency
needs only those before it. Nothing here knows how a framework writes any of it; a plan goes to JSON
and back.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from bgspec_conformance.plan import Record

__all__ = [
    "Application",
    "Dependency",
    "Endpoint",
    "Failing",
    "Form",
    "Leaving",
    "Method",
    "Own",
    "Part",
    "Reply",
    "Request",
    "Scope",
    "Server",
    "Spelling",
    "Work",
    "Wrap",
    "dump",
]


class Form(StrEnum):
    """What kind of callable a dependency is."""

    FUNCTION = "function"
    ASYNC_FUNCTION = "async function"
    CLASS = "class"
    INSTANCE = "instance with __call__"
    GENERATOR = "generator"
    ASYNC_GENERATOR = "async generator"


YIELDING = frozenset({Form.GENERATOR, Form.ASYNC_GENERATOR})
"""Those with a closing part."""


class Scope(StrEnum):
    """When a yielding dependency closes, where a framework lets one say."""

    REQUEST = "request scope"
    FUNCTION = "function scope"


class Failing(StrEnum):
    """How a function ends."""

    NOT = "not"
    HTTP = "an HTTP exception"
    ERROR = "another exception"
    VALIDATION = "a value that is no valid response"


class Reply(StrEnum):
    """What the endpoint answers with."""

    VALUE = "a value"
    ACCEPTED = "202"
    NO_CONTENT = "204"
    RESPONSE = "a response of its own"
    REDIRECT = "a redirect"
    STREAM = "a stream"
    FILE = "a file"
    LARGE = "a large response of its own"


class Own(StrEnum):
    """Where a background of the response's own comes from."""

    NONE = "none"
    RETURNED = "returned with the response"
    INJECTED = "set on the injected response"


class Wrap(StrEnum):
    """A middleware."""

    PASSING = "pure ASGI"
    GZIP = "GZip"
    BASE = "BaseHTTPMiddleware"
    FAILING = "one that raises when the response passes"


class Spelling(StrEnum):
    """How a program names the container and a dependency."""

    ANNOTATED = "annotated"
    PLAIN = "plain"


class Method(StrEnum):
    """The request's method."""

    GET = "GET"
    HEAD = "HEAD"


class Leaving(StrEnum):
    """When the client closes the connection, over a real server."""

    NOT = "not"
    AMID = "amid the body"
    AFTER = "after the response"


class Server(StrEnum):
    """What the application is served by."""

    NONE = "none: raw ASGI messages"
    UVICORN = "uvicorn"
    HYPERCORN = "hypercorn"


class Part(StrEnum):
    """A part of the response, as it is sent; the end is the last part of the body."""

    START = "start"
    BODY = "body"
    END = "end"


class Work(Record, frozen=True):
    """A background task.

    Attributes:
        asynchronous: it belongs on the loop.
        suspends: how often it gives the loop its turn; an async one only.
        fails: it raises.
        waits: it waits for the client's sign; over a real server only.
    """

    asynchronous: bool = False
    suspends: int = 0
    fails: bool = False
    waits: bool = False


class Dependency(Record, frozen=True):
    """A function that the framework calls before the endpoint.

    Attributes:
        form: what kind of callable.
        needs: the dependencies that it has itself.
        asks: how many of its parameters ask for the container.
        adds: the works that it adds.
        closing: the works that it adds in its closing part.
        cached: it is called once in a request, however many need it.
        security: it is declared as a security dependency.
        overridden: it stands in for another, as in an application's tests.
        failing: how it ends.
    """

    form: Form = Form.FUNCTION
    needs: tuple[int, ...] = ()
    asks: int = 1
    adds: tuple[int, ...] = ()
    closing: tuple[int, ...] = ()
    cached: bool = True
    security: bool = False
    overridden: bool = False
    failing: Failing = Failing.NOT


class Endpoint(Record, frozen=True):
    """The function that answers.

    Attributes:
        asynchronous: it runs on the loop, and gives it its turn before it ends.
        needs: the dependencies among its parameters.
        asks: how many of its parameters ask for the container.
        adds: the works that it adds.
        reply: what it answers with.
        own: where a background of the response's own comes from.
        background: the works of that.
        failing: how it ends.
        websocket: it serves a websocket instead, and has no reply.
    """

    asynchronous: bool = True
    needs: tuple[int, ...] = ()
    asks: int = 1
    adds: tuple[int, ...] = ()
    reply: Reply = Reply.VALUE
    own: Own = Own.NONE
    background: tuple[int, ...] = ()
    failing: Failing = Failing.NOT
    websocket: bool = False


class Request(Record, frozen=True):
    """A request.

    Attributes:
        method: its method.
        loses: the part of the response whose ``send`` raises OSError; None where all arrives.
        leaves: when the client closes the connection.
    """

    method: Method = Method.GET
    loses: Part | None = None
    leaves: Leaving = Leaving.NOT


class Application(Record, frozen=True, tag_field="profile", tag="request"):
    """An application, and the requests that it gets.

    Attributes:
        works: the background tasks.
        dependencies: in the order of their definition.
        endpoint: the one endpoint.
        routed: the dependencies of the router.
        applied: the dependencies of the application.
        scope: when yielding dependencies close.
        middleware: from the outermost to the innermost.
        spelling: how the program names the container and its dependencies.
        typed_by: the distribution whose class of containers it names.
        requests: one after the other, or, where ``together``, in flight at once.
        together: see there.
        server: what it is served by.
        stopped: the server is told to stop while works wait.
    """

    works: tuple[Work, ...] = (Work(),)
    dependencies: tuple[Dependency, ...] = ()
    endpoint: Endpoint = Endpoint()
    routed: tuple[int, ...] = ()
    applied: tuple[int, ...] = ()
    scope: Scope = Scope.REQUEST
    middleware: tuple[Wrap, ...] = ()
    spelling: Spelling = Spelling.ANNOTATED
    typed_by: str = "fastapi"
    requests: tuple[Request, ...] = (Request(),)
    together: bool = False
    server: Server = Server.NONE
    stopped: bool = False


_encoder = msgspec.json.Encoder()


def dump(plan: Application) -> bytes:
    """The plan as one line of JSON."""
    return _encoder.encode(plan)
