"""Litestar: the endpoint gathers a list of tasks, and returns it with the response."""

from __future__ import annotations

from collections.abc import Iterator

from bgspec_conformance.errors import Beyond
from bgspec_conformance.request.dialects.writing import (
    beyond_injection,
    chunks,
    indented,
    module,
    works,
    wrapped,
)
from bgspec_conformance.request.plan import Application, Failing, Own, Reply

__all__ = ["write"]

ANSWERS = {
    Reply.VALUE: 'Response({{"answer": 42}}{more})',
    Reply.ACCEPTED: 'Response({{"answer": 42}}, status_code=202{more})',
    Reply.NO_CONTENT: "Response(None, status_code=204{more})",
    Reply.RESPONSE: 'Response("an answer", media_type="text/plain"{more})',
    Reply.REDIRECT: 'Redirect("/elsewhere"{more})',
    Reply.STREAM: "Stream(chunks(){more})",
    Reply.FILE: "File(anyio.__file__{more})",
    Reply.LARGE: 'Response(bytes(8 << 20), media_type="application/octet-stream"{more})',
}
MODULES = dict.fromkeys(("Redirect", "Stream", "File"), "litestar.response") | {
    "Response": "litestar"
}


def write(plan: Application) -> str:
    """The source of a module that defines ``app``.

    Raises:
        Beyond: the plan has what Litestar has not.
    """
    beyond_injection(plan, "Litestar")
    if plan.endpoint.own is not Own.NONE:
        raise Beyond("in Litestar the container is the response's own background")
    if plan.endpoint.websocket:
        raise Beyond("Litestar has no response that carries a websocket's container")
    if plan.endpoint.failing is Failing.VALIDATION:
        raise Beyond("Litestar validates no response")
    middleware, ending = wrapped(plan, "Litestar")
    more = ", background=BackgroundTasks(tasks)" if plan.endpoint.asks else ""
    answer = ANSWERS[plan.endpoint.reply].format(more=more)
    kind = answer.partition("(")[0]
    imports = {
        "import anyio",
        "from litestar import HttpMethod, Litestar, route",
        f"from {MODULES[kind]} import {kind}",
        "from litestar.background_tasks import BackgroundTask, BackgroundTasks",
    }
    if plan.endpoint.failing is Failing.HTTP:
        imports.add("from litestar.exceptions import HTTPException")
    made = ["", "", "app = Litestar([endpoint])"]
    endpoint = _endpoint(plan, kind, answer)
    return module(imports, works(plan), middleware, endpoint, made, ending)


def _endpoint(plan: Application, kind: str, answer: str) -> Iterator[str]:
    endpoint = plan.endpoint
    if endpoint.reply is Reply.STREAM:
        yield from chunks(plan)
    yield from ("", "")
    methods = "http_method=[HttpMethod.GET, HttpMethod.HEAD]"
    thread = "" if endpoint.asynchronous else ", sync_to_thread=True"
    yield f'@route("/", {methods}{thread})'
    yield f"{'async ' if endpoint.asynchronous else ''}def endpoint() -> {kind}:"
    body = ["tasks = []"] if endpoint.asks else []
    body.append(f'scene.called("endpoint"{", tasks" if endpoint.asks else ""})')
    if endpoint.asks:
        body += [
            f'tasks.append(BackgroundTask(t{work}, scene.added(t{work}, "endpoint", tasks)))'
            for work in endpoint.adds
        ]
    if endpoint.asynchronous:
        body.append("await scene.hold()")
    ends = {
        Failing.HTTP: "raise HTTPException(status_code=409)",
        Failing.ERROR: 'raise LookupError("the function failed")',
    }
    yield from indented([*body, ends.get(endpoint.failing, f"return {answer}")])
