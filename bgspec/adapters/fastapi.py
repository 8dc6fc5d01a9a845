"""The reference runner as FastAPI injects it: the import is the only line that changes."""

from __future__ import annotations

import logging
from functools import partial
from typing import Annotated, Final, TypeAlias

import bgspec
from bgspec.adapters._request import Holder, RequestTasks
from bgspec.adapters.asgi import SCOPE_KEY
from bgspec.errors import TaskRefused

try:
    import fastapi
    from fastapi.requests import HTTPConnection
except ImportError as error:
    raise ImportError(
        "bgspec.adapters.fastapi needs FastAPI: pip install 'bgspec[fastapi]'"
    ) from error

__all__ = ["BackgroundTasks", "background_tasks"]

# Where the scope of a request has its container, if no middleware has made one.
OWN_KEY: Final = "bgspec.adapters.fastapi"

logger = logging.getLogger("bgspec.adapters.asgi")


async def background_tasks(
    connection: HTTPConnection, own: fastapi.BackgroundTasks, response: fastapi.Response
) -> bgspec.BackgroundTasks:
    """The container of a request, as a dependency: for a parameter typed by a protocol, say.

    Where `bgspec.adapters.asgi.BackgroundTasksMiddleware` serves the request, it is the one that
    runs after it. Elsewhere it is one more task of FastAPI's own container, and runs when that
    does; if FastAPI drops that, what was added is logged as never run.

    It is what a test overrides, and with it every parameter annotated with `BackgroundTasks`.

    Args:
        connection: the request or websocket.
        own: FastAPI's container of that request.
        response: the injected response. FastAPI 0.165 never runs a background that is set on it.
            With the middleware it is run as one more task.

    Example:
        ::

            Tasks = Annotated[SupportsAddTask, Depends(background_tasks)]

            app.dependency_overrides[background_tasks] = lambda: recorder
    """
    scope = connection.scope
    holder: Holder | None = scope.get(SCOPE_KEY)
    if holder is not None:
        holder.tasks.at_end = partial(_add_background, holder.tasks, response)
        return holder.tasks
    tasks: RequestTasks | None = scope.get(OWN_KEY)
    if tasks is None:
        tasks = scope[OWN_KEY] = RequestTasks()
        own.add_task(tasks)
    return tasks


def _add_background(tasks: RequestTasks, response: fastapi.Response) -> None:
    """Add what was set as the background of the injected response, if it is another."""
    background: object = response.background
    if callable(background) and id(background) != id(tasks):
        try:
            tasks.add_task(background)
        except TaskRefused:
            logger.exception("the background of a response cannot be run")


BackgroundTasks: TypeAlias = Annotated[bgspec.BackgroundTasks, fastapi.Depends(background_tasks)]
"""What to annotate a parameter with, to be given the container of the request.

Every function of a request that asks for it gets the same object: the endpoint, and dependencies at
any level. It is an alias and no class: ``isinstance`` takes `bgspec.BackgroundTasks`, and to make
one by hand `bgspec.adapters.starlette` has a class that responses take.
"""
