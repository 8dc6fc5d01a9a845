"""Quart: tasks are handed to the application, which starts them at once."""

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
    Reply.VALUE: '{"answer": 42}',
    Reply.ACCEPTED: '{"answer": 42}, 202',
    Reply.NO_CONTENT: '"", 204',
    Reply.RESPONSE: 'Response("an answer")',
    Reply.REDIRECT: 'redirect("/elsewhere")',
    Reply.STREAM: "chunks()",
    Reply.FILE: "await send_file(anyio.__file__)",
    Reply.LARGE: "Response(bytes(8 << 20))",
}
IMPORTS = {
    Reply.RESPONSE: "from quart import Response",
    Reply.REDIRECT: "from quart import redirect",
    Reply.FILE: "from quart import send_file",
    Reply.LARGE: "from quart import Response",
}
APP = (
    "",
    "",
    'app = Quart("application")',
    "tasks = SimpleNamespace(add_task=app.add_background_task)",
)


def write(plan: Application) -> str:
    """The source of a module that defines ``app``.

    Raises:
        Beyond: the plan has what Quart has not.
    """
    beyond_injection(plan, "Quart")
    endpoint = plan.endpoint
    if endpoint.own is not Own.NONE:
        raise Beyond("Quart's responses have no background")
    if endpoint.failing is Failing.VALIDATION:
        raise Beyond("Quart validates no response")
    if endpoint.reply is Reply.FILE and not endpoint.asynchronous:
        raise Beyond("Quart's send_file is async")
    middleware, ending = wrapped(plan, "Quart")
    imports = {"import anyio", "from quart import Quart", "from types import SimpleNamespace"}
    if endpoint.websocket:
        imports.add("from quart import websocket")
    elif endpoint.reply in IMPORTS:
        imports.add(IMPORTS[endpoint.reply])
    if endpoint.failing is Failing.HTTP:
        imports.add("from quart import abort")
    return module(imports, works(plan), middleware, APP, _endpoint(plan), _put(ending))


def _put(ending: list[str]) -> list[str]:
    """The lines that put the application into middleware: Quart's own object has to stay."""
    if not ending:
        return []
    return ["", "", *(line.replace("app", "app.asgi_app") for line in ending)]


def _endpoint(plan: Application) -> Iterator[str]:
    endpoint = plan.endpoint
    if endpoint.reply is Reply.STREAM:
        yield from chunks(plan)
    yield from ("", "")
    body = ['scene.called("endpoint")']
    body += [f'scene.add("endpoint", tasks, t{work})' for work in endpoint.adds]
    if endpoint.asynchronous:
        body.append("await scene.hold()")
    ends = {Failing.HTTP: "abort(409)", Failing.ERROR: 'raise LookupError("the function failed")'}
    last = f"return {ANSWERS[endpoint.reply]}"
    if endpoint.websocket:
        yield '@app.websocket("/")'
        body = ["await websocket.accept()", *body]
        last = "await websocket.close(1000)"
    else:
        yield '@app.get("/")'
    yield f"{'async ' if endpoint.asynchronous or endpoint.websocket else ''}def endpoint():"
    yield from indented([*body, ends.get(endpoint.failing, last)])
