"""The driver: carries out a plan against a framework, and returns the history.

The plan's application is written in the framework's dialect, and that module is what runs. Where a
work fails, the same application is served once more with none that does, for the response that is
due.
"""

from __future__ import annotations

import random
import sys
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from types import ModuleType
from typing import Any, cast

import anyio
from msgspec.structs import replace

from bgspec_conformance.drivers.backend import Backend
from bgspec_conformance.drivers.patience import Patience
from bgspec_conformance.errors import Beyond
from bgspec_conformance.implementation import Framework
from bgspec_conformance.request.history import History, read
from bgspec_conformance.request.plan import Application, Leaving, Request, Server, dump
from bgspec_conformance.request.scene import App, Scene

__all__ = ["Stage", "beyond", "build", "drive", "requests", "source"]


MODULE = "application"
"""The name of the module that a plan is carried out as."""


LEAVES: dict[Leaving, dict[str, str]] = {
    Leaving.NOT: {},
    Leaving.AMID: {"leaves": "amid"},
    Leaving.AFTER: {"leaves": "after"},
}


class Rows(list[tuple[Any, ...]]):
    """Rows, each a sign of life."""

    def __init__(self, beat: Callable[[], object]) -> None:
        super().__init__()
        self._beat = beat

    def append(self, row: tuple[Any, ...]) -> None:
        """Write down what happened."""
        super().append(row)
        self._beat()


class Stage:
    """One plan on its way.

    Args:
        plan: what is carried out.
        backend: the loop it is carried out on.
        patience: releases waits that nothing will end.
        beat: called with every event, a sign of life.
    """

    def __init__(
        self, plan: Application, backend: Backend, patience: Patience, beat: Callable[[], object]
    ) -> None:
        self.plan = plan
        self.backend = backend
        self.patience = patience
        self.beat = beat
        self.rows = Rows(beat)

    def history(self) -> History:
        """What was written down."""
        return History(self.backend.name, read(self.rows))

    def ended_by(self, exc: BaseException) -> History:
        """What was written down, where the application ended the loop itself."""
        requests = {row[1] for row in self.rows if row[0] == "began"}
        over = {row[1] for row in self.rows if row[0] in {"returned", "broke"}}
        for request in sorted(requests - over):
            self.rows.append(("broke", request, type(exc).__name__))
        self.rows.append(("settled", 0))
        return self.history()


def requests(plan: Application) -> list[dict[str, str]]:
    """The requests of a plan, as the scene takes them."""
    if plan.server is not Server.NONE:
        return [
            {"method": request.method.value, **LEAVES[request.leaves]} for request in plan.requests
        ]
    kind = {"kind": "websocket"} if plan.endpoint.websocket else {}
    return [
        {"method": request.method.value, **_loses(request), **kind} for request in plan.requests
    ]


def _loses(request: Request) -> dict[str, str]:
    return {"loses": request.loses.value} if request.loses is not None else {}


def beyond(framework: Framework, backend: str, plan: Application) -> str:
    """Why a plan cannot be carried out with this framework on this backend; else empty."""
    server = plan.server
    if server is not Server.NONE and find_spec(server.value) is None:
        return f"{server.value} is not installed"
    if server is Server.UVICORN and backend != "asyncio":
        return "uvicorn runs on asyncio alone"
    try:
        source(framework, plan)
    except Beyond as exc:
        return str(exc)
    return ""


def source(framework: Framework, plan: Application) -> str:
    """The module that a plan is carried out as.

    Raises:
        Beyond: the framework cannot say it.
    """
    return framework.write(plan)


def build(module: str, scene: Scene) -> App:
    """The application that a module's source defines."""
    made = ModuleType(MODULE)
    sys.modules[MODULE] = made  # where frameworks look for what annotations name
    names: dict[str, Any] = made.__dict__
    names["scene"] = scene
    exec(compile(module, f"<{MODULE}>", "exec", dont_inherit=True), names)
    return cast("App", names["app"])


async def drive(framework: Framework, stage: Stage, attempt: int = 0) -> History:
    """Carry out a stage's plan, and give back what was seen.

    Args:
        framework: writes the application; its draws from `random` are seeded by the plan and
            the attempt.
        stage: a fresh one.
        attempt: how often this plan was carried out before.
    """
    plan = stage.plan
    random.seed(zlib.crc32(dump(plan)) + attempt)
    await _served(framework, plan, stage, _scene(plan, stage.rows))
    if any(work.fails for work in plan.works):
        harmless = replace(plan, works=tuple(replace(work, fails=False) for work in plan.works))
        twin = _scene(harmless, Rows(stage.beat))
        await _served(framework, harmless, stage, twin)
        stage.rows += [("expected", *row[1:]) for row in twin.log if row[0] == "answered"]
    return stage.history()


def _scene(plan: Application, rows: list[tuple[Any, ...]]) -> Scene:
    if plan.server is Server.NONE:
        return Scene(rows)
    from bgspec_conformance.request.wire import Wire  # it needs the servers' HTTP library

    return Wire(plan.server.value, rows)


async def _served(framework: Framework, plan: Application, stage: Stage, scene: Scene) -> None:
    """Build the application, and send it the plan's requests; it may hang."""
    app = build(source(framework, plan), scene)
    with anyio.CancelScope() as scope, ExitStack() as waits:

        def expire() -> None:
            for number in range(len(plan.requests)):
                scene.log.append(("expired", number))

        def end() -> None:
            expire()
            scope.cancel()

        def give_up() -> None:
            expire()
            scene.give_up()

        post = stage.backend.post
        waits.enter_context(stage.patience.waiting(lambda: post(end), last=True))
        if plan.server is not Server.NONE:
            waits.enter_context(stage.patience.waiting(give_up))  # the loop may be blocked
        await scene.serve(app, requests(plan), together=plan.together, stopped=plan.stopped)
    scene.log.append(("settled", scene.active))
