"""The container as FastAPI injects it: one object a request, at every level, run as due."""

# Annotations are no strings here: FastAPI would look for local names among the module's.

import gc
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import anyio
import pytest
from fastapi import (
    APIRouter,
    Depends,
    FastAPI,
    HTTPException,
    Response,
    Security,
    WebSocket,
)
from fastapi import BackgroundTasks as FastAPITasks
from fastapi.exceptions import ResponseValidationError
from fastapi.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    StreamingResponse,
)
from fastapi.security import SecurityScopes
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware

import bgspec
from bgspec import SupportsAddTask
from bgspec.adapters import starlette
from bgspec.adapters.asgi import BackgroundTasksMiddleware, current
from bgspec.adapters.fastapi import BackgroundTasks, background_tasks
from bgspec.recorder import Recorder
from tests.asgi_client import Client

pytestmark = pytest.mark.anyio


def bare(app: Any) -> Any:
    """The application as it is."""
    return app


with_and_without = pytest.mark.parametrize("wrap", [BackgroundTasksMiddleware, bare])

WHOLE = ["start", "last"]

Wrap = Callable[[Any], Any]
Got = list[Any]


@pytest.fixture
def seen() -> Got:
    """What was sent, injected, and done by tasks, in one order."""
    return []


# Every level.


class Level:
    """A class-based dependency."""

    def __init__(self, tasks: BackgroundTasks) -> None:
        self.tasks = tasks
        tasks.add_task(note, "class")


NOTES: Got = []


def note(what: str) -> None:
    NOTES.append(what)


@pytest.fixture(autouse=True)
def _no_notes() -> None:
    NOTES.clear()


def add(name: str, tasks: bgspec.BackgroundTasks) -> bgspec.BackgroundTasks:
    tasks.add_task(note, name)
    return tasks


def of_app(tasks: BackgroundTasks) -> None:
    add("application", tasks)


async def of_router(tasks: BackgroundTasks) -> None:
    add("router", tasks)


def innermost(tasks: BackgroundTasks) -> bgspec.BackgroundTasks:
    return add("innermost", tasks)


async def middle(
    tasks: BackgroundTasks,
    inner: Annotated[bgspec.BackgroundTasks, Depends(innermost)],
    again: Annotated[bgspec.BackgroundTasks, Depends(innermost, use_cache=False)],
) -> list[bgspec.BackgroundTasks]:
    return [add("middle", tasks), inner, again]


def yielding(tasks: BackgroundTasks) -> Iterator[bgspec.BackgroundTasks]:
    yield add("generator", tasks)


async def yielding_async(tasks: BackgroundTasks) -> AsyncIterator[bgspec.BackgroundTasks]:
    yield add("async generator", tasks)


def secured(scopes: SecurityScopes, tasks: BackgroundTasks) -> bgspec.BackgroundTasks:
    return add("security", tasks)


def everywhere(seen: Got) -> FastAPI:
    app = FastAPI(dependencies=[Depends(of_app)])
    router = APIRouter(dependencies=[Depends(of_router)])

    @router.get("/")
    def endpoint(
        tasks: BackgroundTasks,
        second: BackgroundTasks,
        several: Annotated[list[bgspec.BackgroundTasks], Depends(middle)],
        level: Annotated[Level, Depends()],
        generated: Annotated[bgspec.BackgroundTasks, Depends(yielding)],
        generated_async: Annotated[bgspec.BackgroundTasks, Depends(yielding_async)],
        security: Annotated[bgspec.BackgroundTasks, Security(secured, scopes=["a"])],
        protocol: Annotated[SupportsAddTask, Depends(background_tasks)],
        uncached: Annotated[SupportsAddTask, Depends(background_tasks, use_cache=False)],
    ) -> str:
        seen.extend([add("endpoint", tasks), second, *several, level.tasks, generated])
        seen.extend([generated_async, security, protocol, uncached])
        return "ok"

    app.include_router(router)
    return app


@with_and_without
async def test_one_object_at_every_level_and_each_task_once_in_order(wrap: Wrap, seen: Got) -> None:
    client = Client([])
    await client.request(wrap(everywhere(seen)))
    assert client.status == 200
    assert len(seen) == 11
    assert len(set(map(id, seen))) == 1
    assert isinstance(seen[0], bgspec.BackgroundTasks)
    assert [
        *("application", "router", "innermost", "innermost", "middle", "class", "generator"),
        *("async generator", "security", "endpoint"),
    ] == NOTES


async def test_with_the_middleware_it_is_the_middlewares(seen: Got) -> None:
    app = FastAPI()

    @app.get("/")
    def endpoint(tasks: BackgroundTasks) -> None:
        seen.extend([tasks, current()])

    await Client([]).request(BackgroundTasksMiddleware(app))
    assert seen[0] is seen[1]


async def test_without_it_its_tasks_take_their_turn_among_fastapis_own(seen: Got) -> None:
    app = FastAPI()

    def first(own: FastAPITasks) -> None:
        own.add_task(note, "own before")

    @app.get("/", dependencies=[Depends(first)])
    def endpoint(tasks: BackgroundTasks, own: FastAPITasks) -> None:
        own.add_task(note, "own after")
        tasks.add_task(note, "ours")

    await Client([]).request(app)
    assert NOTES == ["own before", "ours", "own after"]


@with_and_without
async def test_requests_in_flight_share_nothing(wrap: Wrap, seen: Got) -> None:
    app = FastAPI()
    together = anyio.Event()

    @app.get("/{number}")
    async def endpoint(number: str, tasks: BackgroundTasks) -> None:
        seen.append(tasks)
        if len(seen) == 10:
            together.set()
        await together.wait()
        tasks.add_task(note, number)
        assert len(tasks) == 1

    wrapped = wrap(app)
    async with anyio.create_task_group() as group:
        for number in range(10):
            group.start_soon(Client([], f"/{number}").request, wrapped)
    assert len(set(map(id, seen))) == 10
    assert sorted(NOTES) == [str(number) for number in range(10)]


# The ways a request ends.


def served(seen: Got) -> FastAPI:
    """An application with an endpoint for each kind of response, all with a task."""
    app = FastAPI()

    def noting(tasks: BackgroundTasks) -> None:
        tasks.add_task(seen.append, "task")

    router = APIRouter(dependencies=[Depends(noting)])

    @router.get("/value")
    @router.head("/value")
    def value() -> dict[str, str]:
        return {"a": "value" * 1_000}

    @router.get("/accepted", status_code=202)
    async def accepted() -> None: ...

    @router.get("/nothing", status_code=204)
    def nothing() -> None: ...

    @router.get("/redirect")
    def redirect() -> RedirectResponse:
        return RedirectResponse("/value")

    @router.get("/stream")
    def stream() -> StreamingResponse:
        return StreamingResponse(iter(["a", "b"]))

    @router.get("/file")
    @router.head("/file")
    def file() -> FileResponse:
        return FileResponse(__file__)

    @router.get("/json")
    def json() -> JSONResponse:
        return JSONResponse({"a": 1})

    app.include_router(router)
    return app


async def pass_on(request: Any, call_next: Any) -> Any:
    return await call_next(request)


def stacks() -> dict[str, Wrap]:
    """Our middleware outside of others, and inside of them."""
    ours = BackgroundTasksMiddleware
    return {
        "alone": ours,
        "around GZip": lambda app: ours(GZipMiddleware(app)),
        "around base": lambda app: ours(BaseHTTPMiddleware(app, pass_on)),
        "around both": lambda app: ours(BaseHTTPMiddleware(GZipMiddleware(app), pass_on)),
        "within GZip": lambda app: GZipMiddleware(ours(app)),
        "within base": lambda app: BaseHTTPMiddleware(ours(app), pass_on),
        "within both": lambda app: BaseHTTPMiddleware(GZipMiddleware(ours(app)), pass_on),
        "absent": lambda app: app,
    }


@pytest.mark.parametrize("spec", ["2.3", "2.4"])
@pytest.mark.parametrize("stack", stacks())
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *[("GET", "/value", 200), ("HEAD", "/value", 200), ("GET", "/accepted", 202)],
        *[("GET", "/nothing", 204), ("GET", "/redirect", 307), ("GET", "/stream", 200)],
        *[("GET", "/file", 200), ("HEAD", "/file", 200), ("GET", "/json", 200)],
    ],
)
async def test_after_every_kind_of_response(
    method: str, path: str, status: int, stack: str, spec: str, seen: Got
) -> None:
    headers = {"accept-encoding": "gzip"}
    client = Client(seen, path, method=method, headers=headers, spec=spec)
    await client.request(stacks()[stack](served(seen)))
    assert client.status == status
    assert seen[0] == "start"
    assert seen[-2:] == ["last", "task"]
    assert seen.count("task") == 1


class Broken(Exception):
    """What an application may raise."""


def failing(seen: Got) -> FastAPI:
    """An application whose requests end by an exception, after an add."""
    app = FastAPI()

    def noting(tasks: BackgroundTasks) -> None:
        tasks.add_task(seen.append, "task")

    def refusing(noted: Annotated[None, Depends(noting)]) -> None:
        raise Broken

    @app.exception_handler(Broken)
    async def handle(request: Any, error: Exception) -> PlainTextResponse:
        return PlainTextResponse("handled", 418)

    @app.get("/http", dependencies=[Depends(noting)])
    def http() -> None:
        raise HTTPException(403)

    @app.get("/handled", dependencies=[Depends(noting)])
    def handled() -> None:
        raise Broken

    @app.get("/dependency", dependencies=[Depends(refusing)])
    def dependency() -> None: ...

    @app.get("/request", dependencies=[Depends(noting)])
    def request(needed: int) -> None: ...

    @app.get("/other", dependencies=[Depends(noting)])
    def other() -> None:
        raise ValueError("other")

    @app.get("/response", dependencies=[Depends(noting)])
    def response() -> int:
        wrong: Any = "no number"
        return wrong  # type: ignore[no-any-return] # that is the point

    return app


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        *[("/http", 403, None), ("/handled", 418, None), ("/dependency", 418, None)],
        *[("/request", 422, None), ("/other", 500, ValueError)],
        ("/response", 500, ResponseValidationError),
    ],
)
async def test_with_the_middleware_tasks_run_after_an_exception_too(
    path: str, status: int, error: type[Exception] | None, seen: Got
) -> None:
    client = Client(seen, path)
    app = BackgroundTasksMiddleware(failing(seen))
    if error is None:
        await client.request(app)
    else:
        with pytest.raises(error):
            await client.request(app)
    assert client.status == status
    assert seen == [*WHOLE, "task"]


@pytest.mark.parametrize("path", ["/http", "/handled", "/dependency", "/request"])
async def test_without_it_what_fastapi_drops_is_told(
    path: str, seen: Got, caplog: pytest.LogCaptureFixture
) -> None:
    """FastAPI 0.165 drops its container there without a word."""
    await Client(seen, path).request(failing(seen))
    gc.collect()
    assert seen == WHOLE
    [record] = [each for each in caplog.records if each.name == "bgspec.adapters.asgi"]
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith(f"the background task list.append, added at {__file__}:")


@pytest.mark.parametrize("path", ["/returned", "/set", "/set and returned"])
@with_and_without
async def test_a_background_of_the_response_itself(wrap: Wrap, path: str, seen: Got) -> None:
    """FastAPI 0.165 runs that of a returned response alone, and never one of an injected one."""
    app = FastAPI()
    own = BackgroundTask(seen.append, "own")

    @app.get("/returned")
    def returned(tasks: BackgroundTasks) -> Response:
        tasks.add_task(seen.append, "injected")
        return PlainTextResponse("ok", background=own)

    @app.get("/set")
    def on_the_injected(tasks: BackgroundTasks, response: Response) -> None:
        tasks.add_task(seen.append, "injected")
        response.background = own

    @app.get("/set and returned")
    def another(tasks: BackgroundTasks, response: Response) -> Response:
        tasks.add_task(seen.append, "injected")
        response.background = own
        return PlainTextResponse("ok")

    await Client(seen, path).request(wrap(app))
    if wrap is BackgroundTasksMiddleware:
        assert seen[:2] == WHOLE
        assert sorted(seen[2:]) == ["injected", "own"]
    else:
        assert seen == [*WHOLE, "own" if path == "/returned" else "injected"]


@with_and_without
async def test_a_response_may_have_the_container_itself_as_its_background(
    wrap: Wrap, seen: Got
) -> None:
    app = FastAPI()

    @app.get("/returned")
    def returned(tasks: BackgroundTasks) -> Response:
        tasks.add_task(seen.append, "task")
        background: Any = tasks
        return PlainTextResponse("ok", background=background)

    @app.get("/set")
    def on_the_injected(tasks: BackgroundTasks, response: Response) -> None:
        tasks.add_task(seen.append, "task")
        background: Any = tasks
        response.background = background

    for path in ("/returned", "/set"):
        await Client(seen, path).request(wrap(app))
        assert seen == [*WHOLE, "task"]
        seen.clear()


async def test_a_background_that_cannot_be_run_is_told_and_loses_no_other(
    seen: Got, caplog: pytest.LogCaptureFixture
) -> None:
    app = FastAPI()

    def generate() -> Iterator[int]:
        yield 1

    @app.get("/")
    def endpoint(tasks: BackgroundTasks, response: Response) -> None:
        tasks.add_task(seen.append, "task")
        wrong: Any = generate
        response.background = wrong

    await Client(seen).request(BackgroundTasksMiddleware(app))
    assert seen == [*WHOLE, "task"]
    assert "the background of a response cannot be run" in caplog.text


@pytest.mark.parametrize("scope", ["function", "request"])
@with_and_without
async def test_adds_in_the_closing_part_of_a_dependency(
    wrap: Wrap, scope: Any, seen: Got, caplog: pytest.LogCaptureFixture
) -> None:
    app = FastAPI()

    def closing(tasks: BackgroundTasks) -> Iterator[None]:
        yield
        seen.append("closes")
        tasks.add_task(seen.append, "added at the close")

    @app.get("/", dependencies=[Depends(closing, scope=scope)])
    def endpoint(tasks: BackgroundTasks) -> None:
        tasks.add_task(seen.append, "task")

    await Client(seen).request(wrap(app))
    gc.collect()
    if wrap is BackgroundTasksMiddleware:
        order = ["closes", *WHOLE] if scope == "function" else [*WHOLE, "closes"]
        assert seen == [*order, "task", "added at the close"]
    elif scope == "function":
        assert seen == ["closes", *WHOLE, "task", "added at the close"]
    else:
        assert seen == [*WHOLE, "task", "closes"]
        assert "list.append" in caplog.text


@pytest.mark.parametrize("fails", [True, False])
async def test_a_websockets_tasks_run_with_the_middleware(fails: bool, seen: Got) -> None:
    app = FastAPI()

    def adding(tasks: BackgroundTasks) -> bgspec.BackgroundTasks:
        tasks.add_task(seen.append, "by a dependency")
        return tasks

    @app.websocket("/")
    async def endpoint(
        socket: WebSocket,
        tasks: BackgroundTasks,
        same: Annotated[bgspec.BackgroundTasks, Depends(adding)],
    ) -> None:
        assert same is tasks
        await socket.accept()
        tasks.add_task(seen.append, "by the endpoint")
        if fails:
            raise ValueError("why")
        await socket.close()

    client = Client(seen, kind="websocket")
    if fails:
        with pytest.raises(ValueError, match="why"):
            await client.request(BackgroundTasksMiddleware(app))
    else:
        await client.request(BackgroundTasksMiddleware(app))
    assert seen[0] == "websocket.accept"
    assert seen[-2:] == ["by a dependency", "by the endpoint"]


async def test_a_websockets_tasks_are_told_to_be_lost_without_it(
    seen: Got, caplog: pytest.LogCaptureFixture
) -> None:
    app = FastAPI()

    @app.websocket("/")
    async def endpoint(socket: WebSocket, tasks: BackgroundTasks) -> None:
        await socket.accept()
        tasks.add_task(seen.append, "never")
        await socket.close()

    await Client([], kind="websocket").request(app)
    gc.collect()
    assert seen == []
    assert "the background task list.append, added at" in caplog.text


async def test_a_failing_task_raises_where_fastapi_runs_it_and_is_logged_by_the_middleware(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = FastAPI()

    def fail() -> None:
        raise Broken

    @app.get("/")
    def endpoint(tasks: BackgroundTasks) -> None:
        tasks.add_task(fail)
        tasks.add_task(note, "next")

    with pytest.raises(Broken):
        await Client([]).request(app)
    await Client([]).request(BackgroundTasksMiddleware(app))
    assert NOTES == ["next", "next"]
    assert "fail, added at" in caplog.text


# Tests of applications.


@with_and_without
async def test_the_recorder_takes_its_place(wrap: Wrap, seen: Got) -> None:
    app, recorder = everywhere(seen), Recorder()
    app.dependency_overrides[background_tasks] = lambda: recorder
    await Client([]).request(wrap(app))
    assert len(seen) == 11
    assert all(each is recorder for each in seen)
    assert NOTES == []
    recorder.assert_added_once(note, "class")
    await recorder.run()
    assert len(NOTES) == 10


@with_and_without
async def test_an_overriding_dependency_gets_the_same_object(wrap: Wrap, seen: Got) -> None:
    app = everywhere(seen)

    def instead(tasks: BackgroundTasks) -> bgspec.BackgroundTasks:
        return add("override", tasks)

    app.dependency_overrides[innermost] = instead
    await Client([]).request(wrap(app))
    assert len(set(map(id, seen))) == 1
    assert NOTES.count("override") == 2


# What it must not disturb.


def test_the_schema_is_the_same_as_with_fastapis_own() -> None:
    app, own = FastAPI(), FastAPI()

    def dependency(tasks: BackgroundTasks, q: str | None = None) -> str | None:
        return q

    def own_dependency(tasks: FastAPITasks, q: str | None = None) -> str | None:
        return q

    @app.post("/items/{item}")
    def endpoint(
        item: int,
        body: dict[str, int],
        tasks: BackgroundTasks,
        q: Annotated[str | None, Depends(dependency)],
    ) -> list[int]:
        return []

    def own_endpoint(
        item: int,
        body: dict[str, int],
        tasks: FastAPITasks,
        q: Annotated[str | None, Depends(own_dependency)],
    ) -> list[int]:
        return []

    own_endpoint.__name__ = "endpoint"
    own.post("/items/{item}")(own_endpoint)
    assert app.openapi() == own.openapi()
    assert "422" in str(app.openapi())


async def test_an_endpoint_with_tasks_alone_gets_no_validation_error_in_the_schema() -> None:
    app = FastAPI()

    @app.get("/")
    def endpoint(tasks: BackgroundTasks) -> None: ...

    assert list(app.openapi()["paths"]["/"]["get"]["responses"]) == ["200"]


async def test_fastapi_injects_its_own_class_whatever_subclass_is_asked_for(seen: Got) -> None:
    """So the subclass cannot be what is injected: FastAPI 0.165 makes its own and no other."""
    app = FastAPI()

    @app.get("/")
    def endpoint(tasks: starlette.BackgroundTasks) -> None:
        seen.append(type(tasks))

    await Client([]).request(app)
    assert seen == [FastAPITasks]


def test_an_alias_is_no_class() -> None:
    alias: Any = BackgroundTasks
    with pytest.raises(TypeError):
        isinstance(object(), alias)
