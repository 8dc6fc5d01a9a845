"""The reference: `bgspec.BackgroundTasks`, and the same in the course of a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec

from bgspec import BackgroundTasks
from bgspec_conformance.implementation import Framework, Implementation, Recipe, Subject
from bgspec_conformance.request.dialects import asgi
from bgspec_conformance.request.dialects.fastapi import FastAPIDialect

__all__ = ["IMPLEMENTATIONS"]

MIDDLEWARE = "BackgroundTasksMiddleware"
IN_FASTAPI = FastAPIDialect(
    container="from bgspec.adapters.fastapi import BackgroundTasks",
    around=(f"from bgspec.adapters.asgi import {MIDDLEWARE}", MIDDLEWARE),
)


def _pending(tasks: BackgroundTasks) -> Sequence[Callable[..., object]]:
    return [task.func for task in tasks.tasks]


def _implementations() -> Iterator[Subject]:
    yield Implementation(
        name="reference",
        make=BackgroundTasks,
        recipe=Recipe(
            imports="from bgspec import BackgroundTasks",
            make="BackgroundTasks()",
            pending="[task.func for task in {container}.tasks]",
        ),
        packages=("bgspec", "anyio"),
        pending=_pending,
    )
    yield Framework(
        name="reference, a request in plain ASGI", write=asgi.write, packages=("bgspec", "anyio")
    )
    if find_spec("fastapi") is not None:
        yield Framework(
            name="reference, a request in FastAPI",
            write=IN_FASTAPI,
            packages=("bgspec", "fastapi", "starlette", "anyio"),
        )


IMPLEMENTATIONS = tuple(_implementations())
