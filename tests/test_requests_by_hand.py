"""The answers of the request profile, each confirmed by a request of one's own to the framework.

What ``bgspec check fastapi starlette litestar quart`` says of RSP and DEP is said here once more,
with the frameworks' own test clients and none of the suite's machinery. FastAPI has to resolve
annotations that name what is local to a test, so they are not put off here.
"""

# Quart leaves types of its own open.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Response, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse
from litestar import Litestar
from litestar import Response as LitestarResponse
from litestar import get as litestar_get
from litestar.background_tasks import BackgroundTask as LitestarTask
from litestar.exceptions import HTTPException as LitestarHTTPException
from litestar.testing import TestClient as LitestarClient
from quart import Quart, abort, websocket
from starlette import background as starlette_background
from starlette.applications import Starlette
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

pytestmark = pytest.mark.anyio

Log = list[str]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # Quart has no other


@pytest.fixture
def log() -> Log:
    return []


def asked(app: Any, path: str = "/") -> int:
    """The status of a GET; what the application raises afterwards is none of the client's."""
    return TestClient(app, raise_server_exceptions=False).get(path).status_code


# FastAPI: what becomes of the tasks -----------------------------------------------------------


def test_fastapi_drops_the_tasks_where_the_endpoint_raises_an_http_exception(log: Log) -> None:
    app = FastAPI()

    @app.get("/")
    def endpoint(tasks: BackgroundTasks) -> None:
        tasks.add_task(log.append, "ran")
        raise HTTPException(409)

    assert (asked(app), log) == (409, [])


def test_fastapi_drops_the_tasks_where_the_endpoint_raises_anything_else(log: Log) -> None:
    app = FastAPI()

    @app.get("/")
    async def endpoint(tasks: BackgroundTasks) -> None:
        tasks.add_task(log.append, "ran")
        raise LookupError

    assert (asked(app), log) == (500, [])


def test_fastapi_drops_the_tasks_where_a_dependency_raises(log: Log) -> None:
    app = FastAPI()

    def dependency(tasks: BackgroundTasks) -> None:
        tasks.add_task(log.append, "ran")
        raise LookupError

    @app.get("/", dependencies=[Depends(dependency)])
    async def endpoint() -> None: ...

    assert (asked(app), log) == (500, [])


def test_fastapi_drops_the_tasks_where_the_response_is_not_valid(log: Log) -> None:
    app = FastAPI()

    @app.get("/", response_model=int)
    async def endpoint(tasks: BackgroundTasks) -> str:
        tasks.add_task(log.append, "ran")
        return "no number"

    assert (asked(app), log) == (500, [])


def test_fastapi_drops_the_tasks_where_a_middleware_raises_after_the_endpoint(log: Log) -> None:
    app = FastAPI()

    @app.get("/")
    async def endpoint(tasks: BackgroundTasks) -> None:
        tasks.add_task(log.append, "ran")

    class Failing(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: Any) -> Response:
            await call_next(request)
            raise LookupError

    app.add_middleware(Failing)
    assert (asked(app), log) == (500, [])


def test_fastapi_drops_the_container_where_a_response_has_a_background(log: Log) -> None:
    app = FastAPI()

    @app.get("/")
    async def endpoint(tasks: BackgroundTasks) -> Response:
        tasks.add_task(log.append, "the container's")
        own = starlette_background.BackgroundTask(log.append, "its own")
        return JSONResponse({}, background=own)

    assert (asked(app), log) == (200, ["its own"])


def test_fastapi_drops_the_background_that_is_set_on_an_injected_response(log: Log) -> None:
    app = FastAPI()

    @app.get("/")
    async def endpoint(tasks: BackgroundTasks, response: Response) -> None:
        tasks.add_task(log.append, "the container's")
        response.background = starlette_background.BackgroundTask(log.append, "its own")

    assert (asked(app), log) == (200, ["the container's"])


def test_fastapi_drops_the_tasks_of_a_websocket(log: Log) -> None:
    app = FastAPI()

    @app.websocket("/")
    async def endpoint(socket: WebSocket, tasks: BackgroundTasks) -> None:
        await socket.accept()
        tasks.add_task(log.append, "ran")
        await socket.close()

    with TestClient(app).websocket_connect("/"):
        pass
    assert log == []


@pytest.mark.parametrize("part", ["http.response.start", "http.response.body"])
@pytest.mark.parametrize("framework", ["fastapi", "starlette", "litestar"])
async def test_tasks_are_dropped_where_send_fails(framework: str, part: str, log: Log) -> None:
    app = ADDING[framework](log)
    received = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not received:
            await asyncio.Event().wait()
        return received.pop()

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == part:
            raise OSError("the client has gone")

    with suppress(Exception):
        await app(scope("http"), receive, send)
    assert log == []


# FastAPI: dependencies ---------------------------------------------------------------------------


def test_fastapi_gives_every_function_of_a_request_one_container(log: Log) -> None:
    given: list[BackgroundTasks] = []

    def leaf(tasks: BackgroundTasks) -> None:
        given.append(tasks)
        tasks.add_task(log.append, "leaf")

    class Between:
        def __init__(self, tasks: BackgroundTasks, _: Annotated[None, Depends(leaf)]) -> None:
            given.append(tasks)
            tasks.add_task(log.append, "between")

    async def yielding(tasks: BackgroundTasks) -> AsyncIterator[None]:
        given.append(tasks)
        yield

    app = FastAPI(dependencies=[Depends(yielding)])
    router = APIRouter(dependencies=[Depends(leaf, use_cache=False)])

    @router.get("/")
    def endpoint(tasks: BackgroundTasks, _: Annotated[object, Depends(Between)]) -> None:
        given.append(tasks)
        tasks.add_task(log.append, "endpoint")

    app.include_router(router)
    assert asked(app) == 200
    assert len({id(tasks) for tasks in given}) == 1
    assert log == ["leaf", "between", "endpoint"]


def closed(app: FastAPI, log: Log, scope: Any) -> None:
    """An endpoint whose dependency adds a task when it closes."""

    def closing(tasks: BackgroundTasks) -> Iterator[None]:
        yield
        log.append("closes")
        tasks.add_task(log.append, "added late")

    @app.get("/")
    def endpoint(tasks: BackgroundTasks, _: Annotated[None, Depends(closing, scope=scope)]) -> None:
        tasks.add_task(log.append, "task")


def test_fastapi_closes_a_dependency_of_request_scope_after_the_tasks(log: Log) -> None:
    app = FastAPI()
    closed(app, log, "request")
    assert (asked(app), log) == (200, ["task", "closes"])


def test_fastapi_closes_a_dependency_of_function_scope_before_the_tasks(log: Log) -> None:
    app = FastAPI()
    closed(app, log, "function")
    assert (asked(app), log) == (200, ["closes", "task", "added late"])


def test_fastapi_gives_an_override_the_container_of_the_request(log: Log) -> None:
    given: list[BackgroundTasks] = []

    def original() -> None: ...

    def override(tasks: BackgroundTasks) -> None:
        given.append(tasks)

    app = FastAPI()
    app.dependency_overrides[original] = override

    @app.get("/")
    def endpoint(tasks: BackgroundTasks, _: Annotated[None, Depends(original)]) -> None:
        given.append(tasks)

    assert asked(app) == 200
    assert given[0] is given[1]


def test_fastapi_answers_an_endpoint_of_two_containers_with_a_500(log: Log) -> None:
    app = FastAPI()

    @app.get("/")
    def endpoint(tasks: BackgroundTasks, more: BackgroundTasks) -> None:
        log.append("called")

    assert (asked(app), log) == (500, [])
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        TestClient(app).get("/")


# The others -------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [StarletteHTTPException(409), LookupError()])
def test_starlette_runs_nothing_where_the_endpoint_raises(error: Exception, log: Log) -> None:
    def endpoint(request: Request) -> Response:
        tasks = starlette_background.BackgroundTasks()
        tasks.add_task(log.append, "ran")
        raise error

    asked(Starlette(routes=[Route("/", endpoint)]))
    assert log == []


@pytest.mark.parametrize("error", [LitestarHTTPException(status_code=409), LookupError()])
def test_litestar_runs_nothing_where_the_endpoint_raises(error: Exception, log: Log) -> None:
    @litestar_get("/", sync_to_thread=False)
    def endpoint() -> LitestarResponse[None]:
        LitestarTask(log.append, "ran")
        raise error

    with LitestarClient(Litestar([endpoint]), raise_server_exceptions=False) as client:
        assert client.get("/").status_code >= 400
    assert log == []


async def test_quart_starts_a_task_before_the_response(log: Log) -> None:
    app = Quart("application")

    async def task() -> None:
        log.append("started")

    @app.get("/")
    async def endpoint() -> str:
        app.add_background_task(task)
        await asyncio.sleep(0)
        log.append("answers")
        return "an answer"

    async with app.test_app():
        await app.test_client().get("/")
    assert log == ["started", "answers"]


async def test_quart_starts_a_later_async_task_before_an_earlier_sync_one() -> None:
    app = Quart("application")
    order: Log = []
    released, done = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))

    async def later() -> None:
        order.append("later")
        released.set()

    def earlier() -> None:
        order.append("earlier")
        asyncio.run_coroutine_threadsafe(set_done(), loop)

    async def set_done() -> None:
        done.set()

    @app.get("/")
    async def endpoint() -> str:
        app.add_background_task(released.wait)  # the one thread is busy
        app.add_background_task(earlier)
        app.add_background_task(later)
        await done.wait()
        return "an answer"

    async with app.test_app():
        await app.test_client().get("/")
    assert order == ["later", "earlier"]


@pytest.mark.parametrize("fails", [lambda: abort(409), lambda: 1 / 0])
async def test_quart_runs_tasks_though_the_endpoint_raises(
    fails: Callable[[], object], log: Log
) -> None:
    app = Quart("application")

    @app.get("/")
    async def endpoint() -> str:
        app.add_background_task(log.append, "ran")
        fails()
        return "an answer"

    async with app.test_app():
        assert (await app.test_client().get("/")).status_code in {409, 500}
    assert log == ["ran"]


async def test_quart_runs_the_tasks_of_a_websocket(log: Log) -> None:
    app = Quart("application")

    @app.websocket("/")
    async def endpoint() -> None:
        await websocket.accept()
        app.add_background_task(log.append, "ran")
        await websocket.send("an answer")

    async with app.test_app(), app.test_client().websocket("/") as socket:
        await socket.receive()
    assert log == ["ran"]


async def test_quart_refuses_an_add_from_a_sync_endpoint() -> None:
    app = Quart("application")
    errors: list[str] = []

    @app.get("/")
    def endpoint() -> str:
        try:
            app.add_background_task(print)
        except RuntimeError as exc:
            errors.append(str(exc))
        return "an answer"

    async with app.test_app():
        await app.test_client().get("/")
    assert "no current event loop" in errors[0]


def adding_fastapi(log: Log) -> Any:
    app = FastAPI()

    @app.get("/")
    def endpoint(tasks: BackgroundTasks) -> None:
        tasks.add_task(log.append, "ran")

    return app


def adding_starlette(log: Log) -> Any:
    def endpoint(request: Request) -> Response:
        tasks = starlette_background.BackgroundTasks()
        tasks.add_task(log.append, "ran")
        return StreamingResponse(iter(["an answer"]), background=tasks)

    return Starlette(routes=[Route("/", endpoint)])


def adding_litestar(log: Log) -> Any:
    @litestar_get("/", sync_to_thread=False)
    def endpoint() -> LitestarResponse[str]:
        return LitestarResponse("an answer", background=LitestarTask(log.append, "ran"))

    return Litestar([endpoint])


ADDING = {"fastapi": adding_fastapi, "starlette": adding_starlette, "litestar": adding_litestar}


def scope(kind: str) -> dict[str, Any]:
    """An ASGI scope for a GET of the root."""
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 50000),
        "server": ("testserver", 80),
        "state": {},
    }
