"""TYP-4 and TYP-5: which classes are sinks of tasks, and which only look like one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec

import fastapi
import starlette.background

from bgspec.protocols import (
    StrictAddTask,
    SupportsAddTask,
    SupportsBackgroundTasks,
    SupportsRun,
)

P = ParamSpec("P")


class Sink:
    def add_task(self, func: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None: ...


class SinkOfAny:
    def add_task(self, func: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> None: ...


class StrictSink:
    def add_task(
        self, func: Callable[P, Awaitable[object] | None], *args: P.args, **kwargs: P.kwargs
    ) -> None: ...


class Loose:
    def add_task(self, func: Callable[..., object], *args: Any, **kwargs: Any) -> None: ...


class LooseByObject:
    def add_task(self, func: Callable[..., object], *args: object, **kwargs: object) -> None: ...


class AsyncOnly:
    def add_task(
        self, func: Callable[P, Coroutine[Any, Any, object]], *args: P.args, **kwargs: P.kwargs
    ) -> None: ...


class AsyncAdd:
    async def add_task(
        self, func: Callable[P, object], *args: P.args, **kwargs: P.kwargs
    ) -> None: ...


class Handle:
    def add_task(self, func: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> int:
        return 0


class NoArguments:
    def add_task(self, func: Callable[[], object]) -> None: ...


class OtherName:
    def add_task(self, fn: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None: ...


class OtherMethod:
    def enqueue(self, func: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None: ...


class Container(Sink):
    async def __call__(self) -> None: ...


class SyncContainer(Sink):
    def __call__(self) -> None: ...


def asks_for_sink(tasks: SupportsAddTask) -> None: ...


def asks_for_strict(tasks: StrictAddTask) -> None: ...


def asks_for_run(tasks: SupportsRun) -> None: ...


def asks_for_container(tasks: SupportsBackgroundTasks) -> None: ...


def asks_for_strict_container(
    tasks: SupportsBackgroundTasks[Awaitable[object] | None],
) -> None: ...


def is_a_sink(
    sink: Sink,
    sink_of_any: SinkOfAny,
    loose: Loose,
    loose_by_object: LooseByObject,
    container: Container,
    of_starlette: starlette.background.BackgroundTasks,
    of_fastapi: fastapi.BackgroundTasks,
) -> None:
    asks_for_sink(sink)
    asks_for_sink(sink_of_any)
    asks_for_sink(loose)
    asks_for_sink(loose_by_object)  # E: pyright
    asks_for_sink(container)
    asks_for_sink(of_starlette)
    asks_for_sink(of_fastapi)


def is_a_strict_sink(
    sink: Sink,
    sink_of_any: SinkOfAny,
    strict_sink: StrictSink,
    container: Container,
    of_starlette: starlette.background.BackgroundTasks,
    of_fastapi: fastapi.BackgroundTasks,
) -> None:
    asks_for_strict(sink)
    asks_for_strict(sink_of_any)
    asks_for_strict(strict_sink)
    asks_for_strict(container)
    asks_for_strict(of_starlette)
    asks_for_strict(of_fastapi)


def is_none(
    strict_sink: StrictSink,
    async_only: AsyncOnly,
    async_add: AsyncAdd,
    handle: Handle,
    no_arguments: NoArguments,
    other_name: OtherName,
    other_method: OtherMethod,
    singular: starlette.background.BackgroundTask,
) -> None:
    asks_for_sink(strict_sink)  # E
    asks_for_sink(async_only)  # E
    asks_for_sink(async_add)  # E
    asks_for_sink(handle)  # E
    asks_for_sink(no_arguments)  # E
    asks_for_sink(other_name)  # E
    asks_for_sink(other_method)  # E
    asks_for_sink(singular)  # E
    asks_for_sink([print])  # E


def is_no_strict_one(async_only: AsyncOnly, async_add: AsyncAdd, handle: Handle) -> None:
    asks_for_strict(async_only)  # E
    asks_for_strict(async_add)  # E
    asks_for_strict(handle)  # E


def runs(
    container: Container,
    of_starlette: starlette.background.BackgroundTasks,
    of_fastapi: fastapi.BackgroundTasks,
    singular: starlette.background.BackgroundTask,
) -> None:
    asks_for_run(container)
    asks_for_run(of_starlette)
    asks_for_run(of_fastapi)
    asks_for_run(singular)
    asks_for_container(container)
    asks_for_container(of_starlette)
    asks_for_container(of_fastapi)
    asks_for_strict_container(of_fastapi)


def does_not_run(
    sink: Sink,
    sync_container: SyncContainer,
    singular: starlette.background.BackgroundTask,
) -> None:
    asks_for_run(sink)  # E
    asks_for_run(sync_container)  # E
    asks_for_container(sink)  # E
    asks_for_container(sync_container)  # E
    asks_for_container(singular)  # E


async def use(tasks: SupportsBackgroundTasks) -> None:
    tasks.add_task(print, "done")
    await tasks()
    await tasks(1)  # E
    await tasks  # E
