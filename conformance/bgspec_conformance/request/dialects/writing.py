"""What the dialects have in common: works, middleware, and how lines are put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bgspec_conformance.errors import Beyond
from bgspec_conformance.request.plan import Application, Dependency, Endpoint, Leaving, Wrap

__all__ = [
    "beyond_injection",
    "chunks",
    "indented",
    "module",
    "tasks_of",
    "works",
    "wrapped",
]

INDENT = "    "
CONTAINERS = ("tasks", "more_tasks")
"""The names of the parameters that ask for the container."""

MIDDLEWARE = {
    Wrap.PASSING: """
class Passing:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)
""",
    Wrap.FAILING: """
class Failing:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def refuse(message):
            raise RuntimeError("the middleware failed")

        await self.app(scope, receive, refuse if scope["type"] == "http" else send)
""",
}
"""Pure ASGI middleware, that any framework's application can be put into."""
NAMES = {Wrap.PASSING: "Passing", Wrap.FAILING: "Failing"}


def beyond_injection(plan: Application, framework: str) -> None:
    """Refuse what only a framework with dependencies can say.

    Raises:
        Beyond: the plan has dependencies, or an endpoint that is given two containers.
    """
    if plan.dependencies:
        raise Beyond(f"{framework} does not give its container to dependencies")
    if plan.endpoint.asks > 1:
        raise Beyond(f"{framework} has no parameters that ask for a container")


def indented(lines: Iterable[str]) -> Iterator[str]:
    """The lines, one level deeper."""
    for line in lines:
        yield INDENT + line if line else line


def works(plan: Application) -> Iterator[str]:
    """The background tasks as functions."""
    for number, work in enumerate(plan.works):
        yield ""
        yield ""
        yield f"{'async ' if work.asynchronous else ''}def t{number}(request):"
        yield f'{INDENT}with scene.work("t{number}", request):'
        body = ["await anyio.sleep(0)"] * (work.suspends if work.asynchronous else 0)
        if work.waits:
            body.append("await scene.sign()" if work.asynchronous else "scene.sign_in_thread()")
        if work.fails:
            body.append(f'raise ValueError("t{number} failed")')
        yield from indented(indented(body or ["pass"]))


def tasks_of(function: Endpoint | Dependency) -> tuple[str, ...]:
    """The names under which a function is given its containers."""
    return CONTAINERS[: function.asks]


def chunks(plan: Application) -> Iterator[str]:
    """What a stream is made of; where a client leaves amid it, much of it comes after that."""
    leaves = any(request.leaves is Leaving.AMID for request in plan.requests)
    yield from ("", "", "async def chunks():")
    body = ["for number in range(3):", '    yield f"chunk {number}\\n"']
    if leaves:
        sign = ["    if number == 1:", "        await scene.sign()", "    await anyio.sleep(0)"]
        body = ["for number in range(30):", body[1], *sign]
    yield from indented(body)


def wrapped(plan: Application, framework: str) -> tuple[list[str], list[str]]:
    """Pure ASGI middleware: the classes, and the lines that put the application into them.

    Raises:
        Beyond: the plan names a middleware of Starlette's.
    """
    if beyond := {*plan.middleware} - {*MIDDLEWARE}:
        raise Beyond(f"{framework} has no {min(beyond)} middleware")
    classes = [
        line
        for wrap in MIDDLEWARE
        if wrap in plan.middleware
        for line in ["", *MIDDLEWARE[wrap].rstrip().splitlines()]
    ]
    return classes, [f"app = {NAMES[wrap]}(app)" for wrap in reversed(plan.middleware)]


def module(imports: Iterable[str], *parts: Iterable[str]) -> str:
    """The source of a module: its imports, those from one module together, and then its parts."""
    plain = {line for line in imports if line.startswith("import ")}
    names: dict[str, set[str]] = {}
    for line in {*imports} - plain:
        _, source, _, name = line.split(" ", 3)
        names.setdefault(source, set()).update(name.split(", "))
    merged = [f"from {source} import {', '.join(sorted(names[source]))}" for source in names]
    lines = [*sorted(plain), "", *sorted(merged), *(line for part in parts for line in part)]
    return "\n".join(lines) + "\n"
