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
from types import ModuleType
from typing import Any, cast

import anyio
from msgspec.structs import replace

from bgspec_conformance.drivers.backend import Backend
from bgspec_conformance.drivers.patience import Patience
from bgspec_conformance.implementation import Framework
from bgspec_conformance.request.dialects.writing import Beyond
from bgspec_conformance.request.history import History, read
from bgspec_conformance.request.plan import Application, dump
from bgspec_conformance.request.scene import App, Scene

__all__ = ["Stage", "beyond", "build", "drive", "requests", "source"]


MODULE = "application"
"""The name of the module that a plan is carried out as."""


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
    kind = {"kind": "websocket"} if plan.endpoint.websocket else {}
    return [
        {
            "method": request.method.value,
            **({"loses": request.loses.value} if request.loses else {}),
        }
        | kind
        for request in plan.requests
    ]


def beyond(framework: Framework, backend: str, plan: Application) -> str:
    """Why a plan cannot be carried out with this framework; empty where it can."""
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
    exec(compile(module, f"<{MODULE}>", "exec"), names)
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
    await _served(framework, plan, stage, Scene(stage.rows))
    if any(work.fails for work in plan.works):
        harmless = replace(plan, works=tuple(replace(work, fails=False) for work in plan.works))
        twin = Scene(cast("list[tuple[Any, ...]]", Rows(stage.beat)))
        await _served(framework, harmless, stage, twin)
        stage.rows += [("expected", *row[1:]) for row in twin.log if row[0] == "answered"]
    return stage.history()


async def _served(framework: Framework, plan: Application, stage: Stage, scene: Scene) -> None:
    """Build the application, and send it the plan's requests; it may hang."""
    app = build(source(framework, plan), scene)
    with anyio.CancelScope() as scope:

        def release() -> None:
            for number in range(len(plan.requests)):
                scene.log.append(("expired", number))
            scope.cancel()

        with stage.patience.waiting(lambda: stage.backend.post(release), last=True):
            await scene.serve(app, requests(plan), together=plan.together)
    scene.log.append(("settled", scene.active))
