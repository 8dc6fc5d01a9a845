"""The middleware over real connections to uvicorn and hypercorn, on every loop they run on.

A hand-shake decides: the task waits until the client says that it has the whole response.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
import websockets.asyncio.client
from anyio import to_thread
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from bgspec.adapters.asgi import BackgroundTasksMiddleware, current
from bgspec.supervisor import Supervisor
from tests.asgi_client import PATIENCE, until
from tests.asgi_servers import Connection, hypercorn_serving, uvicorn_serving

pytestmark = pytest.mark.anyio

on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])
each_server = pytest.mark.parametrize(
    ("anyio_backend", "serving"),
    [("asyncio", uvicorn_serving), ("asyncio", hypercorn_serving), ("trio", hypercorn_serving)],
    ids=["uvicorn", "hypercorn", "hypercorn-trio"],
)
each_way = pytest.mark.parametrize("given", [Supervisor, None], ids=["supervised", "in place"])

Seen = list[Any]


@pytest.fixture
def seen() -> Seen:
    """What the tasks did."""
    return []


class Waiting:
    """A task that waits for the client."""

    def __init__(self, seen: Seen) -> None:
        self.started, self.go_on = anyio.Event(), anyio.Event()
        self._seen = seen

    async def __call__(self) -> None:
        self.started.set()
        await self.go_on.wait()
        self._seen.append("ended")


async def pass_on(request: Any, call_next: Any) -> Any:
    return await call_next(request)


STACKS: dict[str, Callable[[Any], Any]] = {
    "alone": lambda app: app,
    "GZip": GZipMiddleware,
    "base": lambda app: BaseHTTPMiddleware(app, pass_on),
}

RESPONSES: dict[str, Callable[[], Response]] = {
    "/plain": lambda: PlainTextResponse("ok"),
    "/accepted": lambda: PlainTextResponse("ok", 202),
    "/nothing": lambda: Response(status_code=204),
    "/redirect": lambda: RedirectResponse("/plain"),
    "/stream": lambda: StreamingResponse(iter(["o", "k"])),
    "/file": lambda: FileResponse(__file__),
}


def answering(add: Callable[[], None]) -> Starlette:
    """An application that adds, and then answers."""

    async def answer(request: Request) -> Response:
        add()
        return RESPONSES[request.url.path]()

    async def quiet(request: Request) -> Response:
        return PlainTextResponse("quiet")

    routes = [Route(path, answer, methods=["GET", "HEAD"]) for path in RESPONSES]
    return Starlette(routes=[*routes, Route("/quiet", quiet)])


@each_server
@each_way
@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize(
    ("method", "path"), [*(("GET", path) for path in RESPONSES), ("HEAD", "/plain")]
)
async def test_the_client_has_the_response_and_its_connection_while_a_task_runs(
    serving: Any, given: Any, stack: str, method: str, path: str, seen: Seen
) -> None:
    task = Waiting(seen)
    app = answering(lambda: current().add_task(task))
    async with serving(BackgroundTasksMiddleware(STACKS[stack](app), supervisor=given)) as port:
        async with Connection(port) as connection:
            status, body = await connection.get(path, method)
            await task.started.wait()
            assert await connection.get("/quiet") == (200, b"quiet")
        assert seen == []
        task.go_on.set()
        await until(lambda: seen)
    assert status < 400
    assert (b"ok" in body) is (path in ("/plain", "/accepted", "/stream") and method == "GET") or (
        path == "/file"
    )


@each_server
@each_way
async def test_a_client_that_leaves_while_tasks_run_changes_nothing(
    serving: Any, given: Any, seen: Seen
) -> None:
    task = Waiting(seen)
    app = answering(lambda: current().add_task(task))
    async with serving(BackgroundTasksMiddleware(app, supervisor=given)) as port:
        async with Connection(port) as connection:
            await connection.get("/plain")
            await task.started.wait()
        async with Connection(port) as connection:
            await connection.get("/quiet")
        task.go_on.set()
        await until(lambda: seen)


@each_server
@each_way
@pytest.mark.parametrize("on_disconnect", ["run", "drop"])
async def test_a_client_that_leaves_mid_stream(
    serving: Any, given: Any, on_disconnect: Any, seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    async def body() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536
            await anyio.lowlevel.checkpoint()

    async def stream(request: Request) -> Response:
        current().add_task(seen.append, "task")
        return StreamingResponse(body())

    app = BackgroundTasksMiddleware(
        Starlette(routes=[Route("/", stream)]), supervisor=given, on_disconnect=on_disconnect
    )
    async with serving(app) as port:
        async with Connection(port) as connection:
            await connection.start()
            await connection.next()
        if on_disconnect == "run":
            await until(lambda: seen)
        else:
            await until(lambda: "the client left" in caplog.text)
    assert seen == ["task"] * (on_disconnect == "run")


@each_server
@each_way
async def test_a_500_does_not_wait_for_the_tasks(
    serving: Any, given: Any, seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    task = Waiting(seen)

    async def fail(scope: Any, receive: Any, send: Any) -> None:
        current().add_task(task)
        raise ValueError("why")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await fail(scope, receive, send)

    async with serving(BackgroundTasksMiddleware(app, supervisor=given)) as port:
        async with Connection(port) as connection:
            status, _ = await connection.get()
        await task.started.wait()
        task.go_on.set()
    assert (status, seen) == (500, ["ended"])


@each_server
@each_way
async def test_a_failing_task_leaves_the_next_answer_on_its_connection_alone(
    serving: Any, given: Any, seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    """With Starlette's own container, uvicorn 0.54 closes the connection in the middle of it."""
    fails, has_failed, slow = anyio.Event(), anyio.Event(), anyio.Event()

    async def fail() -> None:
        await fails.wait()
        raise ValueError("why")

    async def answer(request: Request) -> Response:
        current().add_task(fail)
        return PlainTextResponse("ok")

    async def slowly(request: Request) -> Response:
        fails.set()
        await slow.wait()
        return PlainTextResponse("slow")

    starlette = Starlette(routes=[Route("/", answer), Route("/slow", slowly)])

    def on_error(error: BaseException) -> None:
        has_failed.set()

    app = BackgroundTasksMiddleware(starlette, supervisor=given, on_error=on_error)
    async with serving(app) as port, Connection(port) as connection:
        assert await connection.get() == (200, b"ok")
        await connection.start("/slow")
        await has_failed.wait()
        for _ in range(10):
            await anyio.lowlevel.checkpoint()
        slow.set()
        assert await connection.whole() == (200, b"slow")


@each_server
@each_way
async def test_requests_in_flight_share_nothing_and_lose_nothing(
    serving: Any, given: Any, seen: Seen
) -> None:
    async def answer(request: Request) -> Response:
        name = request.url.path
        tasks = current()
        tasks.add_task(seen.append, name)
        await anyio.lowlevel.checkpoint()
        await to_thread.run_sync(lambda: tasks.add_task(seen.append, name))
        assert current() is tasks
        return PlainTextResponse("ok")

    app = Starlette(routes=[Route("/{name}", answer)])

    async def ask(number: int) -> None:
        async with Connection(port) as connection:
            for turn in range(5):
                assert (await connection.get(f"/{number}-{turn}"))[0] == 200

    wrapped = BackgroundTasksMiddleware(app, supervisor=given)
    async with serving(wrapped) as port, anyio.create_task_group() as group:
        for number in range(16):
            group.start_soon(ask, number)
    expected = [f"/{number}-{turn}" for number in range(16) for turn in range(5)] * 2
    assert sorted(seen) == sorted(expected)


@on_asyncio
@each_way
@pytest.mark.parametrize("serving", [uvicorn_serving, hypercorn_serving])
async def test_a_websockets_tasks_run_when_the_client_closes_it(
    serving: Any, given: Any, seen: Seen
) -> None:
    task = Waiting(seen)

    async def serve(socket: WebSocket) -> None:
        await socket.accept()
        current().add_task(task)
        async for text in socket.iter_text():
            await socket.send_text(text)

    app = Starlette(routes=[WebSocketRoute("/", serve)])
    async with serving(BackgroundTasksMiddleware(app, supervisor=given)) as port:
        url = f"ws://127.0.0.1:{port}/"
        async with websockets.asyncio.client.connect(url, proxy=None) as socket:
            await socket.send("hello")
            assert await socket.recv() == "hello"
            assert not task.started.is_set()
        await task.started.wait()
        task.go_on.set()
    assert seen == ["ended"]


PATIENCES: dict[Any, dict[str, Any]] = {
    uvicorn_serving: {"timeout_graceful_shutdown": 0},
    hypercorn_serving: {"graceful_timeout": 0.01},
}


@each_server
async def test_a_servers_patience_ends_a_run_in_place_and_all_is_told(
    serving: Any, seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    task = Waiting(seen)

    def add() -> None:
        current().add_task(task)
        current().add_task(seen.append, "never")

    async with serving(BackgroundTasksMiddleware(answering(add)), **PATIENCES[serving]) as port:
        async with Connection(port) as connection:
            await connection.get("/plain")
        await task.started.wait()
    assert seen == []
    assert "the background task a Waiting object, added at" in caplog.text
    assert "the background task list.append, added at" in caplog.text


@each_server
async def test_what_a_request_has_added_that_the_server_cancels_runs_before_the_shutdown(
    serving: Any, seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    waits = anyio.Event()

    async def wait(request: Request) -> Response:
        current().add_task(seen.append, "task")
        waits.set()
        await anyio.sleep_forever()
        raise AssertionError

    app = BackgroundTasksMiddleware(Starlette(routes=[Route("/", wait)]))
    async with serving(app, **PATIENCES[serving]) as port:
        connection = await Connection(port).__aenter__()
        await connection.start()
        await waits.wait()
    await connection.close()
    assert seen == ["task"]


PROGRAM = """
import sys
from anyio import Event, Path, run, sleep_forever
import uvicorn
from bgspec.adapters.asgi import BackgroundTasksMiddleware, current
from bgspec.supervisor import Supervisor

async def work():
    print("started", flush=True)
    {work}
    print("ended", flush=True)

async def api(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    current().add_task(work)
    await send({{"type": "http.response.start", "status": 202, "headers": []}})
    await send({{"type": "http.response.body"}})

app = BackgroundTasksMiddleware(api, supervisor={supervisor})
listener = __import__("socket").create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run([listener])
print("out", flush=True)
"""


@on_asyncio
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize(
    ("supervisor", "work", "expected"),
    [
        (
            "None",
            "while not await Path(sys.argv[1]).exists(): await __import__('anyio').sleep(0.01)",
            ["ended"],
        ),
        (
            "Supervisor()",
            "while not await Path(sys.argv[1]).exists(): await __import__('anyio').sleep(0.01)",
            ["ended"],
        ),
        ("Supervisor(grace=0.01)", "await sleep_forever()", []),
    ],
    ids=["in place", "supervised", "supervised, too long"],
)
async def test_on_sigterm_accepted_work_ends_or_is_told(
    supervisor: str, work: str, expected: list[str], tmp_path: Path
) -> None:
    go_on = tmp_path / "go on"
    program = textwrap.dedent(PROGRAM).format(supervisor=supervisor, work=work)
    process = await anyio.open_process(
        [sys.executable, "-c", program, str(go_on)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    async with process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = _Lines(process.stdout)
        with anyio.fail_after(PATIENCE):
            port = int(await lines.next())
            async with httpx.AsyncClient(trust_env=False) as client:
                assert (await client.get(f"http://127.0.0.1:{port}/")).status_code == 202
            assert await lines.next() == "started"
            process.send_signal(signal.SIGTERM)
            go_on.touch()
            assert [await lines.next() for _ in range(len(expected) + 1)][
                : len(expected)
            ] == expected
            await process.wait()
            errors = b"".join([chunk async for chunk in process.stderr]).decode()
    assert ("the background task work" in errors) is (not expected)


class _Lines:
    """The lines that a process prints; an empty one at its end."""

    def __init__(self, stream: anyio.abc.ByteReceiveStream) -> None:
        self._stream = stream
        self._rest = b""

    async def next(self) -> str:
        """The next line."""
        while b"\n" not in self._rest:
            try:
                self._rest += await self._stream.receive()
            except anyio.EndOfStream:
                return ""
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()
