"""The middleware and its supervisor: what outlives a request, and how the application ends."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bgspec.adapters.asgi import BackgroundTasksMiddleware, OutsideRequest, current
from bgspec.errors import SupervisorRefused
from bgspec.supervisor import Supervisor
from tests.asgi_client import Client, plain, until
from tests.asgi_lifespan import living

pytestmark = pytest.mark.anyio

on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])

COMPLETE = ["lifespan.startup.complete", "lifespan.shutdown.complete"]

Serve = Callable[[Any], Awaitable[None]]


@pytest.fixture
def seen() -> list[Any]:
    """What was sent and what the tasks did, in one order."""
    return []


class Waiting:
    """A task that waits to be told, and notes its end."""

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
        self._seen.append("ended")


def serving(serve: Serve, seen: list[Any], **options: Any) -> BackgroundTasksMiddleware:
    """The middleware around an application with a lifespan, that serves a request so."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await serve(send)
            return
        for half in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{half}"
            seen.append(half)
            await send({"type": f"lifespan.{half}.complete"})

    return BackgroundTasksMiddleware(app, **options)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as a warning or worse, without the places."""
    return [
        re.sub(r",? added at \S+:\d+,?", "", record.getMessage())
        for record in caplog.records
        if record.name.startswith("bgspec") and record.levelno >= logging.WARNING
    ]


async def test_the_request_ends_before_its_tasks(seen: list[Any]) -> None:
    task = Waiting(seen)

    async def serve(send: Any) -> None:
        current().add_task(task)
        await plain(send)

    async with living(serving(serve, seen, supervisor=Supervisor())) as life:
        app = life.app
        await Client(seen).request(app)
        assert seen == ["startup", "start", "body", "last"]
        await task.started.wait()
        task.go_on.set()
    assert life.answers == COMPLETE
    assert seen[-2:] == ["ended", "shutdown"]


@pytest.mark.parametrize("given", [Supervisor, None])
async def test_a_request_that_raises_ends_at_once_in_any_case(
    given: type[Supervisor] | None, seen: list[Any]
) -> None:
    task = Waiting(seen)

    async def serve(send: Any) -> None:
        current().add_task(task)
        raise ValueError("why")

    async with living(serving(serve, seen, supervisor=given)) as life:
        with pytest.raises(ValueError, match="why"):
            await Client([]).request(life.app)
        await task.started.wait()
        task.go_on.set()
    assert seen == ["startup", "ended", "shutdown"]


async def test_without_a_supervisor_a_request_that_returns_waits_for_its_tasks(
    seen: list[Any],
) -> None:
    task = Waiting(seen)

    async def serve(send: Any) -> None:
        current().add_task(task)

    async def request(app: Any) -> None:
        await Client([]).request(app)
        seen.append("request")

    async with living(serving(serve, seen)) as life, anyio.create_task_group() as group:
        group.start_soon(request, life.app)
        await task.started.wait()
        task.go_on.set()
    assert seen == ["startup", "ended", "request", "shutdown"]


@on_asyncio
async def test_a_request_that_is_cancelled_hands_over_too(seen: list[Any]) -> None:
    task, waits = Waiting(seen), anyio.Event()

    async def serve(send: Any) -> None:
        current().add_task(task)
        waits.set()
        await anyio.sleep_forever()

    async with living(serving(serve, seen)) as life:
        request = asyncio.create_task(Client([]).request(life.app))
        await waits.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        await task.started.wait()
        task.go_on.set()
    assert seen == ["startup", "ended", "shutdown"]


async def test_inside_of_starlette_a_500_does_not_wait_for_the_tasks(seen: list[Any]) -> None:
    """Starlette 1.10 sends it around the middleware that are added, when they have raised."""
    task = Waiting(seen)

    async def fail(request: Request) -> None:
        current().add_task(task)
        raise ValueError("why")

    app = Starlette(routes=[Route("/", fail)])
    app.add_middleware(BackgroundTasksMiddleware)
    async with living(app):
        client = Client(seen)
        with pytest.raises(ValueError, match="why"):
            await client.request(app)
        assert client.status == 500
        assert seen == ["start", "last"]
        await task.started.wait()
        task.go_on.set()
    assert seen == ["start", "last", "ended"]


@pytest.mark.parametrize("when_full", ["wait", "refuse"])
async def test_what_a_full_supervisor_refuses_runs_in_place(
    when_full: str, seen: list[Any]
) -> None:
    first = Waiting(seen)
    tasks: list[Callable[[], object]] = [first, partial(seen.append, "in place")]

    async def serve(send: Any) -> None:
        current().add_task(tasks.pop(0))

    full: Any = {"running": 1, "waiting": 0, "when_full": when_full}
    async with living(serving(serve, seen, supervisor=Supervisor(**full))) as life:
        await Client([]).request(life.app)
        await first.started.wait()
        await Client([]).request(life.app)
        assert seen == ["startup", "in place"]
        first.go_on.set()
    assert seen == ["startup", "in place", "ended", "shutdown"]


async def test_what_a_full_supervisor_drops_is_told_by_name(
    seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    first = Waiting(seen)
    tasks: list[Any] = [first, seen.append]

    async def serve(send: Any) -> None:
        current().add_task(tasks.pop(0))

    supervisor = Supervisor(running=1, waiting=0, when_full="drop")
    async with living(serving(serve, seen, supervisor=supervisor)) as life:
        await Client([]).request(life.app)
        await first.started.wait()
        await Client([]).request(life.app)
        first.go_on.set()
    gc.collect()
    assert supervisor.dropped == 1
    assert [message.partition(":")[0] for message in told(caplog)] == [
        "dropped list.append",
        "the background task list.append was never run",
    ]


@pytest.mark.parametrize("given", [Supervisor(), Supervisor])
async def test_without_a_lifespan_the_tasks_run_in_place(given: Any, seen: list[Any]) -> None:
    async def serve(send: Any) -> None:
        current().add_task(seen.append, "task")
        await plain(send)

    await Client(seen).request(serving(serve, seen, supervisor=given))
    assert seen == ["start", "body", "last", "task"]


async def test_after_the_lifespan_they_do_too(seen: list[Any]) -> None:
    async def serve(send: Any) -> None:
        current().add_task(seen.append, "task")

    app = serving(serve, [], supervisor=Supervisor())
    async with living(app):
        pass
    await Client([]).request(app)
    assert seen == ["task"]


async def test_what_is_added_after_the_end_goes_to_the_supervisor(seen: list[Any]) -> None:
    containers: list[Any] = []

    async def serve(send: Any) -> None:
        containers.append(current())

    async with living(serving(serve, seen, supervisor=Supervisor())) as life:
        await Client([]).request(life.app)
        containers[0].add_task(seen.append, "late")
    assert seen == ["startup", "late", "shutdown"]
    with pytest.raises(SupervisorRefused, match=r"list\.append was not taken"):
        containers[0].add_task(seen.append, "too late")


async def test_to_one_of_the_middlewares_own_it_does_not(seen: list[Any]) -> None:
    containers: list[Any] = []

    async def serve(send: Any) -> None:
        containers.append(current())

    async with living(serving(serve, seen)) as life:
        await Client([]).request(life.app)
        with pytest.raises(OutsideRequest):
            containers[0].add_task(seen.append, "late")


async def test_a_container_that_is_run_beside_its_request_takes_adds_until_its_end(
    seen: list[Any],
) -> None:
    task, containers = Waiting(seen), list[Any]()

    async def serve(send: Any) -> None:
        containers.append(current())
        current().add_task(task)

    async with living(serving(serve, seen, supervisor=Supervisor(running=1))) as life:
        await Client([]).request(life.app)
        await task.started.wait()
        containers[0].add_task(seen.append, "in its turn")
        assert len(containers[0]) == 1
        task.go_on.set()
    assert seen == ["startup", "ended", "in its turn", "shutdown"]


async def test_a_failure_is_told_by_the_middleware_and_not_by_the_supervisor(
    seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError("why")

    async def serve(send: Any) -> None:
        current().add_task(fail)
        current().add_task(seen.append, "next")

    options: Any = {"supervisor": Supervisor(), "on_error": seen.append}
    async with living(serving(serve, [], **options)) as life:
        await Client([]).request(life.app)
        await until(lambda: len(seen) == 2)
    assert seen[0] == "next"
    assert isinstance(seen[1], ValueError)
    assert told(caplog) == [f"the background task {fail.__qualname__} failed"]


async def test_shutdown_waits_so_long_and_tells_what_it_has_to_leave(
    seen: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    task = Waiting(seen)
    tasks: list[Callable[..., object]] = [task, print]

    async def never(number: int) -> None:
        seen.append(number)

    async def serve(send: Any) -> None:
        current().add_task(tasks.pop(0))
        current().add_task(never, 1)
        current().add_task(never, 2)

    supervisor = Supervisor(running=1, grace=0)
    async with living(serving(serve, seen, supervisor=supervisor)) as life:
        await Client([]).request(life.app)
        await task.started.wait()
        await Client([]).request(life.app)
    assert life.answers == COMPLETE
    assert seen == ["startup", "shutdown", "cancelled"] or seen == [
        "startup",
        "cancelled",
        "shutdown",
    ]
    gc.collect()
    messages = told(caplog)
    name = never.__qualname__
    assert (
        f"the background task a Waiting object, {name}, {name} was cancelled in progress"
        in messages
    )
    assert f"the background task print, {name}, {name} never started" in messages
    assert "the background task a Waiting object was cancelled" in messages
    assert messages.count(f"the background task {name} was never run: its run was cut short") == 2


# Lifespans of all kinds.


@pytest.mark.parametrize("how", ["refuses", "returns", "answers startup", "does not answer"])
async def test_an_application_without_a_lifespan_gets_one(how: str, seen: list[Any]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            current().add_task(seen.append, "task")
            return
        if how == "refuses":
            raise AssertionError("not http")
        if how != "returns":
            await receive()
        if how == "answers startup":
            await send({"type": "lifespan.startup.complete"})

    supervisor = Supervisor()
    async with living(BackgroundTasksMiddleware(app, supervisor=supervisor)) as life:
        assert repr(supervisor).startswith("<Supervisor, open")
        await Client([]).request(life.app)
    assert (seen, life.error) == (["task"], None)
    assert life.answers == COMPLETE


@pytest.mark.parametrize("when", ["at startup", "between", "at shutdown"])
async def test_what_a_lifespan_raises_comes_out_and_the_tasks_run(
    when: str, seen: list[Any]
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            current().add_task(anyio.lowlevel.checkpoint)
            current().add_task(seen.append, "task")
            return
        await receive()
        if when == "at startup":
            raise ValueError("why")
        await send({"type": "lifespan.startup.complete"})
        if when == "at shutdown":
            await receive()
        await fail.wait()
        raise ValueError("why")

    fail = anyio.Event()
    async with living(BackgroundTasksMiddleware(app, supervisor=Supervisor)) as life:
        await Client([]).request(life.app)
        fail.set()
    assert str(life.error) == "why"
    assert seen == ["task"]


async def test_a_startup_that_has_failed_is_the_end(seen: list[Any]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "why"})

    async with living(BackgroundTasksMiddleware(app)) as life:
        await life.has_ended.wait()
    assert life.answers == ["lifespan.startup.failed"]


async def test_a_supervisor_lives_once_and_a_function_makes_one_each_time() -> None:
    once = serving(plain, [], supervisor=Supervisor())
    again = serving(plain, [], supervisor=lambda: Supervisor(grace=1))
    for app, error in (
        (once, SupervisorRefused),
        (again, type(None)),
        (serving(plain, []), type(None)),
    ):
        for number in range(2):
            async with living(app) as life:
                pass
            assert isinstance(life.error, error if number else type(None))


async def test_the_supervisor_is_there_when_the_application_starts(seen: list[Any]) -> None:
    supervisor = Supervisor()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        supervisor.add_task(seen.append, "at startup")
        await send({"type": "lifespan.startup.complete"})
        await receive()
        with pytest.raises(SupervisorRefused):
            supervisor.add_task(seen.append, "at shutdown")

    async with living(BackgroundTasksMiddleware(app, supervisor=supervisor)) as life:
        pass
    assert (seen, life.error) == (["at startup"], None)
    assert life.answers == COMPLETE


async def test_a_response_of_starlettes_is_given_back_before_its_tasks(seen: list[Any]) -> None:
    task = Waiting(seen)

    async def serve(request: Request) -> PlainTextResponse:
        current().add_task(task)
        return PlainTextResponse("ok")

    starlette = Starlette(routes=[Route("/", serve)])
    async with living(BackgroundTasksMiddleware(starlette, supervisor=Supervisor())) as life:
        client = Client(seen)
        await client.request(life.app)
        await task.started.wait()
        task.go_on.set()
    assert client.body == b"ok"
    assert seen == ["start", "last", "ended"]


async def test_a_task_still_finds_the_container_of_its_request(seen: list[Any]) -> None:
    async def task() -> None:
        seen.append(current())

    async def serve(send: Any) -> None:
        seen.append(current())
        current().add_task(task)

    async with living(serving(serve, [], supervisor=Supervisor())) as life:
        await Client([]).request(life.app)
    assert len(seen) == 2
    assert seen[0] is seen[1]
