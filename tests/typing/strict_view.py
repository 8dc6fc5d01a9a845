"""CALL-7 and TYP-5 for checkers: what the strict view takes, and what it refuses."""

from __future__ import annotations

import functools
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator

from bgspec.protocols import StrictAddTask, SupportsAddTask


def write(path: str) -> None: ...


async def send(address: str) -> bool:
    return True


def schedule(address: str) -> Awaitable[bool]:
    return send(address)


def perhaps(address: str) -> Coroutine[object, object, bool] | None:
    return send(address) if address else None


@types.coroutine
def legacy(seconds: int) -> Generator[None, None, int]:
    yield
    return seconds


def count(items: list[int]) -> int:
    return len(items)


def produce(limit: int) -> Iterator[int]:
    yield limit


def exchange(limit: int) -> Generator[int, str, None]:
    yield limit


async def stream(limit: int) -> AsyncIterator[int]:
    yield limit


def anything() -> object:
    return 1


class Job:
    def __call__(self, name: str) -> int:
        return len(name)


def accepted(tasks: StrictAddTask, func: Callable[[int], None]) -> None:
    tasks.add_task(write, "log.txt")
    tasks.add_task(send, "ada@example.org")
    tasks.add_task(send, address="ada@example.org")
    tasks.add_task(schedule, "ada@example.org")
    tasks.add_task(perhaps, "ada@example.org")
    tasks.add_task(legacy, 1)
    tasks.add_task(func, 1)
    tasks.add_task(functools.partial(send, "ada@example.org"))
    tasks.add_task(lambda: None)
    tasks.add_task(lambda: send("ada@example.org"))
    tasks.add_task([0].append, 1)


def value_lost(tasks: StrictAddTask, job: Job) -> None:
    tasks.add_task(count, [1, 2])  # E
    tasks.add_task(anything)  # E
    tasks.add_task(job, "name")  # E
    tasks.add_task(Job)  # E
    tasks.add_task(functools.partial(count, [1]))  # E
    tasks.add_task(len, "abc")  # E


def never_iterated(tasks: StrictAddTask) -> None:
    tasks.add_task(produce, 3)  # E
    tasks.add_task(exchange, 3)  # E
    tasks.add_task(stream, 3)  # E
    tasks.add_task(functools.partial(produce, 3))  # E


def arguments_still_count(tasks: StrictAddTask) -> None:
    tasks.add_task(write)  # E
    tasks.add_task(write, 1)  # E
    tasks.add_task(send, addres="ada@example.org")  # E
    tasks.add_task(send("ada@example.org"))  # E


def asks_for_strict(tasks: StrictAddTask) -> None: ...


def asks_for_bare(tasks: SupportsAddTask) -> None: ...


def handed_over(bare: SupportsAddTask, strict: StrictAddTask) -> None:
    asks_for_strict(bare)
    asks_for_strict(strict)
    asks_for_bare(bare)
    asks_for_bare(strict)  # E
