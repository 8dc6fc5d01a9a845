"""Plain ASGI, with bgspec's middleware: the application asks for the container of its request."""

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
    Reply.VALUE: (200, '{"answer": 42}'),
    Reply.ACCEPTED: (202, '{"answer": 42}'),
    Reply.NO_CONTENT: (204, ""),
    Reply.RESPONSE: (200, "an answer"),
    Reply.REDIRECT: (307, ""),
    Reply.STREAM: (200, ""),
    Reply.LARGE: (200, ""),
}
START = 'await send({{"type": "http.response.start", "status": {status}, "headers": []}})'
BODY = 'await send({"type": "http.response.body", "body": %s, "more_body": %s})'


def write(plan: Application) -> str:
    """The source of a module that defines ``app``.

    Raises:
        Beyond: the plan has what only a framework has.
    """
    beyond_injection(plan, "plain ASGI")
    endpoint = plan.endpoint
    if endpoint.own is not Own.NONE:
        raise Beyond("plain ASGI has no responses with a background")
    if endpoint.failing in {Failing.HTTP, Failing.VALIDATION}:
        raise Beyond("plain ASGI has no exceptions that are responses")
    if endpoint.reply is Reply.FILE:
        raise Beyond("plain ASGI has no file responses")
    if not endpoint.asynchronous:
        raise Beyond("plain ASGI has no sync endpoints")
    middleware, ending = wrapped(plan, "plain ASGI")
    ours = "from bgspec.adapters.asgi import BackgroundTasksMiddleware, current"
    stream = chunks(plan) if endpoint.reply is Reply.STREAM else ()
    around = ["", "", *ending, "app = BackgroundTasksMiddleware(app)"]
    return module(("import anyio", ours), works(plan), middleware, stream, _app(plan), around)


def _app(plan: Application) -> Iterator[str]:
    endpoint = plan.endpoint
    kind = "websocket" if endpoint.websocket else "http"
    yield from ("", "", "async def app(scope, receive, send):")
    body = [f'if scope["type"] != "{kind}":', "    return"]
    if endpoint.websocket:
        body += ["await receive()", 'await send({"type": "websocket.accept"})']
    if endpoint.asks:
        body += ["tasks = current()", 'scene.called("endpoint", tasks)']
        body += [f'scene.add("endpoint", tasks, t{work})' for work in endpoint.adds]
    body.append("await scene.hold()")
    if endpoint.failing is Failing.ERROR:
        body.append('raise LookupError("the function failed")')
    elif endpoint.websocket:
        body.append('await send({"type": "websocket.close", "code": 1000})')
    else:
        body += _answer(endpoint.reply)
    yield from indented(body)


def _answer(reply: Reply) -> Iterator[str]:
    status, text = ANSWERS[reply]
    yield START.format(status=status)
    if reply is Reply.STREAM:
        yield "async for chunk in chunks():"
        yield "    " + BODY % ("chunk.encode()", True)
    body = "bytes(8 << 20)" if reply is Reply.LARGE else repr(text.encode())
    yield BODY % (body, False)
