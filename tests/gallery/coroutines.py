"""Members that break CALL-3 and CALL-4, of async tasks on the loop."""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
from collections.abc import Callable, Generator
from typing import Any

import anyio.to_thread

from tests.gallery.member import breaks
from tests.gallery.model import LATE, Counting, Entry, Model, awaiting, inner, now_and_then, stepped

# CALL-3: an async task runs on the container's loop ------------------------------------------


class PrivateLoop(Counting):
    """Runs some async tasks by a loop of their own, on a thread."""

    def alone(self, entry: Entry) -> bool:
        """Which: none, unless a member says so."""
        return False

    async def on_loop(self, entry: Entry) -> Any:
        """Await an async task."""
        if not self.alone(entry):
            return await super().on_loop(entry)
        work = entry.call()

        def run() -> Any:
            return asyncio.run(awaiting(work))

        return await anyio.to_thread.run_sync(entry.context.run, run)


@breaks("CALL-3")
class PrivateLoopForInstances(PrivateLoop):
    """Runs instances with an async `__call__` by asyncio.run on a thread."""

    def alone(self, entry: Entry) -> bool:
        return not inspect.isroutine(inner(entry.func)) and not isinstance(entry.func, Model)


@breaks("CALL-3")
class PrivateLoopForArguments(PrivateLoop):
    """Runs async tasks that are passed strings alone by asyncio.run on a thread."""

    def alone(self, entry: Entry) -> bool:
        return bool(entry.args) and not entry.kwargs and all(isinstance(a, str) for a in entry.args)


@breaks("CALL-3")
class PrivateLoopLate(PrivateLoop):
    """Runs async tasks but containers by asyncio.run on a thread from the sixth task on."""

    def alone(self, entry: Entry) -> bool:
        return self.begun > LATE and not isinstance(inner(entry.func), Model)


# CALL-4: an async task is awaited to its end -------------------------------------------------


class Leaving(Counting):
    """Leaves some async tasks at one of their suspensions."""

    def patience(self) -> int:
        """How many steps a task gets: as many as it takes, unless a member says so."""
        return sys.maxsize

    async def on_loop(self, entry: Entry) -> Any:
        return await Steps(stepped(entry.call(), entry.context), self.patience())


class Steps:
    """Awaits the first few steps of something."""

    def __init__(self, work: Any, steps: int) -> None:
        self.work = awaiting(work)
        self.steps = steps

    def __await__(self) -> Generator[Any, Any, Any]:
        call: Callable[[], Any] = functools.partial(self.work.send, None)
        for step in range(self.steps):
            try:
                waited_for = call()
            except StopIteration as stop:
                return stop.value
            if step == self.steps - 1:
                break
            try:
                sent = yield waited_for
            except BaseException as exc:
                call = functools.partial(self.work.throw, exc)
            else:
                call = functools.partial(self.work.send, sent)
        self.work.close()
        return None


@breaks("CALL-4", backends=("asyncio",))
class FirstStepOnly(Leaving):
    """Starts an async task, and leaves it at its first suspension."""

    def patience(self) -> int:
        return 1


@breaks("CALL-4", backends=("asyncio",))
class ThreeSteps(Leaving):
    """Leaves an async task at its third suspension."""

    def patience(self) -> int:
        return 3


@breaks("CALL-4", backends=("asyncio",))
class HundredSteps(Leaving):
    """Leaves an async task at its hundredth suspension."""

    def patience(self) -> int:
        return 100


@breaks("CALL-4", backends=("asyncio",))
class LeavesAtTimes(Leaving):
    """Leaves one async task in eight at its first suspension."""

    def patience(self) -> int:
        return 1 if now_and_then() else super().patience()
