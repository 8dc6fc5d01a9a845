"""Starlette: the endpoint makes its container, and returns it with the response."""

from __future__ import annotations

from collections.abc import Iterator

from bgspec_conformance.errors import Beyond
from bgspec_conformance.request.dialects.writing import (
    MIDDLEWARE,
    NAMES,
    beyond_injection,
    chunks,
    indented,
    module,
    works,
)
from bgspec_conformance.request.plan import Application, Failing, Own, Reply, Wrap

__all__ = ["RESPONSES", "STATUS", "added", "classes", "needed", "write"]

STATUS = {Reply.ACCEPTED: 202, Reply.NO_CONTENT: 204}
RESPONSES = {
    Reply.RESPONSE: 'PlainTextResponse("an answer"{more})',
    Reply.REDIRECT: 'RedirectResponse("/elsewhere"{more})',
    Reply.STREAM: "StreamingResponse(chunks(){more})",
    Reply.FILE: "FileResponse(anyio.__file__{more})",
    Reply.LARGE: "Response(bytes(8 << 20){more})",
}
BASE = """
class Base(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        return await call_next(request)
"""
OWN = {
    Wrap.BASE: "from starlette.middleware.base import BaseHTTPMiddleware",
    Wrap.GZIP: "from starlette.middleware.gzip import GZipMiddleware",
}
CALLED = {**NAMES, Wrap.BASE: "Base", Wrap.GZIP: "GZipMiddleware, minimum_size=1"}


def needed(plan: Application) -> set[str]:
    """The imports of a plan's middleware."""
    return {OWN[wrap] for wrap in plan.middleware if wrap in OWN}


def classes(plan: Application) -> list[str]:
    """The classes of a plan's middleware."""
    sources = {**MIDDLEWARE, Wrap.BASE: BASE}
    return [
        line
        for wrap, source in sources.items()
        if wrap in plan.middleware
        for line in ["", *source.rstrip().splitlines()]
    ]


def added(plan: Application) -> list[str]:
    """The lines that put an application into a plan's middleware."""
    return [f"app.add_middleware({CALLED[wrap]})" for wrap in reversed(plan.middleware)]


def write(plan: Application) -> str:
    """The source of a module that defines ``app``.

    Raises:
        Beyond: the plan has what Starlette has not.
    """
    beyond_injection(plan, "Starlette")
    if plan.endpoint.own is not Own.NONE:
        raise Beyond("in Starlette the container is the response's own background")
    if plan.endpoint.websocket:
        raise Beyond("Starlette has no response that carries a websocket's container")
    if plan.endpoint.failing is Failing.VALIDATION:
        raise Beyond("Starlette validates no response")
    answer = _answer(plan)
    imports = {
        "import anyio",
        "from starlette.applications import Starlette",
        "from starlette.background import BackgroundTasks",
        "from starlette.routing import Route",
        f"from starlette.responses import {answer.partition('(')[0]}",
        *needed(plan),
    }
    if plan.endpoint.failing is Failing.HTTP:
        imports.add("from starlette.exceptions import HTTPException")
    return module(imports, works(plan), classes(plan), _endpoint(plan, answer), _app(plan))


def _answer(plan: Application) -> str:
    reply = plan.endpoint.reply
    more = ", background=tasks" if plan.endpoint.asks else ""
    if reply is Reply.NO_CONTENT:
        return f"Response(status_code=204{more})"
    status = f", {STATUS[reply]}" if reply in STATUS else ""
    return RESPONSES.get(reply, 'JSONResponse({{"answer": 42}}{status}{more})').format(
        status=status, more=more
    )


def _endpoint(plan: Application, answer: str) -> Iterator[str]:
    endpoint = plan.endpoint
    if endpoint.reply is Reply.STREAM:
        yield from chunks(plan)
    yield from ("", "")
    yield f"{'async ' if endpoint.asynchronous else ''}def endpoint(request):"
    body = ["tasks = BackgroundTasks()"] if endpoint.asks else []
    body.append(f'scene.called("endpoint"{", tasks" if endpoint.asks else ""})')
    if endpoint.asks:
        body += [f'scene.add("endpoint", tasks, t{work})' for work in endpoint.adds]
    if endpoint.asynchronous:
        body.append("await scene.hold()")
    ends = {
        Failing.HTTP: "raise HTTPException(409)",
        Failing.ERROR: 'raise LookupError("the function failed")',
    }
    yield from indented([*body, ends.get(endpoint.failing, f"return {answer}")])


def _app(plan: Application) -> Iterator[str]:
    yield from ("", "")
    yield 'app = Starlette(routes=[Route("/", endpoint, methods=["GET", "HEAD"])])'
    yield from added(plan)
