"""The runner as a subclass of Starlette's container: whoever asks for that class takes it."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.background import BackgroundTasks as StarletteTasks
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

import bgspec
from bgspec import SupportsBackgroundTasks
from bgspec.adapters.asgi import BackgroundTasksMiddleware
from bgspec.adapters.starlette import BackgroundTasks
from tests.asgi_client import Client

pytestmark = pytest.mark.anyio


@pytest.fixture
def seen() -> list[Any]:
    """What was sent and what the tasks did, in one order."""
    return []


def test_it_is_one_of_starlettes_and_the_reference() -> None:
    tasks = BackgroundTasks()
    assert isinstance(tasks, StarletteTasks)
    assert isinstance(tasks, BackgroundTask)
    assert isinstance(tasks, bgspec.BackgroundTasks)


async def test_it_keeps_what_the_reference_keeps(seen: list[Any]) -> None:
    def note(*args: object, **kwargs: object) -> None:
        seen.append((args, kwargs))

    tasks: Any = BackgroundTasks([BackgroundTask(seen.append, "given")], on_error="stop")
    tasks.add_task(note, 1, func=2, self=3)
    tasks.add_task(seen.append, "last")
    assert [task.name for task in tasks.tasks] == [
        "a BackgroundTask object",
        note.__qualname__,
        "list.append",
    ]
    assert repr(tasks).startswith("<BackgroundTasks: 3 pending")
    await tasks()
    await tasks()
    assert seen == ["given", ((1,), {"func": 2, "self": 3}), "last"]
    assert tasks.tasks == ()


def responses(tasks: BackgroundTasks) -> dict[str, Response]:
    """A response of each kind that has it as its background."""
    return {
        "/plain": PlainTextResponse("ok", background=tasks),
        "/redirect": RedirectResponse("/", background=tasks),
        "/stream": StreamingResponse(iter("ok"), background=tasks),
        "/file": FileResponse(__file__, background=tasks),
    }


@pytest.mark.parametrize("path", responses(BackgroundTasks()))
@pytest.mark.parametrize("framework", ["starlette", "fastapi"])
@pytest.mark.parametrize("is_wrapped", [True, False])
async def test_responses_take_it(
    path: str, framework: str, is_wrapped: bool, seen: list[Any]
) -> None:
    async def answer(request: Request) -> Response:
        tasks = BackgroundTasks()
        tasks.add_task(seen.append, 1)
        tasks.add_task(seen.append, 2)
        return responses(tasks)[path]

    app: Any = Starlette(routes=[Route(path, answer)])
    if framework == "fastapi":
        app = FastAPI()
        app.add_route(path, answer)
    client = Client(seen, path)
    await client.request(BackgroundTasksMiddleware(app) if is_wrapped else app)
    assert client.status < 400
    assert seen[0] == "start"
    assert seen[-3:] == ["last", 1, 2]


def test_types_take_it() -> None:
    """What checkers see: Starlette's classes, the reference, and the protocol."""
    plural: StarletteTasks = BackgroundTasks()
    singular: BackgroundTask = BackgroundTasks()
    reference: bgspec.BackgroundTasks = BackgroundTasks()
    protocol: SupportsBackgroundTasks = BackgroundTasks()
    assert len({id(each) for each in (plural, singular, reference, protocol)}) == 4
