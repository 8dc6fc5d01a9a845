"""An odd member that is no `Model`: built otherwise from the ground."""

from __future__ import annotations

import functools
import inspect
from contextvars import copy_context
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread

from tests.gallery.member import odd
from tests.gallery.model import is_async, is_generator, logger, stepped


@odd
class Stopping:
    """Stops at a failure; an indexed list, each task in a task of its own, as of the run."""

    def __init__(self) -> None:
        self.added: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []
        self.place = 0
        self.busy = False

    def add_task(*args: Any, **kwargs: Any) -> None:
        """Take a task, unless it could not be called."""
        self, *rest = args
        func = rest.pop(0) if rest else kwargs.pop("func")
        if not callable(func) or is_generator(func):
            raise TypeError(f"{func!r} cannot be a task")
        self.added.append((func, tuple(rest), kwargs))

    async def __call__(self) -> None:
        """Run what has not been run, up to the first failure; what is left is dropped then."""
        if self.busy:
            raise RuntimeError("busy")
        self.busy = True
        try:
            context = copy_context()
            while self.place < len(self.added):
                await anyio.lowlevel.checkpoint()
                func, args, kwargs = self.added[self.place]
                self.added[self.place] = (None, (), {})
                self.place += 1
                call = functools.partial(func, *args, **kwargs)
                del func, args, kwargs
                await self.alone(call, context.copy())
                del call
        finally:
            self.place = len(self.added)
            self.busy = False

    async def alone(self, call: functools.partial[Any], context: Any) -> None:
        """Run one task in a task of its own, and bring back what it raised."""
        raised: list[BaseException] = []

        async def child() -> None:
            try:
                if is_async(call):
                    await stepped(context.run(call), context)
                else:
                    (result,) = await anyio.to_thread.run_sync(lambda: (context.run(call),))
                    if inspect.isawaitable(result):
                        await stepped(result, context)
            except BaseException as exc:
                raised.append(exc)

        try:
            async with anyio.create_task_group() as group:
                group.start_soon(child)
            if raised:
                raise raised[0]
        except BaseException as exc:
            if raised and all(exc is not other for other in raised):
                logger.error("a task failed before the run was left", exc_info=raised[0])
            raise
        finally:
            raised.clear()
