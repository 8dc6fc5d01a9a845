"""The middleware on plain ASGI: one container a request, run after it, however it ended."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import re
import threading
import weakref
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio import to_thread

from bgspec import BackgroundTasks, BgspecError
from bgspec.adapters.asgi import (
    SCOPE_KEY,
    BackgroundTasksMiddleware,
    OutsideRequest,
    current,
    tasks_of,
)
from bgspec.observer import Observer, TaskRun
from tests.asgi_client import PATIENCE, Client, plain, until

pytestmark = pytest.mark.anyio

both = pytest.mark.parametrize("sync", [True, False])
on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])

WHOLE = ["start", "body", "last"]

Serve = Callable[[Any], Awaitable[None]]


@pytest.fixture
def seen() -> list[Any]:
    """What was sent and what the tasks did, in one order."""
    return []


def serving(serve: Serve, **options: Any) -> BackgroundTasksMiddleware:
    """The middleware around an application that does this with `send`."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await serve(send)

    return BackgroundTasksMiddleware(app, **options)


def noting(seen: list[Any], what: object, *, sync: bool = False) -> Callable[[], object]:
    """A task that notes something."""

    async def note() -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(what)

    return (lambda: seen.append(what)) if sync else note


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    """What the middleware logged: the levels, and the messages without the places."""
    return [
        (record.levelno, re.sub(r", added at \S+:\d+,?", "", record.getMessage()))
        for record in caplog.records
        if record.name == "bgspec.adapters.asgi"
    ]


# Where the container is, and what it is.


async def test_everybody_in_a_request_gets_the_same_container(seen: list[Any]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend([current(), tasks_of(scope), scope[SCOPE_KEY].tasks])
        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            group.start_soon(to_thread.run_sync, lambda: seen.append(current()))
        await plain(send)

    async def ask() -> None:
        seen.append(current())

    await Client([]).request(BackgroundTasksMiddleware(app))
    assert len(seen) == 5
    assert len(set(map(id, seen))) == 1
    assert isinstance(seen[0], BackgroundTasks)


async def test_threads_that_ask_at_once_get_the_same_container(seen: list[Any]) -> None:
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait(PATIENCE)
        seen.append(current())

    async def serve(send: Any) -> None:
        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(to_thread.run_sync, ask)
        await plain(send)

    for _ in range(20):
        seen.clear()
        await Client([]).request(serving(serve))
        assert len(set(map(id, seen))) == 1


async def test_no_container_is_made_unless_asked_for() -> None:
    client = Client([])
    await client.request(serving(plain))
    assert client.scope[SCOPE_KEY].made is None


async def test_outside_of_a_request_there_is_none() -> None:
    with pytest.raises(OutsideRequest, match="BackgroundTasksMiddleware"):
        current()
    with pytest.raises(OutsideRequest, match="BackgroundTasksMiddleware"):
        tasks_of({"type": "http"})
    await Client([]).request(serving(plain))
    with pytest.raises(OutsideRequest):
        current()
    assert issubclass(OutsideRequest, (BgspecError, RuntimeError))


async def test_requests_in_flight_share_nothing(seen: list[Any]) -> None:
    containers: list[object] = []

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        containers.append(current())
        current().add_task(noting(seen, scope["path"]))
        await plain(send)

    clients = [Client([], str(number), held="start") for number in range(20)]
    app = BackgroundTasksMiddleware(serve)
    async with anyio.create_task_group() as group:
        for client in clients:
            group.start_soon(client.request, app)
        await until(lambda: all(client.is_held.is_set() for client in clients))
        assert len(set(map(id, containers))) == 20
        for number, client in enumerate(clients):
            client.go_on.set()
            await until(lambda: len(seen) > number)  # noqa: B023 - it is awaited here
            assert seen == [*map(str, range(number + 1))]


async def test_within_another_it_leaves_the_request_to_that(seen: list[Any]) -> None:
    async def serve(send: Any) -> None:
        current().add_task(noting(seen, "task"))
        await plain(send)

    outer = BackgroundTasksMiddleware(serving(serve, on_disconnect="drop"))
    await Client(seen, failing="nothing").request(outer)
    assert seen == [*WHOLE, "task"]
    client = Client([])
    client.scope[SCOPE_KEY] = Client([]).scope.get(SCOPE_KEY)
    await client.request(outer)
    assert seen == [*WHOLE, "task", "task"]


async def test_a_scope_that_served_a_request_before_is_as_good_as_new(seen: list[Any]) -> None:
    async def serve(send: Any) -> None:
        current().add_task(noting(seen, "task"))
        await plain(send)

    client = Client(seen)
    for _ in range(2):
        await client.request(serving(serve))
    assert seen == [*WHOLE, "task"] * 2


async def test_other_scopes_pass_through(seen: list[Any]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)
        with pytest.raises(OutsideRequest):
            current()

    await BackgroundTasksMiddleware(app)({"type": "other"}, anyio.lowlevel.checkpoint, plain)
    assert seen == [{"type": "other"}]


async def test_limiter_and_observer_are_the_containers(seen: list[Any]) -> None:
    limiter = anyio.CapacityLimiter(1)

    class Watching(Observer):
        def started(self, run: TaskRun) -> None:
            seen.append((run.name, limiter.borrowed_tokens))

    async def serve(send: Any) -> None:
        current().add_task(print, end="")

    await Client([]).request(serving(serve, limiter=limiter, observer=Watching()))
    assert seen == [("print", 1)]


def test_an_unknown_answer_to_a_disconnect_is_refused() -> None:
    with pytest.raises(ValueError, match="on_disconnect"):
        serving(plain, on_disconnect="cancel")


# When the tasks run.


@both
@pytest.mark.parametrize("held", WHOLE)
async def test_tasks_wait_for_the_last_send_to_return(
    sync: bool, held: str, seen: list[Any]
) -> None:
    async def serve(send: Any) -> None:
        current().add_task(noting(seen, "task", sync=sync))
        await plain(send)

    client = Client(seen, held=held)
    async with anyio.create_task_group() as group:
        group.start_soon(client.request, serving(serve))
        await client.is_held.wait()
        await anyio.wait_all_tasks_blocked()
        assert "task" not in seen
        client.go_on.set()
    assert seen == [*WHOLE, "task"]


async def test_they_run_in_the_order_of_the_adds_with_those_they_add(seen: list[Any]) -> None:
    async def add() -> None:
        current().add_task(noting(seen, "added by a task"))

    async def serve(send: Any) -> None:
        current().add_task(noting(seen, 1, sync=True))
        await plain(send)
        current().add_task(add)
        current().add_task(noting(seen, 2))

    await Client([]).request(serving(serve))
    assert seen == [1, 2, "added by a task"]


async def test_a_task_has_the_context_of_its_add(seen: list[Any]) -> None:
    var: contextvars.ContextVar[int] = contextvars.ContextVar("var", default=0)

    async def look() -> None:
        seen.append(var.get())

    async def serve(send: Any) -> None:
        for number in (1, 2):
            var.set(number)
            current().add_task(look)
        var.set(3)

    await Client([]).request(serving(serve))
    assert seen == [1, 2]


@both
@pytest.mark.parametrize("answered", [True, False])
async def test_an_exception_of_the_application_comes_out_after_the_tasks(
    sync: bool, answered: bool, seen: list[Any]
) -> None:
    async def serve(send: Any) -> None:
        current().add_task(noting(seen, "task", sync=sync))
        if answered:
            await plain(send, 500)
        try:
            raise KeyError("first")
        except KeyError:
            raise ValueError("why")  # noqa: B904 - so that there is a context

    with pytest.raises(ValueError, match="why") as raised:
        await Client(seen).request(serving(serve))
    assert seen == [*WHOLE * answered, "task"]
    assert isinstance(raised.value.__context__, KeyError)
    assert raised.value.__context__.__context__ is None
    assert raised.traceback[-1].name == "serve"


async def test_it_keeps_its_own_context_where_the_caller_handles_another(seen: list[Any]) -> None:
    error = ValueError("why")
    error.__context__ = context = KeyError("its own")

    async def serve(send: Any) -> None:
        current().add_task(noting(seen, "task"))
        raise error.with_traceback(None) from None

    try:
        raise TypeError("the caller's")
    except TypeError:
        with pytest.raises(ValueError, match="why"):
            await Client([]).request(serving(serve))
    # Python itself has put the caller's there when the application raised.
    assert error.__context__ is not context
    assert isinstance(error.__context__, TypeError)
    assert seen == ["task"]


async def test_the_exception_is_no_context_of_a_tasks_failure() -> None:
    failures: list[BaseException] = []

    async def fail() -> None:
        await anyio.lowlevel.checkpoint()
        raise ValueError("of the task")

    async def serve(send: Any) -> None:
        current().add_task(fail)
        raise KeyError("of the application")

    with pytest.raises(KeyError):
        await Client([]).request(serving(serve, on_error=failures.append))
    [failure] = failures
    assert failure.__context__ is None


async def test_an_exception_is_let_go_with_its_request() -> None:
    class Request: ...

    references: list[weakref.ref[Request]] = []

    async def serve(send: Any) -> None:
        request = Request()
        references.append(weakref.ref(request))
        current().add_task(print, end="")
        raise ValueError("why")

    app = serving(serve)

    async def ask() -> None:
        client = Client([])
        with suppress(ValueError):
            await app(client.scope, client.receive, client.send)

    gc.collect()
    gc.disable()
    try:
        await ask()
        await anyio.lowlevel.checkpoint()
        assert [reference() for reference in references] == [None]
    finally:
        gc.enable()


@both
async def test_a_websockets_tasks_run_when_it_is_over(sync: bool, seen: list[Any]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        current().add_task(noting(seen, "task", sync=sync))
        while (await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": "hello"})

    incoming = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hello"}]
    client = Client(seen, kind="websocket", incoming=incoming)
    async with anyio.create_task_group() as group:
        group.start_soon(client.request, BackgroundTasksMiddleware(app, on_disconnect="drop"))
        await until(lambda: len(seen) == 2)
        client.leaves.set()
    assert seen == ["websocket.accept", "websocket.send", "task"]


# The client leaves.


@pytest.mark.parametrize("on_disconnect", ["run", "drop"])
@pytest.mark.parametrize("failing", WHOLE)
async def test_where_send_fails_tasks_run_or_are_dropped_aloud(
    on_disconnect: str, failing: str, seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def serve(send: Any) -> None:
        current().add_task(seen.append, "task")
        await plain(send)

    with pytest.raises(OSError, match="the client has gone"):
        await Client([], failing=failing).request(serving(serve, on_disconnect=on_disconnect))
    if on_disconnect == "run":
        assert (seen, told(caplog)) == (["task"], [])
        return
    gc.collect()
    assert seen == []
    why = "was never run: the client left before it had the whole response"
    assert told(caplog) == [(logging.WARNING, f"the background task list.append {why}")]
    assert f"added at {__file__}:" in caplog.text


@pytest.mark.parametrize("on_disconnect", ["run", "drop"])
async def test_where_the_client_leaves_mid_stream_likewise(
    on_disconnect: Any, seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        current().add_task(seen.append, "task")
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"o", "more_body": True})
        assert (await receive())["type"] == "http.disconnect"

    client = Client([])
    async with anyio.create_task_group() as group:
        group.start_soon(
            client.request, BackgroundTasksMiddleware(app, on_disconnect=on_disconnect)
        )
        await until(lambda: len(client.messages) == 2)
        client.leaves.set()
    assert seen == ["task"] * (on_disconnect == "run")
    assert len(told(caplog)) == (on_disconnect == "drop")


@pytest.mark.parametrize("last", ["body", "pathsend", "trailers"])
async def test_a_client_that_leaves_with_the_whole_response_is_no_reason_to_drop(
    last: str, seen: list[Any]
) -> None:
    """Hypercorn 0.18 puts the disconnect in the queue within the last `send`."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        current().add_task(noting(seen, "task"))
        await receive()
        trailers = {"trailers": True} if last == "trailers" else {}
        await send({"type": "http.response.start", "status": 200, "headers": [], **trailers})
        if last == "pathsend":
            await send({"type": "http.response.pathsend", "path": __file__})
        else:
            await send({"type": "http.response.body", "body": b"ok"})
        if last == "trailers":
            await send({"type": "http.response.trailers", "headers": [], "more_trailers": True})
            await send({"type": "http.response.trailers", "headers": []})
        assert (await receive())["type"] == "http.disconnect"

    client = Client([])
    client.leaves.set()
    await client.request(BackgroundTasksMiddleware(app, on_disconnect="drop"))
    assert seen == ["task"]


# The request is cancelled.


async def _cancel(scope: anyio.CancelScope, when: anyio.Event) -> None:
    await when.wait()
    scope.cancel()


class Waiting:
    """An async task that waits to be told, and notes its end."""

    def __init__(self, seen: list[Any]) -> None:
        self.started, self.go_on = anyio.Event(), anyio.Event()
        self._seen = seen

    async def __call__(self) -> None:
        self.started.set()
        try:
            await self.go_on.wait()
        except BaseException:
            self._seen.append("cancelled")
            raise
        self._seen.append("waited")


@both
async def test_where_a_scope_around_the_application_is_cancelled_nothing_is_lost(
    sync: bool, seen: list[Any]
) -> None:
    task, waits = Waiting(seen), anyio.Event()

    async def serve(send: Any) -> None:
        current().add_task(task)
        current().add_task(noting(seen, "task", sync=sync))
        waits.set()
        await anyio.sleep_forever()

    async def let_go() -> None:
        await task.started.wait()
        await anyio.wait_all_tasks_blocked()
        task.go_on.set()

    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as scope:
            group.start_soon(_cancel, scope, waits)
            group.start_soon(let_go)
            await Client([]).request(serving(serve))
            seen.append("not cancelled")
    assert seen == ["waited", "task"]


async def test_where_a_scope_was_cancelled_unseen_by_the_application_likewise(
    seen: list[Any],
) -> None:
    async def serve(send: Any) -> None:
        current().add_task(noting(seen, "task"))
        scope.cancel()

    with anyio.CancelScope() as scope:
        await Client([]).request(serving(serve))
    assert seen == ["task"]


@on_asyncio
@both
async def test_where_asyncio_cancels_the_application_nothing_is_lost(
    sync: bool, seen: list[Any]
) -> None:
    task, waits = Waiting(seen), anyio.Event()

    async def serve(send: Any) -> None:
        current().add_task(task)
        current().add_task(noting(seen, "task", sync=sync))
        waits.set()
        await anyio.sleep_forever()

    request = asyncio.create_task(Client([]).request(serving(serve)))
    await waits.wait()
    request.cancel("by the server")
    await task.started.wait()
    await anyio.wait_all_tasks_blocked()
    assert (request.done(), seen) == (False, [])
    task.go_on.set()
    with pytest.raises(asyncio.CancelledError, match="by the server"):
        await request
    assert (seen, request.cancelled()) == (["waited", "task"], True)


CUT_SHORT = [
    (logging.WARNING, "the background task a Waiting object was cancelled"),
    (logging.WARNING, "the background task list.append was never run: its run was cut short"),
]


async def test_a_scope_that_is_cancelled_during_the_run_cuts_it_short_and_all_is_told(
    seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    task = Waiting(seen)

    async def serve(send: Any) -> None:
        current().add_task(task)
        current().add_task(seen.append, "never")
        await plain(send)

    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as scope:
            group.start_soon(_cancel, scope, task.started)
            await Client([]).request(serving(serve))
            seen.append("not cancelled")
    assert seen == ["cancelled"]
    assert told(caplog) == CUT_SHORT


@on_asyncio
async def test_asyncios_cancellation_during_the_run_does_so_too(
    seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    task = Waiting(seen)

    async def serve(send: Any) -> None:
        current().add_task(task)
        current().add_task(seen.append, "never")
        raise ValueError("of the application")

    request = asyncio.create_task(Client([]).request(serving(serve)))
    await task.started.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError) as raised:
        await request
    assert seen == ["cancelled"]
    assert told(caplog) == CUT_SHORT
    chain: list[BaseException | None] = [raised.value]
    while chain[-1] is not None:
        chain.append(chain[-1].__context__)
    assert any(isinstance(each, ValueError) for each in chain)


@pytest.mark.parametrize(
    ("anyio_backend", "by"),
    [("asyncio", "scope"), ("trio", "scope"), ("asyncio", "task.cancel()")],
)
async def test_a_sync_task_in_progress_is_waited_for_when_its_run_is_cut_short(
    by: str, seen: list[Any]
) -> None:
    started, go_on = threading.Event(), threading.Event()

    def linger() -> None:
        started.set()
        assert go_on.wait(PATIENCE)
        seen.append("ended")

    async def serve(send: Any) -> None:
        current().add_task(linger)
        current().add_task(seen.append, "never")

    async def cancel() -> None:
        await to_thread.run_sync(started.wait)
        if by == "scope":
            scope.cancel()
        else:
            requests[0].cancel()
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        go_on.set()

    requests: list[asyncio.Task[Any]] = []
    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as scope:
            group.start_soon(cancel)
            if by == "scope":
                await Client([]).request(serving(serve))
            else:
                requests.append(asyncio.create_task(Client([]).request(serving(serve))))
                with suppress(asyncio.CancelledError):
                    await requests[0]
            seen.append("after it")
    assert seen == ["ended", *["after it"] * (by != "scope")]


@on_asyncio
async def test_a_task_that_cancels_itself_keeps_no_other_from_running(
    seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def cancel_itself() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await anyio.sleep_forever()

    async def await_what_was_cancelled() -> None:
        task = asyncio.create_task(anyio.sleep_forever())
        task.cancel()
        await task

    async def serve(send: Any) -> None:
        for task in (cancel_itself, await_what_was_cancelled, noting(seen, "task")):
            current().add_task(task)
        await plain(send)

    await Client([]).request(serving(serve))
    assert seen == ["task"]
    assert told(caplog) == [
        (logging.WARNING, f"the background task {cancel_itself.__qualname__} was cancelled"),
        (logging.ERROR, f"the background task {await_what_was_cancelled.__qualname__} failed"),
    ]


async def test_a_request_that_is_closed_in_the_middle_tells_what_is_lost(
    seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def serve(send: Any) -> None:
        current().add_task(seen.append, "task")
        await anyio.lowlevel.checkpoint()

    client = Client([])
    call: Any = serving(serve)(client.scope, client.receive, client.send)
    contextvars.copy_context().run(call.send, None)
    contextvars.copy_context().run(call.close)
    del call, client
    gc.collect()
    assert seen == []
    assert [level for level, _ in told(caplog)] == [logging.WARNING]
    assert "the background task list.append, added at" in caplog.text


# Tasks that fail.


@both
async def test_a_failure_disturbs_nobody_and_is_logged_with_the_tasks_name(
    sync: bool, seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError("why")

    async def fail_async() -> None:
        await anyio.lowlevel.checkpoint()
        raise ValueError("why")

    async def serve(send: Any) -> None:
        current().add_task(noting(seen, 1))
        current().add_task(fail if sync else fail_async)
        current().add_task(noting(seen, 2))
        await plain(send)

    await Client(seen).request(serving(serve))
    assert seen == [*WHOLE, 1, 2]
    name = (fail if sync else fail_async).__qualname__
    assert told(caplog) == [(logging.ERROR, f"the background task {name} failed")]
    assert f"added at {__file__}:" in caplog.text
    assert "ValueError: why" in caplog.text


@both
async def test_each_failure_is_handed_over_a_group_of_a_task_as_one(
    sync: bool, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[BaseException] = []
    errors = [ValueError("one"), ExceptionGroup("two", [KeyError("a"), KeyError("b")])]
    single = ExceptionGroup("alone", [ValueError("one")])

    def fail(error: Exception) -> None:
        raise error

    async def take(failure: BaseException) -> None:
        await anyio.lowlevel.checkpoint()
        failures.append(failure)

    async def serve(send: Any) -> None:
        for error in errors:
            current().add_task(fail, error)

    async def serve_single(send: Any) -> None:
        current().add_task(fail, single)

    on_error: Any = failures.append if sync else take
    await Client([]).request(serving(serve, on_error=on_error))
    await Client([]).request(serving(serve_single, on_error=on_error))
    assert failures == [*errors, single]
    assert len(told(caplog)) == 3


@both
@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError])
async def test_an_on_error_that_raises_is_logged_and_loses_nothing(
    error: type[BaseException],
    sync: bool,
    seen: list[Any],
    caplog: pytest.LogCaptureFixture,
    anyio_backend_name: str,
) -> None:
    def fail(why: str) -> None:
        raise KeyError(why)

    def refuse(failure: BaseException) -> None:
        seen.append(failure.args[0])
        raise error("on_error")

    async def refuse_async(failure: BaseException) -> None:
        await anyio.lowlevel.checkpoint()
        refuse(failure)

    async def late() -> None:
        current().add_task(noting(seen, "last"))

    async def serve(send: Any) -> None:
        for why in ("one", "two"):
            current().add_task(fail, why)
        current().add_task(late)

    if anyio_backend_name == "trio" and error is asyncio.CancelledError:
        error = OSError  # to trio that one is nothing
    on_error: Any = refuse if sync else refuse_async
    await Client([]).request(serving(serve, on_error=on_error))
    assert seen == ["last", "one", "two"]
    assert [message.partition(",")[0] for _, message in told(caplog)] == [
        *[f"the background task {fail.__qualname__} failed"] * 2,
        *["on_error raised"] * 2,
    ]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("by", ["a task", "a group of a task", "on_error"])
async def test_exits_go_through(
    error: type[BaseException], by: str, seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        if by == "a task":
            raise error("now")
        raise ValueError("why") if by == "on_error" else BaseExceptionGroup("", [error("now")])

    def on_error(failure: BaseException) -> None:
        raise error("now")

    async def serve(send: Any) -> None:
        current().add_task(fail)
        if by != "on_error":
            current().add_task(seen.append, "never")
        await plain(send)

    with pytest.raises((error, BaseExceptionGroup)) as raised:
        await Client([]).request(serving(serve, on_error=on_error))
    assert BaseExceptionGroup("", [raised.value]).subgroup(error) is not None
    assert seen == []
    assert ("list.append" in caplog.text) is (by != "on_error")


# What comes too late.


async def test_an_add_after_the_run_is_refused(seen: list[Any]) -> None:
    containers: list[BackgroundTasks] = []

    async def serve(send: Any) -> None:
        containers.append(current())
        current().add_task(noting(seen, "task"))

    await Client([]).request(serving(serve))
    [tasks] = containers
    late: Any = tasks
    for given in ((print,), ()):
        with pytest.raises(OutsideRequest, match=r"this request is over .* print was not taken"):
            late.add_task(*given, func=print)
    assert (seen, len(tasks)) == (["task"], 0)


@pytest.mark.parametrize("made", [True, False])
async def test_a_detached_task_is_refused_too(made: bool, seen: list[Any]) -> None:
    over = anyio.Event()

    async def detached() -> None:
        await over.wait()
        try:
            current().add_task(print)
        except OutsideRequest as refusal:
            seen.append(refusal)

    async with anyio.create_task_group() as group:

        async def serve(send: Any) -> None:
            if made:
                current()
            group.start_soon(detached)

        await Client([]).request(serving(serve))
        over.set()
    assert len(seen) == 1


@both
async def test_an_add_that_was_looked_up_in_time_is_told(
    sync: bool, caplog: pytest.LogCaptureFixture
) -> None:
    adds: list[Any] = []

    async def serve(send: Any) -> None:
        adds.append(current().add_task)
        current().add_task(noting([], 1))

    await Client([]).request(serving(serve))
    adds[0](noting([], 2, sync=sync))
    adds.clear()
    gc.collect()
    [(level, message)] = told(caplog)
    assert level == logging.WARNING
    assert re.match("the background task noting.* was never run: nothing ran its", message)
    assert f"added at {__file__}:" in caplog.text


async def test_an_add_names_the_place_in_the_program_and_not_in_the_middleware() -> None:
    places: list[str] = []

    async def serve(send: Any) -> None:
        current().add_task(print)
        places.extend(task.where for task in current().tasks)
        raise ValueError("why")

    with pytest.raises(ValueError, match="why"):
        await Client([]).request(serving(serve))
    assert places[0].startswith(f"{__file__}:")
